# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the SIP probe: what a failure or a response means, and the fix."""

from __future__ import annotations

import errno
import os
import ssl

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import certificate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.message import Challenge, Response, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.transport import NoTls, Untrusted

_TRUNK = "vapi_sip_trunk: gateways"
HOST = f"correct the option host ({_TRUNK} ip)"
PORT = f"correct the option port ({_TRUNK} port)"
TRANSPORT = f"correct the option transport ({_TRUNK} outbound_protocol)"
CHECK_PORT = f"correct the option port or transport ({_TRUNK} port, outbound_protocol)"
WAY = f"correct the option host, port or transport ({_TRUNK} ip, port, outbound_protocol)"
LOGIN = "correct the option username or password (vapi_sip_trunk: username, password; didlogic_sip_account: password)"
USER = f"correct the option username or host (vapi_sip_trunk: username; {_TRUNK} ip)"
ALLOWED = "correct what the account allows (didlogic_sip_account: allowed_ips, ip_restrict), or the option username"
ANCHOR = "correct the option ca_path"
TIME = "correct the option timeout, or run it again"


class ConnectionBroken(Exception):
    """A failed step: a clause with the cause, and the fix."""

    def __init__(self, step: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.step, self.what, self.fix = step, what, fix


class Unreached(Exception):
    """An address that does not respond; another address of the name may."""

    def __init__(self, step: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.failure = ConnectionBroken(step, what, fix)


def os_error_text(error: OSError) -> str:
    """Return the operating system's error text; never the exception's, which may contain other data.

    :param error: the error. :return: a clause.
    """
    if isinstance(error, ssl.SSLError):
        return printable((getattr(error, "reason", None) or "no reason given").replace("_", " ").lower())
    known = {errno.ENETUNREACH: "no route to it", errno.EHOSTUNREACH: "no route to it"}
    if error.errno in known:
        return known[error.errno]
    if error.errno in (errno.EPERM, errno.EACCES):
        return "a firewall of this machine blocks it"
    return os.strerror(error.errno).lower() if error.errno else "broken off"


def status_text(response: Response) -> str:
    """Return the status and the reason of a response.

    :param response: the response. :return: for example ``404 Not Found``.
    """
    reason = printable(response.reason)
    return f"{response.status} {reason}" if reason else str(response.status)


def tls_failure(refused: NoTls) -> ConnectionBroken:
    """Return the cause of a failed TLS handshake, and the fix.

    :param refused: the failure. :return: the exception to raise.
    """
    texts = {
        "silent": "the port accepts connections but does not respond to TLS, as a port for plain SIP does",
        "closed": "the port accepts connections but closes them at the start of TLS, as a port for plain SIP does",
        "plain": "the port does not use TLS, it responds in plain text",
    }
    if refused.kind in texts:
        return ConnectionBroken("certificate", texts[refused.kind], CHECK_PORT)
    words = printable(refused.kind.replace("_", " ").lower())
    return ConnectionBroken("certificate", f"the TLS handshake failed ({words})", CHECK_PORT)


def certificate_failure(
    refused: Untrusted, seen: certificate.Certificate | None, host: str, ca_path: str | None
) -> tuple[str, str]:
    """Return the cause of a rejected certificate, and the fix.

    :param refused: OpenSSL's reason. :param seen: the certificate, if it could be read. :param host: the expected name.
    :param ca_path: the option. :return: two clauses.
    """
    if refused.code == 10:
        when = f"expired on {seen.not_after}" if seen else "has expired"
        return f"the server's certificate {when}", "its operator must renew it; no option can fix that"
    if refused.code == 9:
        return "the server's certificate is not valid yet", "check the clock of this machine"
    if refused.code in (62, 64):
        names = ", ".join(seen.names) if seen else ""
        return f"the server's certificate is for {names or 'another host'}, not for {host}", HOST
    if refused.code in (2, 18, 19, 20, 21):
        by = f"the CA certificates in {ca_path}" if ca_path else "the CA certificates of this machine"
        what = "self-signed" if refused.code == 18 else "not signed by a known authority"
        return f"the server's certificate is not trusted: it is {what} according to {by}", ANCHOR
    return f"the server's certificate is rejected ({printable(refused.words)})", ANCHOR


def unsupported_challenge(challenges: list[Challenge]) -> str:
    """Return why no challenge of a response can be answered.

    :param challenges: the challenges. :return: a clause.
    """
    if not challenges:
        return "it requires a password but sends no digest challenge"
    algorithms = ", ".join(dict.fromkeys(printable(challenge.algorithm or "MD5", 24) for challenge in challenges))
    return f"it requires an unsupported authentication ({algorithms}), so nothing is confirmed"


def unauthenticated_answer(response: Response, later: str = "") -> tuple[bool | None, str]:
    """Evaluate a response to REGISTER that is neither a challenge nor a result of the login.

    :param response: the response. :param later: a clause for a response after the password.
    :return: whether the step is successful, ``None`` if it proves nothing, and a clause.
    :raises ConnectionBroken: if the server rejects the request.
    """
    says = status_text(response)
    if response.status < 300:
        return None, f"REGISTER is accepted without a password ({says}), so the password is not confirmed"
    if response.status in (405, 501):
        return None, f"it does not accept REGISTER{later} ({says}), so the password cannot be verified"
    if response.status == 403:
        raise ConnectionBroken("digest", f"REGISTER is rejected before the password is requested ({says})", ALLOWED)
    if response.status in (404, 604):
        raise ConnectionBroken("digest", f"the account is unknown to the server{later} ({says})", USER)
    raise ConnectionBroken("digest", f"REGISTER is rejected{later} with {says}", USER)

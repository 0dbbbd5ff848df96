# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain connection errors and how to correct them. Messages contain addresses but never a proxy's password."""

from __future__ import annotations

import os
import ssl
import typing as t
import urllib.parse
import urllib.request

#: OpenSSL's certificate verification errors (X509_V_ERR_*): the cause and the fix.
CERTIFICATE_FAULTS = {
    9: ("is not valid yet", "Check the clock of this machine, and the server's certificate."),
    10: ("has expired", "Renew it on the server, and check the clock of this machine."),
    18: ("is self-signed", "If that is intended, give the certificate's file as {ca_path}."),
    19: ("is from an authority that this machine does not trust", "Give the authority's file as {ca_path}."),
    20: ("is from an authority that this machine does not trust", "Give the authority's file as {ca_path}."),
    21: ("is from an authority that this machine does not trust", "Give the authority's file as {ca_path}."),
    62: ("is for another host name", "Correct the host in {api_url}."),
    64: ("is for another address", "Give the host name in {api_url} instead of an address."),
}

NETWORK = "Check {api_url}, the network and the service's status."


class Reason(t.NamedTuple):
    """Why a connection could not be made.

    :param what: a clause for messages. :param fix: a sentence; ``{name}`` in it is an option.
    :param final: whether another attempt would have the same result.
    """

    what: str
    fix: str = NETWORK
    final: bool = False


def address_of(url: str) -> str:
    """``host:port`` of a URL, without a user, a password or a path.

    :param url: the URL. :return: the address, or a text for an invalid one.
    """
    try:
        parts = urllib.parse.urlsplit(url if "//" in url else f"//{url}")
        port = parts.port or {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}.get(parts.scheme)
    except ValueError:
        return "(invalid address)"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "(no host)"
    return f"{host}:{port}" if port else host


def proxy_for(url: str) -> tuple[str, str]:
    """The environment's proxy for a URL, and the variable that contains it; two empty texts if there is none.

    :param url: the URL. :return: the proxy and the variable.
    """
    parts = urllib.parse.urlsplit(url)
    found = urllib.request.getproxies_environment()
    if parts.hostname and _excepted(parts.hostname, found.get("no", "")):
        return "", ""
    for scheme in (parts.scheme, "all"):
        if found.get(scheme):
            name = f"{scheme}_proxy"
            return found[scheme], name if name in os.environ else name.upper()
    return "", ""


def _excepted(host: str, patterns: str) -> bool:
    """Whether ``NO_PROXY`` excludes a host: it lists hosts and parent domains, or ``*`` for all."""
    names = [name.strip().lower().lstrip(".") for name in patterns.split(",")]
    return any(name and (name == "*" or host == name or host.endswith(f".{name}")) for name in names)


def unusable_proxy(url: str) -> str:
    """The error message for a proxy in the environment that cannot be used for this URL; empty if there is none.

    :param url: the URL. :return: the message.
    """
    proxy, variable = proxy_for(url)
    if not proxy:
        return ""
    if proxy.lower().startswith("socks"):
        return (
            f"The environment variable {variable} contains the SOCKS proxy {address_of(proxy)}, for which the Python "
            'library socksio is missing. Install it (pip install "httpx[socks]"), give an HTTP proxy instead, or '
            f"exclude {address_of(url)} from it with NO_PROXY."
        )
    return (
        f"The environment variable {variable} contains the proxy {address_of(proxy)} in an invalid form. Give "
        f"it as http://host:port, or exclude {address_of(url)} from it with NO_PROXY."
    )


def reason_of(error: BaseException, url: str, proxied: bool) -> Reason:
    """Why no connection could be made.

    :param error: the HTTP library's error; its text is never used, as it may contain a proxy's password.
    :param url: the requested address. :param proxied: whether the environment's proxy may be in use.
    :return: the reason and the fix.
    """
    proxy, variable = proxy_for(url) if proxied else ("", "")
    target = address_of(url)
    chain = _chain(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, target)
    for cause in chain:
        if isinstance(cause, ssl.SSLError) and (cause.reason or "").startswith(("WRONG_VERSION", "HTTP_REQUEST")):
            what = f"{target} does not use TLS"
            return Reason(what, "Correct the port or the scheme in {api_url}.", final=True)
    if proxy:
        return _proxy(error, chain, target, proxy, variable)
    return Reason(f"connection to {target} failed{_kind(chain)}")


def _certificate(error: ssl.SSLCertVerificationError, target: str) -> Reason:
    wrong, fix = CERTIFICATE_FAULTS.get(error.verify_code, (f"is not trusted: {error.verify_message}", NETWORK))
    return Reason(f"the certificate of {target} {wrong}", fix, final=True)


def _proxy(error: BaseException, chain: list[BaseException], target: str, proxy: str, variable: str) -> Reason:
    where = f"the proxy {address_of(proxy)}"
    check = f"Check {variable} and NO_PROXY in the environment."
    status = str(error).split(" ", 1)[0] if type(error).__name__ == "ProxyError" else ""
    if status == "407":
        return Reason(f"{where} requires a user name and a password (407)", f"Give them in {variable}.", final=True)
    if status.isdigit():
        return Reason(f"{where} could not connect to {target} ({status})", check)
    return Reason(f"connection to {target} through {where} failed{_kind(chain)}", check)


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _kind(chain: t.Iterable[BaseException]) -> str:
    for cause in chain:
        if isinstance(cause, ConnectionRefusedError):
            return " (connection refused)"
        if isinstance(cause, OSError) and type(cause).__name__ == "gaierror":
            return " (the host name does not resolve)"
        if isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__:
            return " (timeout)"
        if isinstance(cause, ssl.SSLError):
            return " (TLS handshake failed)"
    return ""

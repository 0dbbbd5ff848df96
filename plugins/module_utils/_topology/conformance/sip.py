# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that need another host than those of the APIs: SIP gateways, names of trunks."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.probe import ProbeOptions, probe
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.transport import Network
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    NO,
    UNCLEAR,
    YES,
)

#: Regions of didlogic's gateways that guides and public configurations name.
REGIONS = ("nl", "uk", "nyc", "au", "sg", "za", "ca")
GATEWAYS: t.Final = tuple(f"sip.{region}.didlogic.net" for region in REGIONS)
SECONDS = 4
#: Seconds between two attempts with a new SIP account, and their number.
LOGIN_PAUSE, LOGIN_ATTEMPTS = 15.0, 4


Transport = t.Literal["udp", "tcp", "tls"]
TRANSPORTS: t.Final[tuple[Transport, ...]] = ("udp", "tcp", "tls")


class Hosts(t.Protocol):
    """What is asked of other hosts."""

    def options(self, host: str, transport: Transport, *, verify: bool = True) -> int | None:
        """The status of a response to OPTIONS; ``None`` without one, or with ``verify`` and an invalid certificate."""

    def login(self, host: str, username: str, password: str, transport: Transport = "udp") -> bool | None:
        """Whether REGISTER accepts credentials; ``None`` if it is not known."""

    def resolves(self, host: str) -> bool:
        """Whether a host name has an address."""


class RealHosts:
    """Sends OPTIONS and REGISTER without Contact, and resolves names."""

    def options(self, host: str, transport: Transport, *, verify: bool = True) -> int | None:
        """Send OPTIONS.

        :param host: the host. :param transport: the transport. :param verify: whether its certificate must be valid.
        :return: the status, if any.
        """
        given = ProbeOptions(host=host, transport=transport, timeout=SECONDS, validate_certs=verify, fail=False)
        status = _probed(given)["status"]
        return status if isinstance(status, int) else None

    def login(self, host: str, username: str, password: str, transport: Transport = "udp") -> bool | None:
        """Send REGISTER without Contact.

        :param host: the host. :param username: the login. :param password: the password.
        :param transport: the transport. :return: whether the credentials are accepted; ``None`` if it is not known.
        """
        given = ProbeOptions(
            host=host,
            method="register",
            username=username,
            password=password,
            transport=transport,
            timeout=SECONDS,
            fail=False,
        )
        found = _probed(given)["authenticated"]
        return found if isinstance(found, bool) else None

    def resolves(self, host: str) -> bool:
        """Resolve a name. :param host: the name. :return: whether it has an address."""
        try:
            return bool(Network().resolve(host, 5060, "udp", SECONDS))
        except OSError:
            return False


def _probed(options: ProbeOptions) -> ApiObject:
    return as_object(probe(options, lambda _text: None)[0]["probe"])


def gateways(hosts: Hosts) -> t.Iterator[Finding]:
    """Ask all gateways. :param hosts: the hosts. :return: the findings."""
    answered = {
        transport: {host for host in GATEWAYS if hosts.options(host, transport) is not None} for transport in TRANSPORTS
    }
    valid = answered["tls"]
    invalid = {host for host in GATEWAYS if host not in valid and hosts.options(host, "tls", verify=False) is not None}
    verdict = NO if invalid else YES if valid else UNCLEAR
    yield Finding("didlogic-sip-certificates", verdict, f"{len(valid)} valid, {len(invalid)} invalid")
    reached = {transport: len(found) for transport, found in answered.items()}
    reached["tls"] += len(invalid)
    evidence = ", ".join(f"{count} of {len(GATEWAYS)} over {transport.upper()}" for transport, count in reached.items())
    yield Finding("didlogic-sip-options", YES if any(reached.values()) else NO, evidence)


def login(
    hosts: Hosts,
    username: str,
    password: str,
    sleep: t.Callable[[float], object],
    question: str = "didlogic-sip-login",
) -> t.Iterator[Finding]:
    """Try the login of a SIP account, whose password may need some time.

    :param hosts: the hosts. :param username: the login. :param password: the password. :param sleep: waits.
    :param question: the id of the question. :return: the finding.
    """
    found: bool | None = None
    for attempt in range(LOGIN_ATTEMPTS):
        if attempt:
            sleep(LOGIN_PAUSE)
        found = hosts.login(GATEWAYS[0], username, password)
        if found:
            yield Finding(question, YES, f"accepted after about {attempt * LOGIN_PAUSE:.0f} s")
            return
    yield Finding(question, UNCLEAR if found is None else NO, "not accepted within a minute")


def other_transports(hosts: Hosts, username: str, password: str) -> t.Iterator[Finding]:
    """Try an accepted login over TCP and TLS, once.

    :param hosts: the hosts. :param username: the login. :param password: the password. :return: the findings.
    """
    for transport in TRANSPORTS[1:]:
        found = hosts.login(GATEWAYS[0], username, password, transport)
        verdict = UNCLEAR if found is None else YES if found else NO
        what = {YES: "accepted", NO: "rejected"}.get(verdict, "no conclusion")
        yield Finding(f"didlogic-sip-login-{transport}", verdict, f"over {transport.upper()}: {what}")


def restricted(hosts: Hosts, username: str, password: str, sleep: t.Callable[[float], object]) -> t.Iterator[Finding]:
    """Try an accepted login after its SIP account allows another address only, which may need some time.

    :param hosts: the hosts. :param username: the login. :param password: the password. :param sleep: waits.
    :return: the finding.
    """
    question, found = "didlogic-sip-restricted", None
    for attempt in range(LOGIN_ATTEMPTS):
        if attempt:
            sleep(LOGIN_PAUSE)
        found = hosts.login(GATEWAYS[0], username, password)
        if found is False:
            yield Finding(question, YES, f"rejected after about {attempt * LOGIN_PAUSE:.0f} s")
            return
    yield Finding(question, UNCLEAR if found is None else NO, "not rejected within a minute")


def trunk_host(hosts: Hosts, host: str) -> t.Iterator[Finding]:
    """Resolve the host of a new trunk. :param hosts: the hosts. :param host: its name. :return: the finding."""
    found = hosts.resolves(host)
    yield Finding("vapi-trunk-resolves", YES if found else NO, "an address" if found else "no address")

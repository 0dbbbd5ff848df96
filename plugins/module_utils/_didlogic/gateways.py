# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and addresses of didlogic's SIP gateways."""

from __future__ import annotations

import functools

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_address

#: Domains of didlogic's SIP gateways. Its guides and Vapi's name ``sip.nl.didlogic.net``, and the pattern is
#: ``sip.<region>.didlogic.net``; public configurations also hold ``sip.didlogic.net`` and ``sip1.didlogic.com``.
DOMAINS = ("didlogic.net", "didlogic.com")
#: Addresses in public configurations and logs for sip.au (2026) and sip.sg (2020). didlogic publishes none, so
#: they only serve to recognise a gateway, never to configure one.
SEEN_ADDRESSES = frozenset(("23.106.241.2", "107.6.123.181"))


@functools.lru_cache(maxsize=1024)
def is_gateway(host: str) -> bool:
    """Whether a host name or an IPv4 address is a known gateway of didlogic; in any form, such as with a port."""
    name = parse_address(host).host
    return name in SEEN_ADDRESSES or any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS)

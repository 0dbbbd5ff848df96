# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that calls are routed as declared. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import ApplyRun
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    destination_result,
    failover_entries,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    answered_by,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import Number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT


def verification_errors(run: ApplyRun, snapshot: Snapshot) -> list[str]:
    """A sentence for each number whose calls are not routed as declared, and each error on the call path.

    :param run: the state of the run. :param snapshot: both accounts after it. :return: the sentences.
    """
    spec, trunk = run.spec, run.trunk_id
    forwards, assistants = run.ids(spec.forward), run.ids(ASSISTANT)
    found = []
    for number in spec.numbers:
        path = snapshot.path(str(number.number))
        if number.inbound:
            made = forwards.get(path.number, "unknown")
            found += check_first_destination(path, spec.uri(number, trunk), made) or check_failover(path, number)
        found += check_phone_number(path, spec.spelling(number), trunk, number.assistant, assistants)
    for item in run.findings:
        if item["severity"] == "error" and spec.concerned(item):
            found.append(f"{item['subject']}: {item['message']} {item['fix']}")
    return found


def check_first_destination(path: CallPath, uri: str, made: str) -> list[str]:
    """Check that a number's calls go to the declared destination first.

    :param path: the call path. :param uri: the declared URI, redacted. :param made: the id of its destination.
    :return: the sentences.
    """
    if path.first_active is None:
        return [f"{path.number} in didlogic has no active destination; expected {uri}."]
    known = {str(row["id"]) for row in path.snapshot.trunks}
    first = destination_result(path.snapshot.carrier, path.first_active, path.entries, path.number, known)
    # The same destination may be spelled differently, such as with a scheme.
    if first["id"] == made and parse_uri(first["destination"]).identity == parse_uri(uri).identity:
        return []
    there = f"{first['destination']} (id {first['id']})"
    return [f"{path.number} in didlogic is forwarded to {there} first; expected {uri} (id {made})."]


def check_failover(path: CallPath, number: Number) -> list[str]:
    """Check that the declared destinations follow the first one.

    :param path: the call path. :param number: the declared number. :return: the sentences.
    """
    desired = [entry.identity for entry in failover_entries(path.snapshot.carrier, number.failover)]
    following = [entry.identity for entry in path.entries if entry.active][1 : len(desired) + 1]
    if following == desired:
        return []
    places, title = ", then ".join(number.failover or ()), path.snapshot.carrier.provider.title
    return [f"{path.number} in {title} is not forwarded to {places} directly after Vapi, as failover declares."]


def check_phone_number(
    path: CallPath, spelled: str, trunk: str, assistant: str | None, made: t.Mapping[str, str]
) -> list[str]:
    """Check a number's trunk and assistant in Vapi.

    :param path: the call path. :param spelled: the number. :param trunk: the name of the trunk.
    :param assistant: the declared assistant or squad, or ``None``. :param made: ids by name. :return: the sentences.
    """
    phone = next((row for row in path.phones if row.get("number") == spelled), None)
    if phone is None:
        return [f"{spelled} is not a phone number in Vapi."]
    found = []
    if phone.get("credentialId") != trunk:
        there = phone.get("credentialId") or "(none)"
        found.append(f"{spelled} in Vapi is on the trunk {there}; expected {trunk}.")
    desired = made.get(assistant or "")
    speaks = answered_by(path).get("id")
    if desired and speaks != desired:
        found.append(f"{spelled} in Vapi is answered by {speaks or 'no assistant'}; expected {assistant} ({desired}).")
    return found

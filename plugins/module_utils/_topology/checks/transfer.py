# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of transfers: the assistant connects the caller to a person."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    Hit,
    check,
    hits_if,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    display_name,
    gateways,
    titled,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    Transfer,
    nodes,
    references,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.tool_parameters import stale_values
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import PARAMETER


@check(
    "own-call-control",
    severity="error",
    step="tool",
    evidence="documented",
    source="Vapi's published API description: serverMessages",
    message="serverMessages of {name} contains phone-call-control, which delegates transfers to your server: "
    "Vapi's transfer tools have no effect.",
    fix="Remove it from serverMessages with vapi_assistant: definition.",
)
def own_control(path: CallPath) -> list[Hit]:
    """An assistant delegates transfers to a server.

    :param path: the call path. :return: the findings.
    """
    found = [row for row in path.assistants if "phone-call-control" in as_list(row.get("serverMessages"))]
    return hits_if(found and path.transfers, name=", ".join(display_name(row) for row in found))


@check(
    "transfer-refused",
    severity="warning",
    step="tool",
    evidence="documented",
    source="Vapi's guide to didlogic",
    message="didlogic may reject the transfer{place}: its target is {why}.",
    fix="Use sip:+<number>@<the trunk's gateway> with vapi_transfer_tool: destinations.sip_uri, to a number that "
    "didlogic allows for REFER, or keep Vapi in the call with destinations.sip_verb: dial.",
)
def transfer_refused(snapshot: Snapshot) -> list[Hit]:
    """didlogic requires a SIP address at its gateway.

    :param snapshot: both accounts. :return: the findings.
    """

    def wrong(path: CallPath, _user: str, host: str) -> Hit | None:
        if host in _hosts(path):
            return None
        return {"why": "no address at the trunk's gateway" if host else "a phone number"}

    return _transfers(snapshot, wrong)


@check(
    "transfer-elsewhere",
    severity="info",
    step="tool",
    evidence="documented",
    source="Vapi's guide to didlogic",
    message="It transfers calls to {to}{place}, which is not a number of the didlogic account: didlogic may allow "
    "transfers by REFER to its own numbers only.",
    fix="Ask didlogic's account manager, or keep Vapi in the call with vapi_transfer_tool: destinations.sip_verb dial.",
)
def transfer_elsewhere(snapshot: Snapshot) -> list[Hit]:
    """didlogic may restrict REFER to its own numbers.

    :param snapshot: both accounts. :return: the findings.
    """

    def wrong(path: CallPath, user: str, host: str) -> Hit | None:
        return {"to": user} if host in _hosts(path) and digits(user) not in path.snapshot.own else None

    return _transfers(snapshot, wrong)


@check(
    "stale-parameter",
    severity="warning",
    step="tool",
    evidence="inferred",
    source="Vapi's support recommends to list the destinations; what Vapi does with another one is not documented",
    message="The parameters of its function{place} offer {stale} to the model, which is not a destination of the tool.",
    fix="Remove it with vapi_transfer_tool: parameters, or add the destination.",
)
def stale_parameter(snapshot: Snapshot) -> list[Hit]:
    """A tool's function offers destinations that the tool does not have.

    :param snapshot: both accounts. :return: the findings.
    """
    hits = [
        {
            "subject": titled(kind, row),
            "id": str(row["id"]),
            "place": f" ({at})" if at else "",
            "stale": ", ".join(stale),
        }
        for kind, row in _rows(snapshot)
        for at, node in nodes(row)
        for stale in (_offered(node),)
        if stale
    ]
    return list({str(hit): hit for hit in hits}.values())


def _offered(node: ApiObject) -> list[str]:
    """What a transfer tool offers to the model besides its destinations; nothing if a server chooses them."""
    schema = dig(node, ("function", "parameters", "properties", PARAMETER))
    to = [item.get(key) for item in objects_in(node.get("destinations")) for key in TARGETS]
    targets = [str(target) for target in to if target]
    return stale_values(schema, targets) if node.get("type") == "transferCall" and targets else []


#: The fields of a destination with its target.
TARGETS = ("number", "sipUri", "assistantName")


def _rows(snapshot: Snapshot) -> t.Iterator[tuple[str, ApiObject]]:
    """The objects that may define a transfer; of audited numbers only if not all are audited."""
    if snapshot.declared_numbers:
        for path in snapshot.call_paths:
            yield from path.reached
        return
    kinds = {"phone_number": snapshot.phones, "assistant": snapshot.assistants, "squad": snapshot.squads}
    for kind, rows in {**kinds, "tool": snapshot.tools}.items():
        yield from ((kind, row) for row in rows)


@check(
    "unused-tool",
    severity="warning",
    step="tool",
    evidence="inferred",
    source="a single call may still refer to a tool",
    message="The transfer tool is not attached to any assistant, so it transfers no calls.",
    fix="Attach it with vapi_assistant: tools, or remove it with vapi_transfer_tool: state absent.",
)
def unused_tool(snapshot: Snapshot) -> list[Hit]:
    """Transfer tools that no object refers to; only if all numbers are audited.

    :param snapshot: both accounts. :return: the findings.
    """
    if snapshot.declared_numbers:
        return []
    referrer_rows = (*snapshot.assistants, *snapshot.squads, *snapshot.phones)
    attached = {reference.id for row in referrer_rows for reference in references(row) if reference.kind == "tool"}
    return [
        {"subject": f"transfer tool {display_name(row, 'function.name')}", "id": str(row["id"])}
        for row in snapshot.tools
        if str(row["id"]) not in attached
    ]


def _referred(path: CallPath) -> t.Iterator[tuple[str, ApiObject, Transfer]]:
    """Each transfer that Vapi requests from didlogic: kind and row of the object that defines it, and the transfer."""
    if path.snapshot.is_didlogic(path.trunk):
        for kind, row, transfer in path.transfers:
            if transfer.by_refer and transfer.target:
                yield kind, row, transfer


def _transfers(snapshot: Snapshot, wrong: t.Callable[[CallPath, str, str], Hit | None]) -> list[Hit]:
    """Each object with a transfer that is invalid for a number's trunk, once per reason.

    ``wrong`` gets user and host of the target; the host is empty for a plain number.
    """
    found: dict[str, Hit] = {}
    for path in snapshot.call_paths:
        for kind, row, transfer in _referred(path):
            uri = parse_uri(transfer.target)
            words = wrong(path, uri.user or uri.host, uri.host if uri.user or uri.scheme else "")
            if words is not None:
                at = f" ({transfer.path})" if transfer.path and kind != "tool" else ""
                hit = {"subject": titled(kind, row), "id": str(row["id"]), "place": at, **words}
                found.setdefault(str(hit), hit)
    return list(found.values())


def _hosts(path: CallPath) -> set[str]:
    return {parse_uri(str(row.get("ip", ""))).host for row in gateways(path.trunk)}

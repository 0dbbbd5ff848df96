# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps at Vapi: the requests, and what their responses mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    as_list,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    VOICE,
    Call,
    Context,
    Finding,
    Response,
    Seen,
    Step,
    accepted,
    changed,
    rejected,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    NO,
    UNCLEAR,
    YES,
)

#: Seconds between two requests that wait for a new phone number, and their maximum number.
POLL_SECONDS, POLLS = 5.0, 12

MODEL: t.Final = {"provider": "openai", "model": "gpt-4o"}

PERSON: t.Final = {"type": "number", "number": "{fiction}", "description": "{prefix}-tool"}

TRUNK: t.Final = {
    "provider": "byo-sip-trunk",
    "gateways": [{"ip": "{host}", "inboundEnabled": False}],
    "outboundAuthenticationPlan": {"authUsername": "{mark}", "authPassword": "{password}"},
    "techPrefix": "7#",
}

NUMBER: t.Final = {
    "provider": "byo-phone-number",
    "name": "{prefix}-number",
    "number": "{mark}",
    "numberE164CheckEnabled": False,
    "credentialId": "{trunk}",
}

CHECKED: t.Final = {name: value for name, value in NUMBER.items() if name != "numberE164CheckEnabled"}


def _get(key: str, path: str, **params: object) -> Call:
    return Call(key=key, service=VOICE, path=path, params=params)


def _post(key: str, path: str, save: str, body: dict[str, object]) -> Call:
    return Call(key=key, service=VOICE, path=path, method="POST", save=save, body=body)


def _patch(key: str, path: str, body: dict[str, object]) -> Call:
    return Call(key=key, service=VOICE, path=path, method="PATCH", body=body)


def _delete(key: str, path: str) -> Call:
    return Call(key=key, service=VOICE, path=path, method="DELETE")


# -- reading


def _judge_lists(seen: Seen) -> t.Iterator[Finding]:
    unknown, rows = seen.last("unknown key"), seen.last("assistants")
    if unknown:
        verdict = YES if unknown.status == 401 else NO if unknown.status == 403 else UNCLEAR
        yield Finding("vapi-unknown-key-401", verdict, f"an unknown key: {unknown.status}")
    yield rejected("vapi-limit-rejected", "limit 1001", seen.last("long page"))
    if rows and rows.ok and rows.rows:
        yield _nulls(rows.rows, "listed assistants")


def _nulls(rows: list[dict[str, object]], what: str) -> Finding:
    # The version is documented to be null in an organisation without versions.
    empty = any(value is None for row in rows for name, value in row.items() if name != "latestVersion")
    return Finding("vapi-null-fields", YES if empty else NO, f"{what}: {'with' if empty else 'without'} null")


def _judge_objects(seen: Seen) -> t.Iterator[Finding]:
    trunks = seen.last("trunks")
    if not trunks:
        return
    listed = trunks.ok and isinstance(trunks.body, list)
    yield Finding("vapi-credentials-list", YES if listed else NO, f"GET /credential: {trunks.status}")
    yield _password(trunks.rows, "listed trunks")


def _password(rows: list[dict[str, object]], what: str) -> Finding:
    plans = [as_object(row["outboundAuthenticationPlan"]) for row in rows if row.get("outboundAuthenticationPlan")]
    if not plans:
        return Finding("vapi-password-hidden", UNCLEAR, f"{what}: none with a login")
    has_password = any("authPassword" in plan for plan in plans)
    return Finding(
        "vapi-password-hidden",
        NO if has_password else YES,
        f"{what}: {'with' if has_password else 'without'} a password",
    )


def _judge_versions(seen: Seen) -> t.Iterator[Finding]:
    yield accepted("vapi-number-search", "sorted by creation time", seen.last("search"))
    yield accepted("vapi-calls-v2", "GET /v2/call", seen.last("calls"))
    yield accepted("vapi-squads", "GET /squad", seen.last("squads"))
    yield accepted("vapi-campaigns-v1", "GET /campaign", seen.last("first campaigns"))
    workflows = seen.last("workflows")
    if workflows:
        removed = YES if workflows.status in (404, 410) else NO if workflows.ok else UNCLEAR
        yield Finding("vapi-workflow-removed", removed, f"GET /workflow: {workflows.status}")
    for question, key in (("vapi-campaigns-v2", "campaigns"), ("vapi-versioning", "allocations")):
        found = seen.last(key)
        # Without the feature the status is 403. An allocation that does not exist is 200 or 404.
        verdict = {403: NO, 200: YES, 404: YES if key == "allocations" else NO}.get(found.status if found else 0)
        said = str(as_object(found.body).get("message", "")) if found else ""
        if said.startswith("Cannot GET"):
            verdict = UNCLEAR
        yield Finding(question, verdict or UNCLEAR, f"GET: {found.status if found else 'not sent'}")


def _judge_retention(seen: Seen) -> t.Iterator[Finding]:
    found = seen.last("old calls")
    if found is None:
        return
    days = re.search(r"(?:last|covers) (\d{1,4}) days", str(as_object(found.body).get("message", "")))
    if found.status == 400 and days:
        yield Finding("vapi-retention", YES, f"calls of 400 days ago: 400, {days[1]} days", int(days[1]))
    else:
        yield Finding("vapi-retention", NO if found.ok else UNCLEAR, f"calls of 400 days ago: {found.status}")


# -- objects


def _judge_trunk(seen: Seen) -> t.Iterator[Finding]:
    yield rejected("vapi-trunk-name-unique", "a second trunk with the same name", seen.last("same name"))
    made = seen.last("trunk")
    if made and made.ok:
        gateway = as_object(next(iter(as_list(made.fields.get("gateways"))), None))
        given = {name for name, value in {**made.fields, **gateway}.items() if value is not None}
        more = bool(given & {"port", "netmask", "outboundEnabled", "outboundLeadingPlusEnabled"})
        yield Finding("vapi-trunk-defaults", YES if more else NO, f"a new trunk: {'with' if more else 'without'} them")
        yield _password([made.fields], "a new trunk")
    null, after = seen.last("null"), seen.last("after null")
    if null and null.ok and after and after.ok:
        kept = after.fields.get("techPrefix") is not None
        evidence = "null: 200, the value stays" if kept else "null: 200, the value is removed"
        yield Finding("vapi-null-clears", NO if kept else YES, evidence, "ignored" if kept else "clears")
    elif null:
        found = rejected("vapi-null-clears", "null", null)
        yield Finding(found.question, NO if found.verdict == YES else UNCLEAR, found.evidence, "refused")
    yield accepted("vapi-login-without-password", "a user name alone", seen.last("login"))
    yield rejected("vapi-inbound-name-rejected", "a host name for inbound calls", seen.last("inbound name"))
    yield rejected("vapi-unknown-field-rejected", "an unknown field", seen.last("unknown field"))


def _is_active(response: Response, _context: Context) -> bool:
    return response.fields.get("status") != "activating"


def _judge_number(seen: Seen) -> t.Iterator[Finding]:
    made, waited = seen.last("number"), seen.waited.get("status", 0.0)
    if made and made.ok:
        if _is_active(made, seen.context):
            yield Finding("vapi-activating", NO, "a new phone number: active at once")
        else:
            seconds = max(1, round(waited))
            yield Finding("vapi-activating", YES, f"a new phone number: activating for about {seconds} s", seconds)
    yield rejected("vapi-number-unique", "second import", seen.last("same number"))
    number = seen.value("change number", "number") == f"{seen.context['mark']}b"
    yield changed("vapi-number-change", "another number", seen.last("change number"), number)
    trunk = seen.value("change trunk", "credentialId") == seen.context.get("other_trunk")
    yield changed("vapi-trunk-change", "another trunk", seen.last("change trunk"), trunk)
    yield accepted("vapi-without-provider", "a name alone", seen.last("without provider"))
    yield accepted("vapi-bare-number", "a number without plus", seen.last("bare"))
    plus, bare = seen.last("with plus"), seen.last("without plus")
    if plus and plus.ok and bare:
        unique = rejected("", "", seen.last("same number")).verdict == YES
        found = rejected("vapi-plus-ignored", "the same number without plus", bare)
        yield found if unique else dataclasses.replace(found, verdict=UNCLEAR, evidence="numbers are not unique")


def _learn_strictness(seen: Seen) -> Context:
    found = seen.last("unknown field")
    return {"ignores_unknown_fields": "1"} if found and found.ok else {}


def _judge_assistant(seen: Seen) -> t.Iterator[Finding]:
    for finding in (
        accepted("vapi-legacy-fields", "silenceTimeoutSeconds", seen.last("legacy")),
        rejected("vapi-assistant-depth", "an unknown field of the model", seen.last("depth")),
    ):
        if "ignores_unknown_fields" in seen.context:
            yield dataclasses.replace(finding, verdict=UNCLEAR, evidence="unknown fields are ignored")
        else:
            yield finding
    yield rejected("vapi-model-required", "an assistant without a model", seen.last("without model"))
    made = seen.last("assistant")
    if made and made.ok:
        yield _nulls([made.fields], "a new assistant")
    yield rejected("vapi-unknown-tool", "a tool that does not exist", seen.last("unknown tool"))


def _is_listed(response: Response, context: Context) -> bool:
    return any(row.get("id") == context.get("assistant") for row in response.rows)


def _judge_created(seen: Seen) -> t.Iterator[Finding]:
    lists = seen.all("listed")
    if lists and _is_listed(lists[-1], seen.context):
        missing = len(lists) - 1
        yield Finding("vapi-listed-at-once", NO if missing else YES, f"missing from {missing} lists", missing)
    at, listed = seen.value("assistant", "createdAt"), seen.last("until then")
    if at and listed and listed.ok:
        inside = _is_listed(listed, seen.context)
        yield Finding(
            "vapi-created-inclusive", YES if inside else NO, f"its own time: {'listed' if inside else 'not listed'}"
        )


def _judge_tool(seen: Seen) -> t.Iterator[Finding]:
    yield accepted("vapi-tool-function", "a tool with function", seen.last("function"))
    modes = seen.last("mode")
    if modes:
        sent = "warm-transfer-with-message"
        plans = [as_object(row.get("transferPlan")) for row in objects_in(modes.fields.get("destinations"))]
        replaced = modes.ok and any(plan.get("mode") != sent for plan in plans)
        yield Finding(
            "vapi-transfer-modes",
            YES if replaced else NO if modes.ok or modes.status == 400 else UNCLEAR,
            f"{sent}: {modes.status}" + (", replaced" if replaced else ""),
        )


def _judge_model(seen: Seen) -> t.Iterator[Finding]:
    part, after = seen.last("part"), seen.last("after part")
    if part is None or not (whole := seen.last("whole")) or not whole.ok:
        return
    if not part.ok:
        found = accepted("vapi-partial-model", "toolIds alone", part)
        yield Finding(found.question, found.verdict, found.evidence, "refused")
    elif after and after.ok:
        merged = as_object(after.fields.get("model")).get("provider") == MODEL["provider"]
        evidence = "toolIds alone: 200, " + ("the rest stays" if merged else "the rest is removed")
        yield Finding("vapi-partial-model", YES if merged else NO, evidence, "merges" if merged else "replaces")


def _judge_references(seen: Seen) -> t.Iterator[Finding]:
    deletions = [found for found in (seen.last("tool"), seen.last("trunk")) if found]
    statuses = ", ".join(str(found.status) for found in deletions)
    if not deletions:
        return
    refused = {rejected("", "", found).verdict for found in deletions}
    verdict = refused.pop() if len(refused) == 1 else UNCLEAR
    yield Finding("vapi-delete-in-use", verdict, f"tool of an assistant, trunk of a phone number: {statuses}")
    removed, after = seen.last("trunk"), seen.last("number after")
    if removed and removed.ok and after and after.ok:
        cleared = after.fields.get("credentialId") is None
        evidence = f"the phone number is returned {'without' if cleared else 'with'} the id of the deleted trunk"
        yield Finding("vapi-references-cleared", YES if cleared else NO, evidence)


def _learn_created(seen: Seen) -> Context:
    at = seen.value("assistant", "createdAt")
    return {"created": at} if isinstance(at, str) else {}


_NUMBER = "/phone-number/{number}"
_TRUNK = "/credential/{trunk}"
_ASSISTANT = "/assistant/{assistant}"

READ_STEPS: tuple[Step, ...] = (
    Step(
        "Vapi: lists and errors",
        "read",
        (
            Call(key="unknown key", service=VOICE, path="/assistant", params={"limit": 1}, own_key=False),
            _get("long page", "/assistant", limit=1001),
            _get("assistants", "/assistant", limit=5),
        ),
        _judge_lists,
    ),
    Step(
        "Vapi: trunks and phone numbers",
        "read",
        (_get("trunks", "/credential", limit=1000), _get("numbers", "/phone-number", limit=1000)),
        _judge_objects,
    ),
    Step(
        "Vapi: newer endpoints",
        "read",
        (
            _get("search", "/v2/phone-number", limit=1, sortBy="createdAt", sortOrder="ASC"),
            _get("calls", "/v2/call", limit=1),
            _get("campaigns", "/v2/campaign", limit=1),
            _get("squads", "/squad", limit=1),
            _get("first campaigns", "/campaign", limit=1),
            _get("workflows", "/workflow", limit=1),
            _get("allocations", "/traffic-allocations/latest", assistantId=str(uuid.UUID(int=0, version=4))),
        ),
        _judge_versions,
    ),
    Step(
        "Vapi: history of calls",
        "read",
        (_get("old calls", "/call", limit=1, createdAtGe="{long_ago}"),),
        _judge_retention,
    ),
)

OBJECT_STEPS: tuple[Step, ...] = (
    Step(
        "Vapi: trunk",
        "objects",
        (
            _post("trunk", "/credential", "trunk", {**TRUNK, "name": "{prefix}-trunk"}),
            _post("same name", "/credential", "same_trunk", {**TRUNK, "name": "{prefix}-trunk"}),
            _post("other", "/credential", "other_trunk", {**TRUNK, "name": "{prefix}-other"}),
            _patch("null", _TRUNK, {"techPrefix": None}),
            _get("after null", _TRUNK),
            _patch("login", _TRUNK, {"outboundAuthenticationPlan": {"authUsername": "{mark}b"}}),
            _patch("inbound name", _TRUNK, {"gateways": [{"ip": "{host}"}]}),
            _patch("unknown field", _TRUNK, {"vdfcUnknown": True}),
        ),
        _judge_trunk,
        _learn_strictness,
    ),
    Step(
        "Vapi: phone number",
        "objects",
        (
            _post("number", "/phone-number", "number", NUMBER),
            Call(key="status", service=VOICE, path=_NUMBER, until=_is_active),
            _post("same number", "/phone-number", "same_number", NUMBER),
            _patch("change number", _NUMBER, {"provider": "byo-phone-number", "number": "{mark}b"}),
            _patch("change trunk", _NUMBER, {"provider": "byo-phone-number", "credentialId": "{other_trunk}"}),
            _patch("without provider", _NUMBER, {"name": "{prefix}-renamed"}),
            _post("with plus", "/phone-number", "plus_number", {**CHECKED, "number": "{fiction}"}),
            _post("without plus", "/phone-number", "bare_number", {**NUMBER, "number": "{bare}"}),
            _post("bare", "/phone-number", "other_number", {**CHECKED, "number": "{other_bare}"}),
        ),
        _judge_number,
    ),
    Step(
        "Vapi: tool",
        "objects",
        (
            _post(
                "function",
                "/tool",
                "function_tool",
                {
                    "type": "transferCall",
                    "destinations": [PERSON],
                    "function": {"name": "{prefix}-tool", "description": "{prefix}"},
                },
            ),
            _post("tool", "/tool", "tool", {"type": "transferCall", "destinations": [PERSON]}),
            _post(
                "mode",
                "/tool",
                "mode_tool",
                {
                    "type": "transferCall",
                    "destinations": [
                        {**PERSON, "transferPlan": {"mode": "warm-transfer-with-message", "message": "{prefix}"}}
                    ],
                },
            ),
        ),
        _judge_tool,
    ),
    Step(
        "Vapi: assistant",
        "objects",
        (
            _post(
                "legacy",
                "/assistant",
                "legacy_assistant",
                {"name": "{prefix}-old", "model": MODEL, "silenceTimeoutSeconds": 30},
            ),
            _post("without model", "/assistant", "bare_assistant", {"name": "{prefix}-bare"}),
            _post("assistant", "/assistant", "assistant", {"name": "{prefix}-assistant", "model": MODEL}),
            _patch("depth", _ASSISTANT, {"model": {**MODEL, "vdfcUnknown": True}}),
            _patch("unknown tool", _ASSISTANT, {"model": {**MODEL, "toolIds": ["{missing}"]}}),
        ),
        _judge_assistant,
        _learn_created,
    ),
    Step(
        "Vapi: list of assistants",
        "objects",
        (
            Call(key="listed", service=VOICE, path="/assistant", params={"limit": 5}, until=_is_listed),
            _get("assistant", _ASSISTANT),
            _get("until then", "/assistant", limit=5, createdAtLe="{created}"),
        ),
        _judge_created,
    ),
    Step(
        "Vapi: model of an assistant",
        "objects",
        (
            _patch("whole", _ASSISTANT, {"model": {**MODEL, "toolIds": ["{tool}"]}}),
            _patch("part", _ASSISTANT, {"model": {"toolIds": ["{tool}"]}}),
            _get("after part", _ASSISTANT),
        ),
        _judge_model,
    ),
    Step(
        "Vapi: objects in use",
        "objects",
        (
            _patch("again", _ASSISTANT, {"model": {**MODEL, "toolIds": ["{tool}"]}}),
            _patch("number", _NUMBER, {"provider": "byo-phone-number", "credentialId": "{trunk}"}),
            _delete("tool", "/tool/{tool}"),
            _delete("trunk", _TRUNK),
            _get("number after", _NUMBER),
        ),
        _judge_references,
    ),
)

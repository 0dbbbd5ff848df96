# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ended reason that Vapi publishes has an explanation, and every fix names options that exist."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import json
import pathlib
import re
import sys
import typing as t
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import ended_reasons
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import (
    EXACT,
    FORWARDED,
    HANDED,
    INBOUND,
    OUTAGES,
    OUTBOUND,
    PHRASES,
    PROVIDERS,
    REASONS,
    STATUSES,
    TRANSFER,
    TRANSFER_FAILED,
    UNKNOWN,
    Diagnosis,
    Reason,
    diagnose,
    find_row,
    is_outage,
    provider_in,
    status_in,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
FACTS = ROOT / "roles" / "sandbox" / "files" / "sandbox_server" / "vapi_facts.json"
COLLECTION = "voiceops.vapi_didlogic."
PACKAGE = f"ansible_collections.{COLLECTION}plugins."
ALL = [*REASONS, *INBOUND.values(), *TRANSFER.values(), *HANDED.values()]
#: A reason with one of these words concerns telephony or its surroundings, which have no families.
TELEPHONY = re.compile(
    r"sip|transport|phone|number|transfer|forward|subscription|concurrency-limit|customer|voicemail|assistant|operator"
    r"|no-answer|twilio|vonage|worker|hook|manually|deleted|duration|silence|^call\.start|^call-start|fraud"
)
#: What it may be that a family explains.
FAMILIES = {"model", "voice", "transcriber"}
PROVIDER_STATUS = "call.in-progress.error-providerfault-outbound-sip-"


#: Reasons that the server SDK 3.0 has and the published description (2026-08-18) does not.
NEWER = (
    "sip-outbound-unallocated-number",
    "sip-outbound-carrier-released-call",
    "call.start.squad-version-error-validation",
    "call.start.error-vapifault-worker-not-available",
    "call.in-progress.error-configfault-model-unsupported-in-squad",
    "call.in-progress.error-configfault-transport-unsupported-for-model",
    "call.in-progress.error-providerfault-eleven-labs-voice-disabled-by-owner",
    "call.in-progress.error-providerfault-eleven-labs-vapi-voice-disabled-by-owner",
    "call.in-progress.error-providerfault-eleven-labs-blocked-concurrent-requests-and-requested-upgrade",
)


@functools.cache
def published() -> list[str]:
    """Vapi's list, without the repetitions in it."""
    schemas = json.loads(FACTS.read_text(encoding="utf-8"))["components"]["schemas"]
    words: list[str] = schemas["Call"]["properties"]["endedReason"]["enum"]
    return list(dict.fromkeys(words))


def diagnosis_of(reason: str, *more: t.Any, **how: t.Any) -> Diagnosis:
    found = diagnose(reason, *more, **how)
    assert found is not None
    return found


# --------------------------------------------------------------------------------------------------- the table is whole


def test_every_published_reason_is_known() -> None:
    assert len(published()) > 500
    rest = {UNKNOWN.pattern, *(row.pattern for row in ended_reasons.AFTER_START)}
    assert [word for word in published() if find_row(word).pattern in rest] == []


@pytest.mark.parametrize("reason", NEWER)
def test_sdk_reasons_are_known(reason: str) -> None:
    row = find_row(reason)
    assert row not in (UNKNOWN, *ended_reasons.AFTER_START)
    assert row.pattern == reason or row.area in FAMILIES
    assert row.pattern != reason or row.source.startswith("SDK")


def test_sdk_rows_are_reasons_of_the_sdk() -> None:
    assert {row.pattern for row in REASONS if "SDK" in row.source} <= set(NEWER)


@pytest.mark.parametrize("reason", ["sip-outbound-something-new", "call.in-progress.error-configfault-something-new"])
def test_unpublished_reasons_of_a_known_kind_are_diagnosed(reason: str) -> None:
    found = diagnosis_of(reason)
    assert reason in found.cause
    assert "is unknown to" not in found.cause


def test_texts_do_not_recommend_workflows() -> None:
    assert [row.pattern for row in ALL if "workflow" in (row.fix + row.option).lower()] == []


def test_telephony_reasons_have_their_own_rows() -> None:
    telephony = [word for word in published() if TELEPHONY.search(word)]
    assert len(telephony) > 70
    assert [word for word in telephony if find_row(word).pattern != word] == []


def test_families_are_only_model_voice_and_transcriber() -> None:
    by_family = {word: find_row(word) for word in published() if find_row(word).pattern != word}
    assert {word: row.area for word, row in by_family.items() if row.area not in FAMILIES} == {}
    assert {word: row.outcome for word, row in by_family.items() if row.outcome != "failed"} == {}


def test_every_row_is_a_known_reason() -> None:
    used = {find_row(word).pattern for word in published()}
    assert [row.pattern for row in REASONS if "OA" in row.source and row.pattern not in used] == []
    assert [row.pattern for row in REASONS if "OA" not in row.source and row.pattern in used] == []


def test_rows_are_unique_and_sorted() -> None:
    patterns = [row.pattern for row in REASONS]
    assert len(patterns) == len(set(patterns))
    kinds = ["*" in pattern for pattern in patterns]
    assert kinds == sorted(kinds), "exact words come before patterns"
    assert REASONS[-1] is UNKNOWN
    assert all(find_row(row.pattern) is row for row in EXACT)


def test_providers_are_recognised() -> None:
    unknown = [
        word
        for word in published()
        if "{provider}" in find_row(word).cause and provider_in(word) not in PROVIDERS.values()
    ]
    assert unknown == []
    words = published()
    assert [slug for slug in PROVIDERS if not any(f"-{slug}-" in word for word in words)] == []


def test_every_published_reason_has_a_diagnosis() -> None:
    for word in published():
        found = diagnosis_of(word)
        for text in (found.cause, found.fix):
            assert "{" not in text
            assert "the provider" not in text
        assert bool(found.sip_status) == bool(re.search(r"sip-\d", word)), word


# ----------------------------------------------------------------------------------------------- the texts are in shape


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.pattern)
def test_texts_are_complete_sentences(row: Reason) -> None:
    assert row.outcome in t.get_args(ended_reasons.Outcome)
    assert row.area in t.get_args(ended_reasons.Area)
    assert row.cause
    for text in (row.cause, row.fix):
        filled = text.replace("{provider}", "Anthropic (Bedrock)").replace("{reason}", "x" * 120)
        assert len(filled) <= 300, f"{len(filled)} characters: {filled}"
        assert text == " ".join(text.split())
        assert not text or text.endswith(".")
        assert not re.search(r"\bplease\b|!|\b\w+n't\b|http", text, re.IGNORECASE)
        assert not set(re.findall(r"{\w*}?", text)) - {"{provider}", "{reason}"}
    # One sentence says what happened, and one to three short ones what to do.
    assert len(re.findall(r"[.?](?= [A-Z]|$)", row.cause)) == 1
    assert len(re.findall(r"[.?](?= |$)", row.fix)) <= 3
    if row.outcome == "failed":
        assert row.fix
    if not row.fix:
        assert not row.option
    for tag in row.source.split("; "):
        assert tag in {"OA", "SDK", "INF"} or re.fullmatch(r"DOC [a-z0-9]+(-[a-z0-9]+)*( \d{4}-\d\d-\d\d)?", tag)


def test_normal_ends_have_no_fix() -> None:
    for word in ("customer-ended-call", "assistant-ended-call", "customer-did-not-answer", "customer-busy"):
        assert diagnosis_of(word).fix == ""


def test_imports_only_the_standard_library() -> None:
    source = pathlib.Path(ended_reasons.__file__).read_text(encoding="utf-8")
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


# ---------------------------------------------------------------------------------------------------- the options exist


def merged(documentation: dict[str, t.Any]) -> dict[str, t.Any]:
    """Options of a module, those of our fragments included."""
    options: dict[str, t.Any] = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        if fragment.startswith(COLLECTION):
            file, _dot, variable = fragment.removeprefix(COLLECTION).partition(".")
            module = importlib.import_module(f"{PACKAGE}doc_fragments.{file}")
            text = getattr(module.ModuleDocFragment, variable.upper() or "DOCUMENTATION")
            options |= (yaml.safe_load(text) or {}).get("options") or {}
    return options | (documentation.get("options") or {})


@functools.cache
def options_of(module: str) -> dict[str, t.Any]:
    path = ROOT / "plugins" / "modules" / f"{module}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            documentation = yaml.safe_load(ast.literal_eval(node.value))
            return merged(documentation)
    raise AssertionError(f"{module} has no documentation")


def paths_in(options: dict[str, t.Any], before: str = "") -> Iterator[str]:
    for name, option in options.items():
        yield f"{before}{name}"
        yield from paths_in(option.get("suboptions") or {}, f"{before}{name}.")


NAMED = sorted({option for row in ALL for option in row.option.split(", ") if option})
#: Modules of the interface; a text names no other.
MODULES = {
    *("vapi_sip_trunk", "vapi_phone_number", "vapi_assistant", "vapi_transfer_tool", "vapi_call", "vapi_campaign"),
    *("vapi_assistant_info", "didlogic_forward", "didlogic_sip_account", "didlogic_account_info", "didlogic_call_info"),
    *("vapi_call_info", "sip_probe", "routing_audit"),
}


@pytest.mark.parametrize("option", NAMED)
def test_referenced_options_exist(option: str) -> None:
    module, _dot, path = option.partition(".")
    assert module in MODULES
    assert path in set(paths_in(options_of(module)))


def test_texts_name_the_options() -> None:
    """People and playbooks are told the same: each option's module and word stand in the fix."""
    missing = []
    for row in ALL:
        for option in filter(None, row.option.split(", ")):
            module, *path = option.split(".")
            words = set(re.findall(r"\w+", row.fix))
            if module not in words or not words & {path[0], path[-1]}:
                missing.append((row.pattern, option))
    assert missing == []


def test_options_in_texts_exist() -> None:
    """Each ``module: option`` of a text is one, at whatever depth; and so is each module that a text names."""
    for row in ALL:
        for module in re.findall(r"\b(?:vapi|didlogic)_\w+|\bsip_probe\b|\brouting_audit\b", row.fix):
            assert module in MODULES or module in {"didlogic_api_key", "vapi_trunk_id"}
        for module, word in re.findall(r"\b((?:vapi|didlogic)_\w+|sip_probe): (\w+)", row.fix):
            leaves = {path.rpartition(".")[2] for path in paths_in(options_of(module))}
            assert word in leaves, (row.pattern, module, word)


# ---------------------------------------------------------------------------------------------------------- examples


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_running_call_has_no_diagnosis(reason: str | None) -> None:
    assert diagnose(reason) is None


@pytest.mark.parametrize(
    ("reason", "outcome", "area", "option", "status"),
    [
        (f"{PROVIDER_STATUS}403-forbidden", "failed", "trunk", "didlogic_sip_account.allowed_ips", 403),
        (f"{PROVIDER_STATUS}407-proxy-authentication-required", "failed", "trunk", "vapi_sip_trunk.password", 407),
        (f"{PROVIDER_STATUS}408-request-timeout", "failed", "trunk", "vapi_sip_trunk.gateways", 408),
        (f"{PROVIDER_STATUS}480-temporarily-unavailable", "unanswered", "customer", "", 480),
        (f"{PROVIDER_STATUS}503-service-unavailable", "failed", "trunk", "didlogic_sip_account.max_channels", 503),
        ("call.start.error-get-phone-number", "failed", "phone number", "vapi_phone_number.number", None),
        ("call.start.error-get-transport", "failed", "trunk", "vapi_phone_number.trunk", None),
        (
            "call-start-error-neither-assistant-nor-server-set",
            "failed",
            "phone number",
            "vapi_phone_number.assistant",
            None,
        ),
        (
            "call.start.error-subscription-concurrency-limit-reached",
            "failed",
            "limits",
            "vapi_campaign.max_concurrency",
            None,
        ),
        ("call.start.error-vapi-number-international", "failed", "phone number", "vapi_call.phone_number", None),
        (
            "call.in-progress.error-sip-outbound-call-failed-to-connect",
            "failed",
            "trunk",
            "vapi_sip_trunk.outbound_leading_plus_enabled",
            None,
        ),
        (
            "call.in-progress.error-sip-inbound-call-failed-to-connect",
            "failed",
            "telephony",
            "vapi_sip_trunk.gateways.ip",
            None,
        ),
        ("call.forwarding.operator-busy", "unanswered", "transfer", "vapi_transfer_tool.destinations", None),
        ("call.ringing.hook-executed-transfer", "transferred", "phone number", "vapi_phone_number.hooks", None),
        ("scheduled-call-deleted", "cancelled", "campaign", "vapi_call.schedule_at", None),
        ("manually-canceled", "cancelled", "telephony", "", None),
        ("voicemail", "unanswered", "customer", "vapi_assistant.definition", None),
        ("customer-ended-call", "answered", "customer", "", None),
        ("call.in-progress.sip-completed-call", "answered", "telephony", "didlogic_sip_account.max_call_seconds", None),
        ("pipeline-error-cartesia-transcriber-failed", "failed", "transcriber", "vapi_assistant.definition", None),
        ("pipeline-error-cartesia-503-server-error", "failed", "voice", "vapi_assistant.definition", None),
        ("pipeline-error-playht-401-unauthorized", "failed", "voice", "vapi_assistant.definition", None),
        ("pipeline-error-openai-401-incorrect-api-key", "failed", "model", "vapi_assistant.definition", None),
    ],
)
def test_diagnosis_of_examples(reason: str, outcome: str, area: str, option: str, status: int | None) -> None:
    found = diagnosis_of(reason)
    assert (found.outcome, found.area, found.sip_status) == (outcome, area, status)
    assert option in found.option.split(", ")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("pipeline-error-anthropic-bedrock-llm-failed", "model of Anthropic (Bedrock) failed"),
        ("pipeline-error-anthropic-llm-failed", "model of Anthropic failed"),
        ("call.in-progress.error-providerfault-azure-openai-500-server-error", "model of Azure OpenAI"),
        ("call.in-progress.error-vapifault-eleven-labs-voice-not-found", "provider ElevenLabs does not have the voice"),
        ("pipeline-error-custom-llm-llm-failed", "model of your own server failed"),
        ("pipeline-error-next-big-thing-llm-failed", "model of next-big-thing failed"),
        ("call.in-progress.error-vapifault-next-thing-transcriber-failed", "transcriber of next-thing failed"),
    ],
)
def test_cause_contains_the_provider(reason: str, words: str) -> None:
    assert words in diagnosis_of(reason).cause


def test_organization_key_and_vapi_key_have_different_fixes() -> None:
    own = diagnosis_of("pipeline-error-openai-429-exceeded-quota")
    theirs = diagnosis_of("call.in-progress.error-vapifault-openai-429-exceeded-quota")
    assert own.fix.startswith("Top up")
    assert "Vapi's own account" in theirs.cause


# ------------------------------------------------------------------------------------------------------- SIP statuses


@pytest.mark.parametrize("status", [401, 403, 404, 406, 407, 408, 415, 480, 481, 484, 486, 487, 488, 500, 501, 502])
def test_sip_statuses_of_the_trunk(status: int) -> None:
    assert f"SIP {status}" in OUTBOUND[status].cause


def test_status_tables_are_consistent() -> None:
    for way, table in STATUSES.items():
        assert way
        for status, row in table.items():
            assert status in PHRASES
            assert f"(SIP {status})" in row.cause
            assert f"sip-{status}" in row.pattern
            assert not row.sip
    assert {503, 504, 600, 603, 604, 606} <= set(OUTBOUND)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("SIP 486", 486),
        ("SIP/2.0 404 Not Found", 404),
        ("sip:503", 503),
        ("SIP call failed with status 603.", 603),
        ('Reason: SIP;cause=480;text="Temporarily unavailable"', 480),
        ("Provider answered: 407 Proxy Authentication Required", 407),
        ('got "500 Internal Server Error"', 500),
        ("486 Busy here", 486),
        ("status code: 404", 404),
        ("SIP response code: 488", 488),
        ("481 Call/Transaction Does Not Exist", 481),
        ("SIP 418 I am a teapot", 418),
        ("", None),
        ("Call failed.", None),
        ("SIP/2.0 200 OK", None),
        ("sip:+31207001404@sip.nl.didlogic.net", None),
        ("sip:404@sip.nl.didlogic.net", None),
        ("SIP gateway 44.229.228.186:5060", None),
        ("No answer to SIP INVITE after 480 seconds", None),
        ("SIP timeout 500ms", None),
        ("SIP trunk 486a1b2c-0000-4000-8000-000000000000", None),
        ("Waited 600 times", None),
        ("Q.850;cause=16", None),
    ],
)
def test_sip_status_is_read_from_the_message(message: str, status: int | None) -> None:
    assert status_in(message) == status


def test_message_refines_a_generic_reason() -> None:
    reason = "call.in-progress.error-sip-outbound-call-failed-to-connect"
    found = diagnosis_of(reason, "SIP 404 Not Found")
    assert (found.cause, found.sip_status) == (OUTBOUND[404].cause, 404)
    assert "vapi_sip_trunk.outbound_leading_plus_enabled" in found.option
    assert diagnosis_of(reason, "SIP 486 Busy Here").outcome == "unanswered"
    # A status without a row stays as a fact beside the general words.
    found = diagnosis_of(reason, "SIP 418 I am a teapot")
    assert (found.cause, found.sip_status) == (find_row(reason).cause, 418)


def test_inbound_call_has_another_fix_for_the_same_status() -> None:
    found = diagnosis_of("call.ringing.error-sip-inbound-call-failed-to-connect", "SIP 401 Unauthorized")
    assert "vapi_sip_trunk.gateways.ip" in found.option
    assert "password" not in found.fix
    assert (
        "vapi_phone_number.number"
        in diagnosis_of("call.in-progress.error-sip-inbound-call-failed-to-connect", "404 Not found").option
    )


def test_message_does_not_override_a_specific_reason() -> None:
    found = diagnosis_of(f"{PROVIDER_STATUS}403-forbidden", "SIP 486 Busy Here")
    assert (found.cause, found.sip_status) == (OUTBOUND[403].cause, 403)
    assert diagnosis_of("customer-busy", "SIP 486").sip_status == 486


def test_model_status_is_not_a_sip_status() -> None:
    found = diagnosis_of("pipeline-error-openai-401-unauthorized", "status code 401: 401 Unauthorized")
    assert found.sip_status is None
    assert found.area == "model"


# --------------------------------------------------------------------------------------------------------- transfers

LEG = {"transfer_leg": True}
NO_LEG = {"transfer_leg": False}
UNCLEAR = {"transfer_leg": None}


def sent(*words: str | None) -> list[dict[str, t.Any]]:
    return [{"destination": {"type": "number"}, **({"status": word} if word else {})} for word in words]


@pytest.mark.parametrize(
    ("transfers", "carrier", "outcome", "words"),
    [
        ((), None, "transferred", "does not prove"),
        (sent(None), None, "transferred", "does not prove"),
        ((), UNCLEAR, "transferred", "do not show whether"),
        ((), {}, "transferred", "do not show whether"),
        ((), LEG, "transferred", "contain the leg to the target"),
        ((), NO_LEG, "failed", "no phone rang"),
        (sent("connected"), None, "transferred", "was connected"),
        (sent("completed"), UNCLEAR, "transferred", "was completed"),
        (sent("connected"), NO_LEG, "failed", "only knows the request"),
        (sent("busy"), None, "unanswered", "busy"),
        (sent("no-answer"), LEG, "unanswered", "nobody answered"),
        (sent("voicemail"), None, "unanswered", "voicemail"),
        (sent("failed"), None, "failed", "transfer failed"),
        (sent("failed"), LEG, "transferred", "contain the leg"),
        (sent("cancelled"), None, "cancelled", "was cancelled"),
        (sent("no-answer", "connected"), None, "transferred", "was connected"),
        (sent("connected", None), None, "transferred", "was connected"),
        (sent("something-new"), None, "transferred", "does not prove"),
    ],
)
def test_diagnosis_of_transferred_calls(transfers: t.Any, carrier: t.Any, outcome: str, words: str) -> None:
    found = diagnosis_of(FORWARDED, transfers=transfers, carrier=carrier)
    assert found.outcome == outcome
    assert found.area == "transfer"
    assert words in found.cause


def test_transferred_call_without_evidence_names_the_api_key() -> None:
    assert "didlogic_api_key" in diagnosis_of(FORWARDED).fix
    assert "didlogic_api_key" not in diagnosis_of(FORWARDED, carrier=UNCLEAR).fix
    assert diagnosis_of(FORWARDED, carrier=LEG).fix == ""


def test_unanswered_transfer_names_three_fixes() -> None:
    found = diagnosis_of(FORWARDED, carrier=NO_LEG)
    for word in ("SIP REFER", "sip_uri", "sip_verb: dial"):
        assert word in found.fix
    assert "vapi_transfer_tool.destinations.sip_verb" in found.option


def test_diagnosis_of_failed_transfer() -> None:
    assert "SIP REFER" in diagnosis_of(TRANSFER_FAILED).fix
    assert diagnosis_of(TRANSFER_FAILED, transfers=sent("busy")).outcome == "unanswered"
    assert diagnosis_of(TRANSFER_FAILED, carrier=LEG).outcome == "failed"
    found = diagnosis_of(TRANSFER_FAILED, "REFER was answered with SIP 603 Decline")
    assert (found.cause, found.sip_status) == (TRANSFER[603].cause, 603)


def test_transfer_of_a_hook_names_the_hook() -> None:
    found = diagnosis_of("call.ringing.hook-executed-transfer", transfers=sent("no-answer"))
    assert found.outcome == "unanswered"
    assert "vapi_phone_number.hooks" in found.option
    assert "vapi_transfer_tool" not in found.fix
    assert "hook" in diagnosis_of("call.ringing.hook-executed-transfer", carrier=UNCLEAR).cause


# ---------------------------------------------------------------------------------------------------- what comes later


def test_unknown_reason_is_reported_as_unknown() -> None:
    found = diagnosis_of("moon-in-the-way")
    assert "The ended reason moon-in-the-way is unknown" in found.cause
    assert found.fix
    assert len(diagnosis_of("x\n" * 1000).cause) <= 300


@pytest.mark.parametrize(
    ("reason", "status", "words"),
    [
        (f"{PROVIDER_STATUS}486-busy-here", 486, "busy"),
        (f"{PROVIDER_STATUS}486-in-other-words", 486, "busy"),
        (f"{PROVIDER_STATUS}499-in-other-words", 499, "rejected the request (SIP 499)"),
        ("something.new-sip-302-moved", 302, "redirected the call"),
        ("call.in-progress.error-vapifault-inbound-sip-401-unauthorized", 401, "did not recognise the source address"),
    ],
)
def test_unknown_reason_with_sip_status_is_diagnosed(reason: str, status: int, words: str) -> None:
    found = diagnosis_of(reason)
    assert found.sip_status == status
    assert words in found.cause


@pytest.mark.parametrize(
    ("reason", "area"),
    [
        ("twilio-something", "telephony"),
        ("call.in-progress.telnyx-completed-call", "telephony"),
        ("call.start.error-subscription-on-holiday", "limits"),
        ("call.start.error-get-weather", "assistant"),
        ("call.in-progress.error-warm-transfer-rain", "transfer"),
        ("call.in-progress.error-vapifault-rain", "vapi"),
        ("call.in-progress.error-providerfault-rain", "vapi"),
        ("pipeline-error-rain", "model"),
    ],
)
def test_new_reasons_of_a_known_kind_are_diagnosed(reason: str, area: str) -> None:
    found = diagnosis_of(reason)
    assert found.area == area
    assert reason in found.cause
    assert found.fix


@given(st.text(min_size=1, max_size=60) | st.from_regex(r"[a-z]+([.-][a-z0-9]+){0,6}", fullmatch=True))
def test_unknown_reason_has_outcome_unknown(reason: str) -> None:
    """Whatever word comes next, the collection does not claim to know what became of the call."""
    if find_row(reason.strip()) is UNKNOWN and reason.strip() and not re.search(r"sip-[3-6]\d\d(?!\d)", reason):
        assert diagnosis_of(reason).outcome == "unknown"
        assert not is_outage(reason)


@pytest.mark.parametrize("row", ended_reasons.AFTER_START, ids=lambda row: row.pattern)
def test_new_reason_of_a_family_is_failed_only_if_named_failed(row: Reason) -> None:
    """A family tells where to look. Whether the call failed is in the word itself, or nobody knows."""
    for end in ("completed", "answered", "rain", "error-rain", "failed", "invalid-rain"):
        word = row.pattern.replace("*", end if row.pattern.endswith("*") else "call.in-progress.")
        if find_row(word) is row:
            says = re.search("error|fail|fault|invalid|reject", word)
            assert diagnosis_of(word).outcome == ("failed" if says else "unknown"), word


# ------------------------------------------------------------------------------------------------------------ outages

#: What a caller, a carrier, a customer or the organisation itself decides, as Vapi's words for it have it.
PROVOKED = re.compile(
    r"customer|caller|silence|audio|microphone|duration|voicemail|transfer|forward|hook|operator|transport|websocket|sip-"
    r"|twilio|vonage|telnyx|assistant|phone|limit|quota|credit|payment|subscription-|fraud|manually|deleted|worker-died"
    r"|worker-shutdown|invalid|not-found|validation|unauthorized|denied|blocked|busy|-4\d\d|-500-|-504-|timed-out|canceled"
    r"|llm-failed|voice-failed|transcriber-failed|video-failed|unexpected|econnreset|hang-up|custom-|runpod|baseten|anyscale"
)


def test_outages_cannot_be_caused_by_callers() -> None:
    """Held against every published reason: an automatic action may follow from an outage."""
    outages = [word for word in published() if is_outage(word)]
    assert len(outages) > 40
    assert [word for word in outages if PROVOKED.search(word)] == []
    assert {diagnosis_of(word).outcome for word in outages} == {"failed"}
    assert {diagnosis_of(word).area for word in outages} == {"vapi", "model", "voice", "transcriber"}


def test_outages_are_published_and_of_another_server() -> None:
    assert not OUTAGES - {*published(), *NEWER}
    assert [word for word in OUTAGES if "{reason}" in find_row(word).cause] == []
    # Every published word for a gateway that is down counts, except for servers of the organisation.
    gateways = {word for word in published() if re.search(r"-(502|503|522)-", word) and "sip-" not in word}
    assert {word for word in gateways - OUTAGES if not re.search("-(anyscale|baseten|custom|runpod)-", word)} == set()


def mutated(word: str) -> Iterator[str]:
    """Words that are similar to a reason: with other separators, other cases, and parts left out, added or repeated."""
    parts = re.split(r"([.-])", word)
    yield from (
        word.upper(),
        word.replace("-", "_"),
        word.replace("-", "."),
        word + "-",
        "-" + word,
        word[1:],
        word[:-1],
    )
    yield from (
        f"{word}-rain",
        f"rain-{word}",
        word + word,
        re.sub(r"\d{3}", "599", word),
        word.replace("error", "failed"),
    )
    for at in range(0, len(parts), 2):
        for new in ([], [parts[at] + "s"], ["custom_llm"], [parts[at], "-", "rain"], [parts[at].title()]):
            yield "".join([*parts[:at], *new, *parts[at + 1 :]])


def test_words_similar_to_a_published_reason_are_no_outages() -> None:
    known = {*published(), *NEWER}
    tried = {other for word in known for other in mutated(word)} - known
    assert len(tried) > 10_000
    assert [word for word in tried if is_outage(word)] == []
    assert all(is_outage(f" {word} ") for word in OUTAGES)


@pytest.mark.parametrize("reason", [None, "", " "])
def test_running_call_is_no_outage(reason: str | None) -> None:
    assert not is_outage(reason)


def test_diagnosis_is_plain_data() -> None:
    found = diagnosis_of("customer-ended-call")
    assert json.loads(json.dumps(dataclasses.asdict(found))) == {
        "outcome": "answered",
        "area": "customer",
        "cause": "The customer hung up.",
        "fix": "",
        "option": "",
        "sip_status": None,
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.cause = "Rain."  # type: ignore[misc]

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One contract for all resources: what a row of facts says stands in modules, documentation and Vapi's API alike."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pathlib
import pkgutil
import types
import typing as t

import pytest
import yaml

from ansible_collections.voiceops.vapi_didlogic.plugins import module_utils
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import entrypoints
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    RunState,
    desired_from_options,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields, names_fact
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_keyed import plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    BaseResource,
    OneShotResource,
    Resource,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "voiceops.vapi_didlogic."
PACKAGE = f"ansible_collections.{COLLECTION}plugins."
#: Vapi's published description, kept beside the repository.
OPENAPI = pathlib.Path(os.environ.get("VAPI_OPENAPI", ROOT.parent / "shared" / "apis" / "vapi.openapi.json"))


def collected() -> dict[str, Resource]:
    """Every row of facts that stands in a facts module."""
    found: dict[str, Resource] = {}
    for folder in ("_vapi", "_didlogic", "_topology"):
        for path in module_utils.__path__:
            for item in pkgutil.iter_modules([str(pathlib.Path(path) / folder)]):
                module = importlib.import_module(f"{PACKAGE}module_utils.{folder}.{item.name}")
                found |= {row.name: row for row in vars(module).values() if isinstance(row, BaseResource)}
    return found


RESOURCES = collected()
#: Not managed and not listed by a module of their own: other resources refer to them.
REFERRED = {"tool", "squad", "workflow"}
#: Read only.
READ = {"number", "account", "call_record"}
INFO = {"forward": "didlogic_number_info", "call_record": "didlogic_call_info"}
BULK = {"phone_number": ("vapi_phone_numbers", "numbers"), "forward": ("didlogic_forwards", "forwards")}
NOUNS = sorted(set(RESOURCES) - REFERRED)
#: Answers with everything that an item may be made of, where a function makes the item.
FULL: dict[str, dict[str, t.Any]] = {
    "call": {
        "id": "1", "type": "outboundPhoneCall", "status": "ended", "name": "x", "assistantId": "2", "squadId": "3",
        "workflowId": "4", "phoneNumberId": "5", "campaignId": "6",
        "assistantVersion": "v1", "squadVersion": "v1", "cost": 0.1, "endedReason": "customer-busy",
        "endedMessage": "x", "createdAt": "2026-01-02T03:04:05Z", "startedAt": "2026-01-02T03:04:06Z",
        "endedAt": "2026-01-02T03:04:07Z", "customer": {"number": "+31201234567"},
        "schedulePlan": {"earliestAt": "2026-01-02T03:04:05Z", "latestAt": "2026-01-02T04:04:05Z"},
        "analysis": {"summary": "x", "successEvaluation": "true"}, "artifact": {"recordingUrl": "https://example.com/"},
        "assistantOverrides": {"metadata": {"voiceops_idempotency_key": "x"}},
    },
    "campaign": {
        "id": "1", "name": "x", "status": "ended", "endedReason": "campaign.ended.success", "assistantId": "2",
        "squadId": "3", "workflowId": "4", "phoneNumberId": "5", "maxConcurrency": 1, "customers": [],
        "schedulePlan": {"earliestAt": "2026-01-02T03:04:05Z", "latestAt": "2026-01-02T04:04:05Z"},
        "callsCounterEnded": 1, "createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-02T03:04:05Z",
    },
}  # fmt: skip
#: What a forward shows is made by a function, not read from a record.
DESTINATION = {"id", "number", "destination", "kind", "priority", "active", "call_hunt", "position"}


def module_of(noun: str) -> str:
    return f"{RESOURCES[noun].provider.name}_{noun}"


def info_of(noun: str) -> str:
    return INFO.get(noun, f"{module_of(noun)}_info")


def modules_of(noun: str) -> list[str]:
    names = [] if noun in READ else [module_of(noun)]
    return [*names, info_of(noun), *([BULK[noun][0]] if noun in BULK else [])]


MODULES = sorted({name for noun in NOUNS for name in modules_of(noun)})


def text_of(name: str, part: str) -> t.Any:
    """A part of a module's documentation; skips visibly while it is empty."""
    module = importlib.import_module(f"{PACKAGE}modules.{name}")
    read = yaml.safe_load(getattr(module, part))
    if not read:
        pytest.skip(f"{name} has no {part} yet")
    return read


def documented(name: str, part: str = "options") -> dict[str, t.Any]:
    """A module's documented options or attributes, those of its fragments included."""
    documentation = text_of(name, "DOCUMENTATION")
    found: dict[str, t.Any] = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        if not fragment.startswith(COLLECTION):
            continue
        file, _dot, variable = fragment.removeprefix(COLLECTION).partition(".")
        module = importlib.import_module(f"{PACKAGE}doc_fragments.{file}")
        text = getattr(module.ModuleDocFragment, variable.upper() or "DOCUMENTATION")
        found |= (yaml.safe_load(text) or {}).get(part, {})
    return found | documentation.get(part, {})


def derived(name: str) -> dict[str, t.Any]:
    """The argument spec that a module gives to Ansible."""
    seen: list[dict[str, t.Any]] = []

    class Seen(Exception):
        """Enough."""

    def spy(spec: dict[str, t.Any], *_more: t.Any) -> t.NoReturn:
        seen.append(spec)
        raise Seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entrypoints, "Module", spy)
        with pytest.raises(Seen):
            importlib.import_module(f"{PACKAGE}modules.{name}").main()
    return seen[0]


# --------------------------------------------------------------------------------------------------------- the modules


def test_every_row_is_known() -> None:
    assert set(RESOURCES) == REFERRED | READ | {
        "sip_trunk", "phone_number", "assistant", "transfer_tool", "forward", "sip_account", "call", "campaign",
    }  # fmt: skip
    files = {path.stem for path in ROOT.glob("plugins/modules/[a-z]*.py")}
    assert set(MODULES) <= files


@pytest.mark.parametrize("noun", NOUNS)
def test_modules_exist_and_belong_to_their_group(noun: str) -> None:
    resource = RESOURCES[noun]
    path = ROOT / "meta" / "runtime.yml"
    groups = yaml.safe_load(path.read_text())["action_groups"] if path.exists() else None
    for name in modules_of(noun):
        assert (ROOT / "plugins" / "modules" / f"{name}.py").is_file()
        assert groups is None or name in groups[resource.provider.name]
    if noun in REFERRED:
        assert not (ROOT / "plugins" / "modules" / f"{module_of(noun)}.py").exists()


@pytest.mark.parametrize("noun", sorted(RESOURCES))
def test_a_row_names_what_exists(noun: str) -> None:
    resource = RESOURCES[noun]
    known = fields(resource.record)
    assert resource.view.single or all(key in known for key in resource.keys)
    assert all(choice in known for choice in resource.choices)
    exclusive_by, replacement = getattr(resource, "exclusive_by", None), getattr(resource, "replacement", None)
    assert exclusive_by is None or known[exclusive_by].option.ref
    assert replacement is None or replacement.field in {field.api_name.split(".")[0] for field in known.values()}
    for field in known.values():
        assert not field.option.paired_with or field.option.paired_with in known
        assert field.option.ref is None or isinstance(field.option.ref, BaseResource)
    assert not set(resource.read_only_fields) & set(known), "a fact is no option"


# --------------------------------------------------------------------------------------------------- the documentation


COMPARED = ("default", "choices", "elements", "aliases")


def compared(spec: dict[str, t.Any], documented_: dict[str, t.Any], where: str) -> t.Iterator[str]:
    """How the options that are documented differ from those that a module has."""
    for name in sorted(spec.keys() ^ documented_.keys()):
        yield f"{where}{name}: " + ("not documented" if name in spec else "documented, but no option")
    for name in sorted(spec.keys() & documented_.keys()):
        has, says = spec[name], documented_[name]
        for key, default in {"type": "str", "required": False}.items() | dict.fromkeys(COMPARED).items():
            if has.get(key, default) != says.get(key, default):
                yield f"{where}{name}: {key} is {has.get(key, default)!r}, documented {says.get(key, default)!r}"
        if has.get("options"):
            yield from compared(has["options"], says.get("suboptions", {}), f"{where}{name}.")
        if not says.get("description"):
            yield f"{where}{name}: no description"


@pytest.mark.parametrize("name", MODULES)
def test_options_are_documented_as_they_are(name: str) -> None:
    options = documented(name)
    assert list(compared(derived(name), options, "")) == []


@pytest.mark.parametrize("name", MODULES)
def test_environment_variables_are_documented(name: str) -> None:
    options = documented(name)
    for option, spec in derived(name).items():
        if "fallback" in spec:
            said = json.dumps(options[option])
            assert all(variable in said for variable in spec["fallback"][1]), f"{name}: {option}"


@pytest.mark.parametrize("name", MODULES)
def test_attributes_are_documented(name: str) -> None:
    attributes = documented(name, "attributes")
    assert {"check_mode", "diff_mode", "idempotent", "action_group"} <= set(attributes)
    group = name.split("_", maxsplit=1)[0]
    assert f"{COLLECTION}{group}" in attributes["action_group"].get("membership", [])
    assert attributes["check_mode"]["support"] == "full"


def shown_fields(noun: str) -> set[str]:
    """The keys of an item that a module returns."""
    resource = RESOURCES[noun]
    if noun == "forward":
        return set(DESTINATION)
    if isinstance(resource, OneShotResource) and resource.view.to_result:
        item = resource.view.to_result(FULL[noun], types.SimpleNamespace(show_recording=False))
        facts = {"left_out": 0, "estimate": {}}
        return set(resource.merge_results([item], facts) if resource.merge_results else item)
    if resource.view.to_result:
        return {"number", "destinations"}
    if resource.view.single:
        return set(fields(resource.record))
    options = {name for name, field in fields(resource.record).items() if not field.option.secret}
    named = [field for field in fields(resource.record).values() if field.option.ref and field.option.ref.path]
    return {"id"} | options | set(resource.read_only_fields) | {names_fact(field) for field in named}


def secret_fields(record: type[Model]) -> set[str]:
    return {name for name, field in fields(record).items() if field.option.secret}


def returned(name: str, key: str) -> tuple[dict[str, t.Any], set[str]]:
    """What RETURN says of a key, and the keys of the item that it lists or shows."""
    said = text_of(name, "RETURN")
    assert key in said, f"{name} does not document {key}"
    sample = said[key].get("sample", {})
    items = sample if isinstance(sample, list) else [sample]
    return said[key], set(said[key].get("contains", {})).union(*(set(item) for item in items if isinstance(item, dict)))


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in READ])
def test_what_a_module_returns_is_documented(noun: str) -> None:
    resource = RESOURCES[noun]
    said, keys = returned(module_of(noun), noun)
    assert said["type"] == "dict"
    assert keys == shown_fields(noun)
    assert not keys & (secret_fields(resource.record) | secret_fields(resource.options))
    assert set(said["contains"]) == keys, "each key is described"


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in INFO])
def test_what_an_info_module_returns_is_documented(noun: str) -> None:
    """An item has the keys of the noun's module, to which the documentation may point."""
    resource = RESOURCES[noun]
    said, keys = returned(info_of(noun), noun if resource.view.single else resource.plural)
    assert said["type"] == ("dict" if resource.view.single else "list")
    assert resource.view.single or said["elements"] == "dict"
    pointer = f"{COLLECTION}{module_of(noun)}#module:{noun}" in json.dumps(said["description"])
    assert pointer or keys >= shown_fields(noun)
    assert not keys & (secret_fields(resource.record) | secret_fields(resource.options))


CHANGING = [
    *(module_of(noun) for noun in NOUNS if noun not in READ),
    *(name for name, _ in BULK.values()),
    "integration",
]


@pytest.mark.parametrize("name", CHANGING)
def test_return_value_changes_is_documented(name: str) -> None:
    documented, keys = returned(name, "changes")
    assert (documented["type"], documented["elements"]) == ("list", "dict")
    assert keys == set(documented["contains"]) == {"kind", "name", "action", "before", "after"}


@pytest.mark.parametrize("noun", BULK)
def test_what_a_bulk_module_returns_is_documented(noun: str) -> None:
    name, _option = BULK[noun]
    said = text_of(name, "RETURN")
    assert {RESOURCES[noun].plural, "summary", "failures"} <= set(said)
    assert set(said["summary"]["contains"]) == {"created", "updated", "deleted", "unchanged", "failed"}
    assert set(said["failures"]["contains"]) == {"item", "message"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_tasks_that_the_module_takes(name: str) -> None:
    tasks = text_of(name, "EXAMPLES")
    assert isinstance(tasks, list)
    spec, used = derived(name), 0
    for task in walked(tasks):
        assert task.get("name"), "a task has a name"
        if COLLECTION + name not in task:
            continue
        used += 1
        given = task[COLLECTION + name] or {}
        assert set(given) <= set(spec), f"{name}: {set(given) - set(spec)}"
        for option, value in given.items():
            assert not (spec[option].get("no_log") and "{{" not in str(value)), f"{name}: {option} is a secret in clear"
            inner = spec[option].get("options")
            for item in value if isinstance(value, list) else [value]:
                if inner and isinstance(item, dict):
                    assert set(item) <= set(inner), f"{name}: {option}: {set(item) - set(inner)}"
    assert used, f"{name} has no example of its own"


def walked(tasks: t.Iterable[t.Any]) -> t.Iterator[dict[str, t.Any]]:
    """Tasks, those of plays and blocks included."""
    for task in tasks:
        inner = [*task.get("tasks", []), *task.get("block", [])]
        if inner:
            yield from walked(inner)
        else:
            yield task


# ---------------------------------------------------------------------------------------------------------- Vapi's API

DTO = {
    "SipTrunk": ("CreateByoSipTrunkCredentialDTO", "UpdateByoSipTrunkCredentialDTO"),
    "Gateway": ("SipTrunkGateway",),
    "Register": ("SipTrunkOutboundSipRegisterPlan",),
    "PhoneNumber": ("CreateByoPhoneNumberDTO", "UpdateByoPhoneNumberDTO"),
    "Assistant": ("CreateAssistantDTO", "UpdateAssistantDTO"),
    "TransferTool": ("CreateTransferCallToolDTO", "UpdateTransferCallToolDTO"),
    "Customer": ("CreateCustomerDTO",),
}
#: Bodies whose fields move when they are sent; see the tests below.
MADE = {"Destination", "ToolDestination", "Call", "Campaign", "Contact"}
INNER = {
    "outboundAuthenticationPlan": "SipTrunkOutboundAuthenticationPlan",
    "model": "OpenAIModel",
    "transferPlan": "TransferPlan",
}
#: Guides show it and answers carry it, though the published schema leaves it out.
UNPUBLISHED = {"function.name", "function.description", "function.parameters"}


@pytest.fixture(scope="module")
def schemas() -> dict[str, t.Any]:
    if not OPENAPI.is_file():
        pytest.skip(f"Vapi's description is not at {OPENAPI}; set VAPI_OPENAPI")
    found: dict[str, t.Any] = json.loads(OPENAPI.read_text())["components"]["schemas"]
    return found


def vapi_records() -> dict[str, type[Model]]:
    found: dict[str, type[Model]] = {}

    def add(record: type[Model]) -> None:
        found[record.__name__] = record
        for field in fields(record).values():
            if field.nested:
                add(field.nested)

    for noun in NOUNS:
        if RESOURCES[noun].provider.name == "vapi":
            add(RESOURCES[noun].record)
    return found


def test_every_record_has_a_description() -> None:
    assert set(vapi_records()) == {*DTO, *MADE}


@pytest.mark.parametrize(("name", "dto"), [(name, dto) for name, dtos in DTO.items() for dto in dtos])
def test_names_on_the_wire_are_those_of_the_published_schema(schemas: dict[str, t.Any], name: str, dto: str) -> None:
    known = schemas[dto]["properties"]
    for field in fields(vapi_records()[name]).values():
        top, *rest = field.api_name.split(".")
        if field.api_name in UNPUBLISHED or top == "*":
            continue
        assert top in known, f"{name}.{field.name}: {top}"
        if rest:
            assert rest[0] in schemas[INNER[top]]["properties"], f"{name}.{field.name}: {field.api_name}"
        allowed = known[top].get("enum")
        assert not field.choices or set(field.choices) <= set(allowed or field.choices)


Variants = dict[str, dict[str, t.Any]]


def unions(schemas: dict[str, t.Any], name: str) -> dict[str, Variants]:
    """Each union of objects in the schema ``name`` that no list contains, by its dotted place: an object of each
    variant with all its fields, by the variant's name."""
    found: dict[str, Variants] = {}

    def walk(schema: t.Any, place: str, inside: frozenset[str]) -> None:
        if "$ref" in schema:
            inner = schema["$ref"].split("/")[-1]
            if inner not in inside:
                walk(schemas[inner], place, inside | {inner})
            return
        options = schema.get("oneOf", schema.get("anyOf", []))
        objects = [option["$ref"].split("/")[-1] for option in options if "$ref" in option]
        if len(objects) > 1:
            found.setdefault(place, {variant: example(schemas, schemas[variant]) for variant in objects})
        for option in (*options, *schema.get("allOf", ())):
            walk(option, place, inside)
        for key, inner in schema.get("properties", {}).items():
            walk(inner, f"{place}.{key}".lstrip("."), inside)

    walk(schemas[name], "", frozenset())
    return found


def example(schemas: dict[str, t.Any], schema: t.Any, depth: int = 0) -> t.Any:
    """A value of a schema, with every field; what is nested deeper than three objects is left empty."""
    if "$ref" in schema:
        return example(schemas, schemas[schema["$ref"].split("/")[-1]], depth)
    for of in ("allOf", "oneOf", "anyOf"):
        if of in schema:
            return example(schemas, schema[of][0], depth)
    if "enum" in schema:
        return schema.get("example", schema["enum"][0])
    if schema.get("type", "object") == "object":
        inner = schema.get("properties", {}) if depth < 3 else {}
        return {key: example(schemas, item, depth + 1) for key, item in inner.items()} or {"x": 1}
    return {"string": "x", "number": 1, "integer": 1, "boolean": True, "array": []}[schema["type"]]


def test_another_variant_of_a_union_keeps_no_field_of_the_former(schemas: dict[str, t.Any]) -> None:
    """Every union that an assistant holds, from every variant to every other: only what is declared is sent."""
    found, assistant = unions(schemas, "CreateAssistantDTO"), RESOURCES["assistant"]
    assert {"transcriber", "model", "voice", "voicemailDetection", "startSpeakingPlan.smartEndpointingPlan"} <= set(
        found
    )
    assert "compliancePlan.recordingConsentPlan" in found
    for place, variants in found.items():
        top, *path = place.split(".")
        for former, new in itertools.permutations(variants.values(), 2):
            tag = next(tag for tag in ("provider", "type") if tag in new)
            if former[tag] == new[tag]:
                continue  # told apart by nothing
            given, there = {tag: new[tag]}, {**former, "toolIds": None}
            row: dict[str, t.Any] = {"id": "a-1", "name": "R", "model": {"provider": "openai", "model": "gpt-4o"}}
            for step in reversed(path):
                given, there = {step: given}, {step: there}
            row |= {top: there}
            row["model"] = {"provider": "vapi", **row["model"], "toolIds": ["x-1"]}
            made = plan(
                assistant,
                desired_from_options(assistant, {"name": "R", "definition": {top: given}}),
                [row],
                {},
                RunState(),
            )
            (write,) = made.mutations
            sent = dig(write.body, place.split("."))
            kept = {"toolIds": ["x-1"]} if place == "model" else {}
            assert sent == {tag: new[tag], **kept}, f"{place}: {former[tag]} -> {new[tag]}"
            assert set(former) - {tag, "toolIds"} == set() or made.warnings, f"{place}: what goes is named"
            assert dig(write.body, ["model", "toolIds"]) in (["x-1"], None)


def test_a_destination_is_one_of_two_kinds(schemas: dict[str, t.Any]) -> None:
    record = vapi_records()["Destination"]
    full: dict[str, t.Any] = {
        "message": "x", "description": "x", "caller_id": "x", "mode": "blind-transfer", "sip_verb": "dial",
        "transfer_plan": {"timeout": 5},
    }  # fmt: skip
    for own, dto in (
        ({"number": "+31", "extension": "1"}, "TransferDestinationNumber"),
        ({"sip_uri": "sip:a@b", "sip_headers": {"X": "y"}}, "TransferDestinationSip"),
    ):
        schema = schemas[dto]
        sent = to_api(record.model_construct(**full, **own))
        assert set(sent) <= set(schema["properties"])
        assert set(schema.get("required", [])) <= set(sent)
        assert [sent["type"]] == schema["properties"]["type"]["enum"]
        assert set(sent["transferPlan"]) <= set(schemas["TransferPlan"]["properties"])
    modes = schemas["TransferPlan"]["properties"]["mode"]["enum"]
    assert set(fields(record)["mode"].choices) <= set(modes)
    verbs = schemas["TransferPlan"]["properties"]["sipVerb"]["enum"]
    assert set(fields(record)["sip_verb"].choices) == set(verbs)


@pytest.mark.parametrize(
    ("target", "place", "inner"),
    [
        ("assistant", "assistantOverrides", {"variableValues", "metadata", "firstMessage"}),
        ("squad", "squadOverrides", {"variableValues", "metadata", "firstMessage"}),
    ],
)
def test_a_call_is_sent_as_published(schemas: dict[str, t.Any], target: str, place: str, inner: set[str]) -> None:
    options: dict[str, t.Any] = {
        target: "1", "phone_number": "2", "customer": {"number": "+31201234567"}, "variables": {"a": "b"},
        "schedule_at": "2026-01-02T03:04:05Z", "schedule_until": "2026-01-02T04:04:05Z", "idempotency_key": "x",
        "assistant_overrides": {"firstMessage": "x", "metadata": {"own": 1}},
    }  # fmt: skip
    body = to_api(from_options(RESOURCES["call"].record, options))
    assert set(body) <= set(schemas["CreateCallDTO"]["properties"])
    assert set(body) >= {f"{target}Id", "phoneNumberId", "customer", "schedulePlan", place}
    assert set(body["schedulePlan"]) <= set(schemas["SchedulePlan"]["properties"])
    assert set(body[place]) == inner
    assert inner <= set(schemas["AssistantOverrides"]["properties"])
    assert "voiceops_idempotency_key" in json.dumps(body[place])
    assert body[place]["metadata"]["own"] == 1


@pytest.mark.parametrize(("target", "place"), [("assistant", "assistantOverrides"), ("squad", "squadOverrides")])
def test_a_campaign_is_sent_as_published(schemas: dict[str, t.Any], target: str, place: str) -> None:
    contacts = [
        {"number": "+31201234567", "name": "x", "extension": "1", "variables": {"a": "b"}},
        {"sip_uri": "sip:a@example.com"},
    ]
    options = {
        "name": "x", target: "1", "phone_number": "2", "customers": contacts, "max_concurrency": 5,
        "schedule_at": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    body = to_api(from_options(RESOURCES["campaign"].record, options))
    assert set(body) <= set(schemas["CreateCampaignDTO"]["properties"])
    assert set(schemas["CreateCampaignDTO"]["required"]) <= set(body)
    first, second = body["customers"]
    assert set(first) | set(second) <= set(schemas["CreateCustomerDTO"]["properties"])
    assert first[place] == {"variableValues": {"a": "b"}}
    assert set(second) == {"sipUri"}

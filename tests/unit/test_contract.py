# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One contract for all resources: what a row of facts says stands in modules, documentation and Vapi's API alike."""

from __future__ import annotations

import importlib
import itertools
import json
import pathlib
import typing as t

import pytest
import yaml

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
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import Destination
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_resources import (
    RESOURCES as VAPI_RESOURCES,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import (
    BULK,
    COLLECTION,
    INFO,
    MANAGED,
    MODULES,
    PACKAGE,
    RESOURCES,
    SINGLE,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import CASES

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Facts of Vapi's published description.
FACTS = ROOT / "roles" / "sandbox" / "files" / "sandbox_server" / "vapi_facts.json"
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
    "number": {"number": "31201234567", "destinations": [], **dict.fromkeys(RESOURCES["number"].read_only_fields, "x")},
    "call_record": {
        "timestamp": "x", "type": "did", "from": "1", "to": "2", "duration": 1, "amount": 0.1, "destination_name": "x",
        "sip_account": "x",
    },
}  # fmt: skip
#: What a forward shows is made by a function, not read from a record.
DESTINATION = {"id", "number", "destination", "kind", "priority", "active", "call_hunt", "position"}


def text_of(name: str, part: str) -> t.Any:
    """A part of a module's documentation."""
    module = importlib.import_module(f"{PACKAGE}modules.{name}")
    read = yaml.safe_load(getattr(module, part, ""))
    assert read, f"{name} has no {part}"
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

    module = importlib.import_module(f"{PACKAGE}modules.{name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entrypoints, "Module", spy)
        if not MODULES[name].entry:
            patch.setattr(module, "AnsibleModule", lambda argument_spec, **_more: spy(argument_spec))
        with pytest.raises(Seen):
            module.main()
    return seen[0]


# --------------------------------------------------------------------------------------------------------- the modules


@pytest.mark.parametrize("name", MODULES)
def test_module_runs_a_resource(name: str) -> None:
    """It is in the action group of its service, runs in the controller's process, and is named after the resource."""
    file, service = MODULES[name], name.partition("_")[0]
    if service not in {resource.provider.name for resource in RESOURCES.values()}:
        return
    if file.entry not in ("run_operation", "run_with_optional", "run_report"):
        assert file.resource, f"{name} runs no resource: call run, run_info or run_many"
        assert file.resource.provider.name == service
        noun, plural = f"{service}_{file.resource.name}", f"{service}_{file.resource.plural}"
        assert name == {"run": noun, "run_many": plural}.get(file.entry, name)
        assert file.entry != "run_info" or name.endswith("_info")
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert name in runtime["action_groups"][service]
    routed = runtime["plugin_routing"]["modules"].get(name, {}).get("action_plugin")
    own = (ROOT / "plugins" / "action" / f"{name}.py").is_file()
    assert own != (routed == "voiceops.vapi_didlogic.integration"), "an action plugin of its own, or the shared one"


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=list(RESOURCES))
def test_resource_has_its_modules_and_a_case(resource: Resource) -> None:
    """What can be changed has a module, an info module, and a case in the generated tests."""
    if resource.__class__ is BaseResource:
        return
    assert resource.name in SINGLE, "no module manages it"
    assert resource.name in INFO or isinstance(resource, OrderedResource), "no module lists it"
    assert resource.name in CASES, "add a case to tests/unit/support.py"
    assert CASES[resource.name].change or isinstance(resource, OneShotResource), "the case has no change"


@pytest.mark.parametrize("noun", sorted(RESOURCES))
def test_resource_names_existing_fields(noun: str) -> None:
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
def test_documented_options_equal_argument_spec(name: str) -> None:
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
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    expected = {f"{COLLECTION}{group}" for group, members in groups.items() if name in members}
    assert set(attributes.get("action_group", {}).get("membership", [])) == expected
    assert {"check_mode", "diff_mode", "idempotent"} <= set(attributes)
    assert attributes["check_mode"]["support"] == "full"


def shown_fields(noun: str) -> set[str]:
    """The keys of an item that a module returns."""
    resource = RESOURCES[noun]
    if noun == "forward":
        return set(DESTINATION)
    if resource.view.to_result:
        item = resource.view.to_result(FULL[noun], resource.view.filters())
        facts = {"estimate": {}, **({"left_out": 0, "left_out_by_rule": {}} if noun == "campaign" else {})}
        merge = resource.merge_results if isinstance(resource, OneShotResource) else None
        shown = set(merge([item], facts) if merge else item)
        referring = [field for field in fields(resource.record).values() if field.option.ref and field.option.ref.path]
        return shown | {names_fact(field) for field in referring if field.name in shown}
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


@pytest.mark.parametrize("noun", SINGLE)
def test_module_result_is_documented(noun: str) -> None:
    resource = RESOURCES[noun]
    said, keys = returned(SINGLE[noun].name, noun)
    assert said["type"] == "dict"
    assert keys == shown_fields(noun)
    assert not keys & (secret_fields(resource.record) | secret_fields(resource.options))
    assert set(said["contains"]) == keys, "each key is described"


@pytest.mark.parametrize("noun", INFO)
def test_info_module_result_is_documented(noun: str) -> None:
    """An item has the keys of the noun's module, to which the documentation may point."""
    resource = RESOURCES[noun]
    said, keys = returned(INFO[noun].name, noun if resource.view.single else resource.plural)
    assert said["type"] == ("dict" if resource.view.single else "list")
    assert resource.view.single or said["elements"] == "dict"
    own = SINGLE.get(noun)
    pointer = own and f"{COLLECTION}{own.name}#module:{noun}" in json.dumps(said["description"])
    assert pointer or keys >= shown_fields(noun)
    assert not keys & (secret_fields(resource.record) | secret_fields(resource.options))


CHANGING = [*(file.name for files in (SINGLE, BULK) for file in files.values()), "integration", "vapi_call_erasure"]


@pytest.mark.parametrize("name", CHANGING)
def test_return_value_changes_is_documented(name: str) -> None:
    documented, keys = returned(name, "changes")
    assert (documented["type"], documented["elements"]) == ("list", "dict")
    assert keys == set(documented["contains"]) == {"kind", "name", "action", "before", "after"}


@pytest.mark.parametrize("noun", BULK)
def test_bulk_module_result_is_documented(noun: str) -> None:
    said = text_of(BULK[noun].name, "RETURN")
    assert {RESOURCES[noun].plural, "summary", "failures"} <= set(said)
    assert set(said["summary"]["contains"]) == {"created", "updated", "deleted", "unchanged", "failed"}
    assert set(said["failures"]["contains"]) == {"item", "message"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_valid_tasks(name: str) -> None:
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

#: Guides show it and answers carry it, though the published schema leaves it out.
UNPUBLISHED = {"function.name", "function.description", "function.parameters"}
#: What the sandbox reads at each path.
PATHS = {each.path: each for each in VAPI_RESOURCES}


@pytest.fixture(scope="module")
def schemas() -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(FACTS.read_text())["components"]["schemas"]
    return found


def bodies(schemas: dict[str, t.Any], resource: Resource) -> list[str]:
    """The schemas of the requests that create and change an object; a change may have none of its own."""
    served = PATHS[resource.path]
    create = (served.kinds or {}).get(str(resource.constants.get(served.tag or ""))) or served.create
    assert create, f"the sandbox has no schema for {resource.path}"
    update = served.update or create.replace("Create", "Update", 1)
    return [create, *([update] if update in schemas else [])]


def variants(schemas: dict[str, t.Any], schema: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    """The objects that a schema allows."""
    if "$ref" in schema:
        yield from variants(schemas, schemas[schema["$ref"].rpartition("/")[2]])
    elif "items" in schema:
        yield from variants(schemas, schema["items"])
    else:
        yield schema
        for key in ("allOf", "oneOf", "anyOf"):
            for option in schema.get(key, ()):
                yield from variants(schemas, option)


def at(schemas: dict[str, t.Any], schema: dict[str, t.Any], path: list[str]) -> dict[str, t.Any] | None:
    """The schema of a property at a dotted path."""
    for key in path:
        found = [each["properties"][key] for each in variants(schemas, schema) if key in each.get("properties", {})]
        if not found:
            return None
        schema = found[0]
    return schema


def unpublished(schemas: dict[str, t.Any], record: type[Model], schema: dict[str, t.Any], path: str) -> t.Iterator[str]:
    """What a record sends that a schema does not have."""
    if "sent" in vars(record) or any("sent" in vars(base) for base in record.__mro__[1:] if base is not Model):
        return  # its fields move when they are sent; see the tests below
    for field in fields(record).values():
        if field.api_name in UNPUBLISHED or field.api_name.endswith("*"):
            continue
        found = at(schemas, schema, field.api_name.split("."))
        if found is None:
            yield f"{path}{field.name}: {field.api_name}"
            continue
        allowed = next((each["enum"] for each in variants(schemas, found) if "enum" in each), field.choices)
        if not set(field.choices) <= set(allowed):
            yield f"{path}{field.name}: {field.choices}"
        if field.nested:
            yield from unpublished(schemas, field.nested, found, f"{path}{field.name}.")


@pytest.mark.parametrize("resource", [each for each in MANAGED if each.provider.name == "vapi"], ids=lambda r: r.name)
def test_api_names_equal_the_published_schema(schemas: dict[str, t.Any], resource: Resource) -> None:
    for name in bodies(schemas, resource):
        assert list(unpublished(schemas, resource.record, schemas[name], "")) == [], name


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


@pytest.mark.slow
def test_other_union_variant_keeps_no_field_of_the_previous(schemas: dict[str, t.Any]) -> None:
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


def test_destination_is_number_or_sip_uri(schemas: dict[str, t.Any]) -> None:
    record = Destination
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
def test_call_body_matches_the_published_schema(
    schemas: dict[str, t.Any], target: str, place: str, inner: set[str]
) -> None:
    customer = {"number": "+31201234567", "sip_uri": "sip:a@example.com", "name": "x", "extension": "1"}
    options: dict[str, t.Any] = {
        target: "1", "phone_number": "2", "customer": customer, "variables": {"a": "b"},
        "schedule_at": "2026-01-02T03:04:05Z", "schedule_until": "2026-01-02T04:04:05Z", "idempotency_key": "x",
        "assistant_overrides": {"firstMessage": "x", "metadata": {"own": 1}},
    }  # fmt: skip
    body = to_api(from_options(RESOURCES["call"].record, options))
    assert set(body) <= set(schemas["CreateCallDTO"]["properties"])
    assert set(body["customer"]) <= set(schemas["CreateCustomerDTO"]["properties"])
    assert set(body) >= {f"{target}Id", "phoneNumberId", "customer", "schedulePlan", place}
    assert set(body["schedulePlan"]) <= set(schemas["SchedulePlan"]["properties"])
    assert set(body[place]) == inner
    assert inner <= set(schemas["AssistantOverrides"]["properties"])
    assert "voiceops_idempotency_key" in json.dumps(body[place])
    assert body[place]["metadata"]["own"] == 1


@pytest.mark.parametrize(("target", "place"), [("assistant", "assistantOverrides"), ("squad", "squadOverrides")])
def test_campaign_body_matches_the_published_schema(schemas: dict[str, t.Any], target: str, place: str) -> None:
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

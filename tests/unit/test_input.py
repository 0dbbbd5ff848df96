# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong options of every module: all of them are told at once, by their place, before the first request."""

from __future__ import annotations

import importlib
import itertools
import json
import pathlib
import re
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import entrypoints
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import module as ansible_module
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import free_values
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import FreeForm, Shape
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164_or_name,
    check_e164_or_short,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import spec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import (
    TRANSFER_TOOL,
    ToolDestination,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import NUMBER_1, NUMBER_2, canary, trunk_options
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner, filled_runner

FOLDER = pathlib.Path(entrypoints.__file__).parents[2] / "modules"
#: Those that are made of records.
MODULES = sorted(
    path.stem for path in FOLDER.glob("[!_]*.py") if "module_utils._ansible.entrypoints import" in path.read_text()
)
Spec = dict[str, dict[str, t.Any]]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def spec_of(name: str) -> Spec:
    """The argument spec of a module."""
    seen: list[Spec] = []

    class Seen(Exception):
        pass

    def spy(spec: Spec) -> t.Any:
        seen.append(spec)
        raise Seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entrypoints, "Module", spy)
        module = importlib.import_module(f"{entrypoints.__name__.rpartition('.module_utils.')[0]}.modules.{name}")
        with pytest.raises(Seen):
            module.main()
    return seen[0]


TEXTS_OF_A_DESTINATION = [name for name, field in fields(ToolDestination).items() if field.kind == "str"]


@pytest.mark.parametrize("name", TEXTS_OF_A_DESTINATION)
@pytest.mark.parametrize("wrong", [31201234567.0, 1e22, 0.5, True])
def test_number_with_decimals_in_a_destination_is_rejected(runner: ModuleRunner, name: str, wrong: t.Any) -> None:
    """The fields of a destination are not declared to Ansible."""
    for module, params in (
        ("vapi_transfer_tool", {"name": "T", "destinations": [{name: wrong}]}),
        ("integration", {**environment(), "transfer_tools": [{"name": "T", "destinations": [{name: wrong}]}]}),
    ):
        message = str(runner.raw(module, {**runner.connection(module), **params})["msg"])
        place = ("transfer_tools[0]." if module == "integration" else "") + f"destinations[0].{name}"
        assert f"Option {place}" in message, message
    assert not runner.stage.world.journal


class Fault(t.NamedTuple):
    """Options that are wrong at one place."""

    path: str
    params: dict[str, t.Any]
    shown: str  # what the message repeats of the value
    hidden: str  # what it must not repeat


def wrong(option: dict[str, t.Any]) -> t.Iterator[tuple[t.Any, str, str]]:
    """Values that no option of this type takes, what of each is shown, and what is not."""
    kind, secret = option.get("type", "str"), canary()
    if option.get("no_log"):
        yield {"x": secret}, "", secret
        yield 12345678, "", "12345678"
        return
    if kind in ("int", "float", "bool"):
        yield f"{kind}-word", f'("{kind}-word")', ""
    if kind == "str":
        yield {"x": secret}, "", secret
        yield True, "(true)", ""
        yield 31201234567.0, "in quotes", ""
        if option.get("choices"):
            yield "no-choice", '("no-choice")', ""
    if kind == "dict":
        yield f"{secret} is no dictionary", "", secret
        yield True, "must be a dictionary", ""
        yield 5, "must be a dictionary", ""
    if kind == "list" and option.get("elements") == "str":
        yield [31201234567.0], "in quotes", ""
    if kind == "list" and option.get("elements") == "dict":
        yield [secret], "", secret
        yield [False], "must be a dictionary", ""


def faults_in(spec: Spec, path: str = "", wrap: t.Callable[[t.Any], t.Any] = lambda value: value) -> t.Iterator[Fault]:
    """One fault for each option and each kind of wrong value, and an unknown name at each depth."""
    secret = canary()
    yield Fault(f"{path}unknwon_option", wrap({"unknwon_option": secret}), "", secret)
    for name, option in spec.items():
        for value, displayed, hidden in wrong(option):
            places = f"{path}{name}" + ("[0]" if option.get("type") == "list" else "")
            yield Fault(places, wrap({name: value}), displayed, hidden)
        if not option.get("options"):
            continue
        many = option.get("type") == "list"

        def inner(value: t.Any, name: str = name, many: bool = many) -> t.Any:
            return wrap({name: [value] if many else value})

        yield from faults_in(option["options"], f"{path}{name}{'[0]' if many else ''}.", inner)


EVERY = [
    pytest.param(name, fault, id=f"{name}-{n}-{fault.path}")
    for name in MODULES
    for n, fault in enumerate(faults_in(spec_of(name)))
]


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(("name", "fault"), EVERY)
def test_invalid_option_is_named(runner: ModuleRunner, name: str, fault: Fault) -> None:
    message = str(runner.raw(name, fault.params)["msg"])
    lines = [line for line in message.splitlines() if f"Option {fault.path}" in line]
    assert lines, message
    assert fault.shown in lines[0]
    if fault.hidden:
        assert fault.hidden not in runner.output
    assert "Internal error of the collection" not in message
    assert not runner.stage.world.journal


def merged(one: t.Any, two: t.Any) -> t.Any:
    if isinstance(one, dict) and isinstance(two, dict):
        return {**one, **two, **{name: merged(one[name], two[name]) for name in one.keys() & two.keys()}}
    if isinstance(one, list) and isinstance(two, list):
        return [merged(one[0], two[0])] if isinstance(one[0], dict) and isinstance(two[0], dict) else one + two
    return two


@pytest.mark.parametrize("name", MODULES)
def test_two_invalid_options_are_reported_together(runner: ModuleRunner, name: str) -> None:
    each = {fault.path: fault for fault in faults_in(spec_of(name))}
    pairs = [
        (one, two)
        for one, two in itertools.combinations(each.values(), 2)
        if not one.path.startswith(re.sub(r"\[0\]$", "", two.path))
        and not two.path.startswith(re.sub(r"\[0\]$", "", one.path))
    ]
    for one, two in pairs[:: max(1, len(pairs) // 40)]:
        message = str(runner.raw(name, merged(one.params, two.params))["msg"])
        assert f"Option {one.path}" in message, (one.path, two.path, message)
        assert f"Option {two.path}" in message, (one.path, two.path, message)
        assert message.startswith("Nothing was sent.")
    assert not runner.stage.world.journal


# -------------------------------------------------------------------------------- an environment, with a fault in each


ENVIRONMENT_FAULTS: dict[str, tuple[str, t.Any]] = {
    "trunk.name": ("trunk", {"name": "n" * 41}),
    "trunk.gateway": ("trunk", {"gateway": "sip:sip.example.com"}),
    "trunk.port": ("trunk", {"port": 70000}),
    "trunk.username": ("trunk", {"username": "668"}),
    "trunk.inbound_networks[1]": ("trunk", {"inbound_networks": ["192.0.2.0/27", "192.0.2.1/27"]}),
    "trunk.inbound_networks[0]": ("trunk", {"inbound_networks": ["192.0.2.0/8"]}),
    "assistants[0].name": ("assistants", {"name": ""}),
    "assistants[0].definition.id": ("assistants", {"definition": {"id": "x"}}),
    "assistants[0].definition.orgId": ("assistants", {"definition": {"orgId": "x"}}),
    "assistants[0].definition.hooks[0].on": ("assistants", {"definition": {"hooks": [{"on": True}]}}),
    "assistants[0].definition.voice.language": ("assistants", {"definition": {"voice": {"language": False}}}),
    "transfer_tools[0].name": ("transfer_tools", {"name": "two words"}),
    "transfer_tools[0].destinations[0].sip_uri": ("transfer_tools", {"destinations": [{"sip_uri": "nowhere"}]}),
    "transfer_tools[0].destinations[0].numbr": ("transfer_tools", {"destinations": [{"numbr": "x"}]}),
    "numbers[0].number": ("numbers", {"number": "0031207001000"}),
    "numbers[0].fallback_destination.number": ("numbers", {"fallback_destination": {"number": "0031207001000"}}),
    "numbers[0].others": ("numbers", {"others": "kep"}),
    "number_format": ("", {"number_format": "e165"}),
    "sip_refer_enabled": ("transfer_tools", {}),
    "sip_account.max_channels": ("sip_account", {"max_channels": -1}),
    "didlogic_api_url": ("", {"didlogic_api_url": "ftp://api.example"}),
    "timeout": ("", {"timeout": 0}),
}


def environment(*paths: str) -> dict[str, t.Any]:
    params: dict[str, t.Any] = {
        "vapi_api_key": canary(),
        "didlogic_api_key": canary(),
        "vapi_api_url": "http://127.0.0.1/vapi",
        "didlogic_api_url": "http://127.0.0.1/didlogic",
        "trunk": {"name": "didlogic", "gateway": "sip.example.com", "username": "01234", "password": canary()},
        "numbers": [{"number": "+31207001000"}],
        "assistants": [{"name": "A", "definition": {"model": {"provider": "openai", "model": "gpt-4o"}}}],
        "sip_account": {"label": "x", "password": canary()},
    }
    tool = {"name": "tool", "destinations": [{"number": "+31207001999"}]}
    for path in paths:
        option, more = ENVIRONMENT_FAULTS[path]
        if option == "transfer_tools":
            params.setdefault(option, [tool])
        if not option:
            params |= more
        elif isinstance(params[option], list):
            params[option] = [merged(params[option][0], more)]
        else:
            params[option] = merged(params[option], more)
    return params


@pytest.mark.parametrize("one", ENVIRONMENT_FAULTS)
def test_two_environment_errors_are_reported_together(runner: ModuleRunner, one: str) -> None:
    for two in ENVIRONMENT_FAULTS:
        same = one.rpartition(".")[0] == two.rpartition(".")[0] and "destinations[0]" in one
        if one >= two or same or (one.startswith("trunk.inbound") and two.startswith("trunk.inbound")):
            continue
        result = runner.raw("integration", environment(one, two))
        message = str(result["msg"])
        for path in (one, two):
            assert f"Option {path}" in message, (one, two, message)
        assert not runner.stage.world.journal


@pytest.mark.parametrize("one", ENVIRONMENT_FAULTS)
def test_errors_name_role_variables(runner: ModuleRunner, one: str) -> None:
    names = {"": "vapi_didlogic_", "vapi_region": "vapi_didlogic_region"}
    params = {**environment(one), ansible_module.CONTROLLER: {"names": names}}
    assert f"Option vapi_didlogic_{one}" in str(runner.raw("integration", params)["msg"])


@pytest.mark.parametrize("sentence", ["Set {} to true.", "{}: false", "Use ({}) or {}, not x."])
@pytest.mark.parametrize("prefix", ["vapi_didlogic_", "vapi_didlogic_campaign."])
def test_errors_name_other_options_as_given(prefix: str, sentence: str) -> None:
    """For every option whose name cannot be an English word; a longer word that contains it is left alone."""
    for option in ("allow_unconfirmed_refer", "skip_invalid", "sip_refer_enabled", "number_format", "vapi_trunk_id"):
        module = object.__new__(ansible_module.Module)
        module.argument_spec = {option: {"type": "bool"}, "force": {"type": "bool"}}
        module.given, module.controller = {}, {"names": {"": prefix}}
        problem = OptionError(
            "x", sentence.format(option, option) + f" my_{option}, {option}_y, vapi_call: {option}, force"
        )
        expected = sentence.format(prefix + option, prefix + option)
        assert f"{expected} my_{option}, {option}_y, vapi_call: {option}, force" in module.sentence(problem)
        module.controller = {}
        assert problem.rule in module.sentence(problem)


def test_controller_errors_are_reported_with_module_errors(runner: ModuleRunner) -> None:
    """A key that is no text becomes text on its way into the module."""
    params = trunk_options(name="n" * 41)
    params[ansible_module.CONTROLLER] = {"faults": [["hooks[0].true", "is no text."]]}
    message = str(runner.raw("vapi_sip_trunk", {**runner.connection("vapi_sip_trunk"), **params})["msg"])
    assert "Option hooks[0].true: is no text." in message
    assert "Option name (" in message


@pytest.mark.parametrize("written", ["0031207001000", "01234", "0012025550123"])
def test_octal_number_is_rejected(runner: ModuleRunner, written: str) -> None:
    value = int(written, 8)
    params = {
        **environment(),
        "numbers": [{"number": value}],
        "trunk": {"name": "x", "gateway": "h", "username": value},
    }
    message = str(runner.raw("integration", params)["msg"])
    assert f"0{written.lstrip('0')}" in message, message
    assert json.dumps(str(value)) in message


# ------------------------------------------------------------------------------------- keys that Vapi does not document


OWN_NUMBER = "+12025550100"
#: A place with free-form data: the module, and the options with a value there.
FREE: dict[str, tuple[str, t.Callable[[t.Any], dict[str, t.Any]]]] = {
    "definition": ("vapi_assistant", lambda value: {"name": "A", "definition": value}),
    "members_overrides": (
        "vapi_squad",
        lambda value: {"name": "S", "members": [{"assistant": "Reception"}], "members_overrides": value},
    ),
    "members[0].assistant_overrides": (
        "vapi_squad",
        lambda value: {"name": "S", "members": [{"assistant": "Reception", "assistant_overrides": value}]},
    ),
    "members[0].destinations[0]": (
        "vapi_squad",
        lambda value: {
            "name": "S",
            "members": [{"assistant": "Reception", "destinations": [{"type": "assistant", **value}]}],
        },
    ),
    "assistant_overrides": (
        "vapi_call",
        lambda value: {
            "assistant": "Reception",
            "phone_number": NUMBER_1,
            "customer": {"number": "+12025550123"},
            "assistant_overrides": value,
        },
    ),
    "server": ("vapi_phone_number", lambda value: {"number": OWN_NUMBER, "trunk": "didlogic nl", "server": value}),
    "hooks[0]": (
        "vapi_phone_number",
        lambda value: {"number": OWN_NUMBER, "trunk": "didlogic nl", "hooks": [{"on": "call.ringing", **value}]},
    ),
    "messages[0]": (
        "vapi_transfer_tool",
        lambda value: {"name": "T", "messages": [{"type": "request-start", **value}]},
    ),
    "destinations[0].transfer_plan": (
        "vapi_transfer_tool",
        lambda value: {"name": "T", "destinations": [{"number": OWN_NUMBER, "transfer_plan": value}]},
    ),
    "destinations[0].message": (
        "vapi_transfer_tool",
        lambda value: {
            "name": "T",
            "destinations": [{"number": OWN_NUMBER, "message": {"type": "custom-message", **value}}],
        },
    ),
    "fallback_destination.transfer_plan": (
        "vapi_phone_number",
        lambda value: {
            "number": OWN_NUMBER,
            "trunk": "didlogic nl",
            "fallback_destination": {"number": "+12025550123", "transfer_plan": value},
        },
    ),
}


def form_at(place: str) -> FreeForm:
    """The published form of a place of ``FREE``."""
    module, make = FREE[place]
    record = {"vapi_assistant": ASSISTANT, "vapi_squad": SQUAD, "vapi_call": CALL, "vapi_phone_number": PHONE_NUMBER}
    for field, value, path in free_values(record.get(module, TRANSFER_TOOL).record, make({})):
        if re.sub(r"\[\d+\]$", "", place) == re.sub(r"\[\d+\]$", "", path):
            form = field.option.free
            return form.item() if isinstance(value, list) else form
    raise AssertionError(place)


def places_in(form: FreeForm, depth: int) -> t.Iterator[tuple[str, t.Any, FreeForm, t.Any]]:
    """Every object in a form: its path, a function that wraps a value, its form, and the tags of each variant."""
    for name in form.shape.objects:
        keys = form.description.keys(name)
        tags = {key: min(shape.tags) for key, shape in keys.items() if shape.tags}
        only = FreeForm(form.description, Shape(objects=(name,)))
        if not form.is_schema:
            yield "", lambda value, tags=tags: {**tags, **value}, only, tags
        for key, shape in keys.items() if depth else ():
            inner = FreeForm(form.description, shape.items or shape)
            for path, wrap, found, inner_tags in places_in(inner, depth - 1):

                def outer(
                    value: t.Any, key: str = key, wrap: t.Any = wrap, shape: t.Any = shape, tags: t.Any = tags
                ) -> t.Any:
                    return {**tags, key: [wrap(value)] if shape.items else wrap(value)}

                yield f".{key}{'[0]' if shape.items else ''}{path}", outer, found, inner_tags


def valid_value(form: FreeForm) -> t.Any:
    """A value of a published type."""
    values = {"object": {}, "list": [], "numeric": 1, "boolean": True, "text": "x"}
    return next(value for kind, value in values.items() if kind in form.kinds())


def misspelt(name: str) -> str:
    return name[:2] + name[3:] if len(name) > 4 else f"{name}{name[-1]}"


@pytest.mark.parametrize("place", FREE)
def test_misspelt_free_form_key_is_a_warning(runner: ModuleRunner, place: str) -> None:
    """For every object in a free-form option of two levels, and for no published key."""
    filled_runner(runner)
    written = len(runner.stage.writes)
    module, make = FREE[place]
    taken = {("definition", "name"), ("assistant_overrides", "variableValues"), ("definition.model", "toolIds")}
    objects = list(places_in(form_at(place), 1))
    for path, wrap, form, tags in objects[:: max(1, len(objects) // 25)]:
        known = [key for key in form.description.keys(form.shape.objects[0]) if key not in tags]
        given = [key for key in known if (place + path, key) not in taken and key not in ("mode", "sipVerb")]
        if not given:
            continue
        wrong = misspelt(given[0])
        for value, warned in ((1, wrong not in known), (None, False)):
            runner.warnings.clear()
            runner.run(module, make(wrap({wrong: value})), check=True)
            found = [text for text in runner.warnings if f"{place}{path}.{wrong} (did you mean " in text]
            assert bool(found) is warned, (path, wrong, runner.warnings)
        values = {key: valid_value(form.key(key, {})) for key in given}
        runner.warnings.clear()
        runner.run(module, make(wrap(values)), check=True)
        assert not [text for text in runner.warnings if "published description" in text], (path, runner.warnings)
    assert len(runner.stage.writes) == written


VALUES: dict[str, t.Any] = {"object": {"x": 1}, "list": [1], "numeric": 5, "boolean": False, "text": "five"}


@pytest.mark.parametrize("place", FREE)
def test_value_of_another_type_is_a_warning(runner: ModuleRunner, place: str) -> None:
    filled_runner(runner)
    module, make = FREE[place]
    seen = 0
    for path, wrap, form, tags in list(places_in(form_at(place), 0)):
        keys = [key for key in form.description.keys(form.shape.objects[0]) if key not in (*tags, "name", "metadata")]
        for key in [key for key in keys if (place, key) != ("assistant_overrides", "variableValues")]:
            kinds = form.key(key, {}).kinds()
            for kind in [kind for kind in VALUES if kind not in kinds and "text" not in (*kinds, kind)][:2]:
                runner.warnings.clear()
                runner.run(module, make(wrap({key: VALUES[kind]})), check=True)
                assert [text for text in runner.warnings if f"{place}{path}.{key} as a" in text], (key, kind)
                seen += 1
    assert seen or place in ("members[0].destinations[0]", "hooks[0]", "destinations[0].message")


@pytest.mark.parametrize(
    ("place", "wrong", "meant"),
    [
        ("voice", {"provider": "elevenlabs"}, "11labs"),
        ("transcriber", {"provider": "deepgramm"}, "deepgram"),
        ("model", {"provider": "opnai"}, "openai"),
    ],
)
def test_unknown_variant_is_a_warning(runner: ModuleRunner, place: str, wrong: dict[str, str], meant: str) -> None:
    (tag, text), name = next(iter(wrong.items())), place.partition("[")[0]
    definition = {name: [wrong] if "[" in place else wrong}
    runner.run("vapi_assistant", {"name": "A", "definition": definition}, check=True)
    (warning,) = [text for text in runner.warnings if "published description" in text]
    assert f"definition.{place}.{tag}: {text}" in warning
    if meant[:4] == text[:4]:
        assert f"(did you mean {meant}?)" in warning


@pytest.mark.parametrize("place", FREE)
@pytest.mark.parametrize("wrong", [True, False, 31201234567.0, 0o123])
def test_value_that_is_no_text_is_named(runner: ModuleRunner, place: str, wrong: t.Any) -> None:
    module, make = FREE[place]
    objects = list(places_in(form_at(place), 1))
    seen = 0
    for path, wrap, form, tags in objects[:: max(1, len(objects) // 12)]:
        keys = form.description.keys(form.shape.objects[0])
        for key in [key for key, shape in keys.items() if shape.scalars == {"text"} and key not in tags][:2]:
            if (place, path, key) == ("definition", "", "name"):
                continue
            message = str(runner.raw(module, {**runner.connection(module), **make(wrap({key: wrong}))}).get("msg"))
            assert f"Option {place}{path}.{key} (" in message, (path, key, message)
            assert "in quotes" in message
            seen += 1
    assert seen
    assert not runner.stage.world.journal


@pytest.mark.parametrize("wrong", [True, 1.5, 0o17])
@pytest.mark.parametrize("kind", ["string", "boolean", "number", None])
def test_schema_values_that_are_no_text_are_named(runner: ModuleRunner, wrong: t.Any, kind: str | None) -> None:
    """Text is required by the keyword, or by the type of the schema."""
    words = {
        "const": kind == "string",
        "default": kind == "string",
        "description": True,
        "title": True,
        "pattern": True,
    }
    lists = {"enum": kind == "string", "examples": kind == "string"}
    for deep, (word, refused) in itertools.product((False, True), {**words, **lists}.items()):
        schema = {"type": kind, word: [wrong] if word in lists else wrong}
        place = f"parameters.properties.x.{word}{'[0]' if word in lists else ''}"
        schema = {key: value for key, value in schema.items() if value is not None}
        if deep:
            schema, place = {"type": "array", "items": schema}, place.replace(".x.", ".x.items.")
        parameters = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
        result = runner.raw(
            "vapi_transfer_tool",
            {**runner.connection("vapi_transfer_tool"), "name": "T", "parameters": parameters},
            check=True,
        )
        assert (f"Option {place} (" in str(result.get("msg"))) is refused, (word, result.get("msg"))


@pytest.mark.parametrize("option", ["sip_headers", "message"])
@pytest.mark.parametrize("wrong", [True, False, 1.5])
def test_transfer_text_that_is_no_text_is_named(runner: ModuleRunner, option: str, wrong: t.Any) -> None:
    value = {"X-Queue": wrong} if option == "sip_headers" else wrong
    params = {"name": "T", "destinations": [{"sip_uri": "sip:desk@sip.example.com", option: value}]}
    message = str(runner.raw("vapi_transfer_tool", {**runner.connection("vapi_transfer_tool"), **params}).get("msg"))
    assert f"Option destinations[0].{option}" in message, message
    assert "in quotes" in message


def test_values_of_any_type_are_accepted(runner: ModuleRunner) -> None:
    free = {"open": True, "ratio": 1.5, "unknown": {"on": False}}
    metadata = {"name": "A", "definition": {"metadata": free, "model": {"provider": "openai", "model": "gpt-4o"}}}
    runner.run("vapi_assistant", metadata, check=True)
    assert not [text for text in runner.warnings if "published description" in text]


# ----------------------------------------------------------------------------------------------- names next to the ids


def test_results_show_names_with_ids(runner: ModuleRunner) -> None:
    filled_runner(runner)
    (phone,) = runner.run("vapi_phone_number_info", {})["phone_numbers"]
    assert (phone["trunk_name"], phone["assistant_name"]) == ("didlogic nl", "Reception")
    (assistant,) = runner.run("vapi_assistant_info", {})["assistants"]
    assert assistant["tool_names"] == ["to_human"]
    runner.run("vapi_assistant", {"name": "Night", "definition": {"firstMessage": "Closed."}})
    moved = {"number": phone["number"], "assistant": "Night"}
    (diff,) = runner.run("vapi_phone_number", moved, diff=True, check=True)["diff"]
    assert f"assistant: {phone['assistant']} (Reception)" in diff["before"].replace('"', "")
    assert diff["after"].rstrip('"\n').endswith(" (Night)")


def test_calls_and_campaigns_show_names_with_ids(runner: ModuleRunner) -> None:
    filled_runner(runner)
    runner.run("vapi_squad", {"name": "Team", "members": [{"assistant": "Reception"}]})
    for target, name in (("assistant", "Reception"), ("squad", "Team")):
        options = {target: name, "phone_number": NUMBER_1}
        runner.run("vapi_call", {**options, "customer": {"number": "+12025550123"}})
        runner.run("vapi_campaign", {**options, "name": name, "customers": [{"number": "+12025550123"}]})
    for module, plural in (("vapi_call_info", "calls"), ("vapi_campaign_info", "campaigns")):
        found = runner.run(module, {})[plural]
        assert {item["assistant_name"] for item in found if "assistant" in item} == {"Reception"}
        assert {item["squad_name"] for item in found if "squad" in item} == {"Team"}
        assert {item["phone_number_name"].removeprefix("+") for item in found} == {NUMBER_1.removeprefix("+")}


def test_diff_names_objects_that_do_not_exist_yet(runner: ModuleRunner) -> None:
    """In check mode, also in a list with objects that exist."""
    filled_runner(runner)
    later = UNKNOWN_ID
    cases = [
        ("vapi_phone_number", {"number": "+12025550100", "trunk": "New", "assistant": "Night"}, ["New", "Night"]),
        (
            "vapi_assistant",
            {
                "name": "Night",
                "definition": {"model": {"provider": "openai", "model": "gpt-4o"}},
                "tools": ["first", "to_human", "second"],
            },
            ["first", "second"],
        ),
        ("vapi_squad", {"name": "S", "members": [{"assistant": "Reception"}, {"assistant": "Night"}]}, ["Night"]),
    ]
    for module, params, names in cases:
        (diff,) = runner.run(module, params, diff=True, check=True)["diff"]
        assert re.findall(rf"{re.escape(later)} \((\w+)\)", diff["after"]) == names, diff
        assert later not in diff["before"]
    params = {**environment(), "transfer_tools": [{"name": "tool", "destinations": [{"number": "+31207001999"}]}]}
    params["numbers"] = [{"number": NUMBER_1, "assistant": "A"}]
    params["assistants"][0]["tools"] = ["tool"]
    params |= {"sip_refer_enabled": True, "vapi_api_key": runner.stage.world.vapi_api_key}
    params["didlogic_api_key"] = runner.stage.world.didlogic_api_key
    del params["sip_account"]
    params["trunk"]["name"] = "other"
    result = runner.raw("integration", params, diff=True, check=True)
    text = "".join(item["after"] for item in result["diff"])
    assert {"other", "A", "tool"} <= set(re.findall(rf"{re.escape(later)} \((\w+)\)", text)), result


# ------------------------------------------------------------------------------------ ids, and kinds of destinations


def many_of(spec: Spec) -> list[str]:
    """The list options whose items are objects that an id identifies."""
    return [name for name, option in spec.items() if "id" in (option.get("options") or {})]


ID_PLACES = [
    pytest.param(name, option, id=f"{name}-{option or 'id'}")
    for name in MODULES
    if name.startswith("vapi_")
    for option in (*many_of(spec_of(name)), *([""] if "id" in spec_of(name) else []))
]
UUID = "00000000-0000-4000-8000-0000000000aa"
NO_UUIDS = [
    UUID[:-1],
    UUID + "0",
    UUID.replace("-", ""),
    "g" + UUID[1:],
    "Reception",
    "15550100123",
    f" {UUID}",
    f"{{{UUID}}}",
]


@pytest.mark.parametrize(("name", "option"), ID_PLACES)
def test_vapi_id_that_is_no_uuid_is_rejected_without_request(runner: ModuleRunner, name: str, option: str) -> None:
    keys = {"name": "A", "number": "+12025550123", "trunk": "didlogic", "destinations": []}
    spec = spec_of(name)
    known = spec[option]["options"] if option else spec
    item = {key: value for key, value in keys.items() if key in known}
    for given in (*NO_UUIDS, UUID, UUID.upper()):
        mine = {**item, "id": given}
        top = {key: value for key, value in keys.items() if key in spec} if option else {}
        params = {**runner.connection(name), **top, option: [mine]} if option else {**runner.connection(name), **mine}
        message = str(runner.raw(name, params, check=True).get("msg", ""))
        path = f"{option}[0].id" if option else "id"
        result = f"Option {path} ({json.dumps(given)}): must be a UUID" in message
        assert result is (given in NO_UUIDS), (given, message)
        if result:
            assert not runner.stage.world.journal


#: Destinations of a number as each kind writes them.
ADDRESSES = {
    "sip_uri": ["desk@sip.example.com", "sip:desk@sip.example.com", "SIPS:desk@sip.example.com:5061"],
    "pstn": ["+12025550123", "12025550123", "+1 202-555-0123"],
    "sip_account": ["01234", "99999"],
}
#: A SIP URI may be a host alone, and five digits may be a short number.
ALIKE = {("sip_account", "pstn")}


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize("written", ADDRESSES)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_inconsistent_destination_is_rejected_without_request(
    runner: ModuleRunner, kind: str, written: str, many: bool
) -> None:
    name = "didlogic_forwards" if many else "didlogic_forward"
    for address in ADDRESSES[written]:
        item = {"number": "15550100100", "destination": address, "kind": kind}
        params = {**runner.connection(name), **({"forwards": [item]} if many else item)}
        before = len(runner.stage.world.journal)
        message = str(runner.raw(name, params, check=True).get("msg", ""))
        path = "forwards[0].destination" if many else "destination"
        refused = f"Option {path} ({json.dumps(address)}): must be" in message
        assert refused is (kind != written and (written, kind) not in ALIKE), message
        if refused:
            assert f"because kind is {kind}" in message
            assert len(runner.stage.world.journal) == before


#: What each kind of text must not be: phone numbers, SIP URIs and ids.
WRONG_KINDS: dict[str, list[str]] = {
    "number": ["0201234567", "0031201234567", "+31 (0)20 1234567", "020-123 45 67"],
    "address": [
        "desk@",
        "@sip.example.com",
        "sip:@sip.example.com",
        "sip:desk@",
        "a b@sip.example.com",
        "a@b@c.example",
    ],
    "uuid": ["abc", UUID[:-1], f"{UUID}0", UUID.replace("-", "")],
}


def kind_of_option(name: str) -> str:
    """The kind of text that an option takes, by its name; empty for any other."""
    if name in ("number", "numbers", "phone_number", "caller", "callee", "caller_id"):
        return "number"
    if name in ("destination", "failover", "sip_uri"):
        return "address"
    return "uuid" if name in ("id", "vapi_trunk_id", "vapi_trunk_ids") else ""


def texts_of(spec: Spec, path: str = "", wrap: t.Callable[[t.Any], t.Any] = lambda value: value) -> t.Iterator[t.Any]:
    """Every option for text of such a kind: its path, its kind, and a function that makes the options."""
    for name, option in spec.items():
        many, kind = option.get("type") == "list", kind_of_option(name)

        def inner(value: t.Any, name: str = name, many: bool = many, wrap: t.Any = wrap) -> t.Any:
            return wrap({name: [value] if many else value})

        where = f"{path}{name}{'[0]' if many else ''}"
        if kind and (option.get("elements") if many else option.get("type", "str")) == "str":
            yield where, kind, inner
        if option.get("options"):
            yield from texts_of(option["options"], f"{where}.", inner)


#: The fields of destinations are not declared to Ansible.
DESTINATIONS = [
    ("vapi_transfer_tool", "destinations[0]", lambda value: {"name": "T", "destinations": [value]}),
    ("vapi_phone_number", "fallback_destination", lambda value: {"number": NUMBER_1, "fallback_destination": value}),
]
TEXT_PLACES = [
    # The contacts of a campaign have a check of their own, see test_contacts.py. The caller of an erasure may have any
    # form with a country code, see test_erasure.py.
    *(
        (m, *found)
        for m in MODULES
        for found in texts_of(spec_of(m))
        if "customers[0]" not in found[0] and (m, found[0]) != ("vapi_call_erasure", "caller")
    ),
    *(
        (name, f"{path}.{field}", kind_of_option(field), lambda value, field=field, make=make: make({field: value}))
        for name, path, make in DESTINATIONS
        for field in ("number", "sip_uri", "caller_id")
    ),
]


@pytest.mark.parametrize(
    ("name", "path", "kind", "make"), TEXT_PLACES, ids=[f"{name}-{path}" for name, path, _kind, _make in TEXT_PLACES]
)
def test_text_of_another_kind_is_rejected_without_request(
    runner: ModuleRunner, name: str, path: str, kind: str, make: t.Callable[[t.Any], t.Any]
) -> None:
    """The options are found by their names in the argument specs of all modules."""
    for wrong in WRONG_KINDS[kind]:
        given = make(wrong)
        base = environment() if name == "integration" else runner.connection(name)
        params, place = {**base, **given}, path
        if name == "integration" and path.startswith("numbers[0].f"):
            params["numbers"] = [{"number": NUMBER_1, **given["numbers"][0]}]
        if name == "didlogic_forwards" and "forwards" not in given:
            # A default of all items.
            params = {"forwards": [{"number": NUMBER_1}], **params}
            place = f"forwards[0].{path}"
        message = str(runner.raw(name, params, check=True).get("msg"))
        line = next(
            (line for line in message.splitlines() if f"Option {place} (" in line or f"Option {place}:" in line), ""
        )
        assert re.search("must|Leave out|Write", line), (wrong, message)
        if kind == "number":
            assert "country code" in line or "E.164" in line or "letters and digits" in line, line
    assert not runner.stage.world.journal


@pytest.mark.parametrize(
    "text", ["31201234567", "+31201234567", "+31 20-123 45 67", "01234", "112", "Main line", "Desk 0"]
)
def test_number_that_can_be_searched_is_accepted(text: str) -> None:
    check_e164_or_name(text)
    if not re.search("[a-z]", text):
        check_e164_or_short(text)


# --------------------------------------------------------------------------------------- which transfers need SIP REFER


OUTWARD = [
    ({target: address, **({"sip_verb": verb} if verb else {})}, verb not in ("dial", "bye"))
    for target, address in (("number", "+12025550123"), ("sip_uri", "sip:desk@sip.example.com"))
    for verb in ("", "refer", "dial", "bye")
]
#: A destination of a transfer tool, and whether a transfer to it needs REFER.
HANDED = [({"assistant_name": "Night"}, False), ({"assistant_name": "Day", "transfer_mode": "x"}, False), *OUTWARD]


def test_transfers_that_require_refer() -> None:
    """A hand-off to another assistant needs none; a tool without destinations may, as a server chooses them."""
    for size in range(4):
        for chosen in itertools.combinations(HANDED, size):
            tool = {"name": "hand_over", "destinations": [dict(given) for given, _refer in chosen]}
            users = spec.refer_users({"transfer_tools": [tool], "assistants": [], "numbers": []})
            needs = any(refer for _given, refer in chosen) or not chosen
            assert users == (["transfer tool hand_over"] if needs else []), tool


@pytest.mark.parametrize(("target", "needs"), OUTWARD)
def test_fallback_destination_that_requires_refer(target: dict[str, t.Any], needs: bool) -> None:
    number = {"number": "+12025550123", "fallback_destination": target}
    users = spec.refer_users({"transfer_tools": [], "assistants": [], "numbers": [number]})
    assert users == (["number +12025550123"] if needs else [])


@pytest.mark.parametrize("prefix", ["", "vapi_didlogic_"])
@pytest.mark.parametrize("option", ["numbers", "assistants", "transfer_tools"])
@pytest.mark.parametrize("between", [0, 1, 3])
def test_duplicate_error_names_the_other_item(runner: ModuleRunner, prefix: str, option: str, between: int) -> None:
    params = {**environment(), "transfer_tools": [{"name": "tool", "destinations": [{"number": "+31207001999"}]}]}
    (first,) = params[option]
    key = "number" if option == "numbers" else "name"
    others = [{**first, key: f"+3120700110{at}" if key == "number" else f"other{at}"} for at in range(between)]
    params[option] = [first, *others, first]
    params[ansible_module.CONTROLLER] = {"names": {"": prefix}}
    message = str(runner.raw("integration", params)["msg"])
    result = re.search(r"Option (\S+) \(.*?\): has the same \w+ as (\S+); declare it once", message)
    assert result, message
    assert result.groups() == (f"{prefix}{option}[{between + 1}]", f"{prefix}{option}[0]")


@pytest.mark.parametrize("written", [0o1234, 0o7, 1234, "1234", "012345"])
def test_quoting_advice_for_login_is_given_once(runner: ModuleRunner, written: int | str) -> None:
    params = environment()
    params["trunk"]["username"] = written
    message = str(runner.raw("integration", params)["msg"])
    assert "must be didlogic's login, which has 5 digits." in message
    # Only where YAML gave a number, and quotes would have helped.
    assert message.count("in quotes") == int(isinstance(written, int) and written >= 0o10), message


@pytest.mark.parametrize("inbound", list(itertools.product((True, False), repeat=2)))
def test_outbound_only_numbers_have_no_warning(runner: ModuleRunner, inbound: tuple[bool, ...]) -> None:
    """The audit warns of a number that Vapi has and that nobody can call; what declares it so does not."""
    params = environment()
    params["assistants"] = [{"name": "A", "definition": {"model": {"provider": "openai", "model": "gpt-4o"}}}]
    del params["sip_account"]
    params["numbers"] = [
        {"number": number, "assistant": "A", "inbound": comes_in}
        for number, comes_in in zip((NUMBER_1, NUMBER_2), inbound, strict=True)
    ]
    world = runner.stage.world
    params |= {"vapi_api_key": world.vapi_api_key, "didlogic_api_key": world.didlogic_api_key}
    result = runner.raw("integration", params)
    assert not result.get("failed"), result
    found = {item["rule"] for item in result["integration"]["findings"]}
    assert ("no-forward" in found) is not all(inbound)
    assert not [line for line in result["report"] if line.startswith("warning") and "no destination" in line]


@pytest.mark.parametrize("content", [None, b"", b"number\n", b"number;name\n+31207001000;x\n", b"number\n0031\n"])
def test_contacts_error_names_the_file(
    runner: ModuleRunner, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    # A long path would be shortened.
    monkeypatch.chdir(tmp_path)
    file = pathlib.Path("contacts.csv")
    if content is not None:
        file.write_bytes(content)
    params = {"name": "x", "assistant": "A", "phone_number": NUMBER_1, "csv": str(file)}
    message = str(runner.raw("vapi_campaign", {**runner.connection("vapi_campaign"), **params})["msg"])
    assert f'Option csv ("{file}"): ' in message

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records: the options, the body that is sent and the answer that is read are one thing."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import typing as t
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import errors as core_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api, to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    overlay,
    replaced_variants,
    restrict,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    Field,
    Model,
    Option,
    argument_spec,
    camel,
    fields,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import Description, FreeForm, parse
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import Forward
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SipTrunk
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import OUTWARD
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import MANAGED, READ, REFERRED
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

RESOURCES = {resource.name: resource for resource in (*MANAGED, *READ, *REFERRED)}
RECORDS: dict[str, type[Model]] = {noun: resource.record for noun, resource in RESOURCES.items()}
RECORDS |= {f"{noun} ask": resource.options for noun, resource in RESOURCES.items()}
RECORDS |= {f"{resource.provider.name} connection": resource.provider.connection for resource in MANAGED}
RECORDS["http"] = HttpOptions
EVERY = pytest.mark.parametrize("name", RECORDS)
#: Records that travel: a forward is made by functions of its own.
WIRED = {name: RECORDS[name] for name in RESOURCES if name != "forward" and fields(RECORDS[name])}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def nested(record: type[Model]) -> t.Iterator[type[Model]]:
    yield record
    for field in fields(record).values():
        if field.nested:
            yield from nested(field.nested)


# -------------------------------------------------------------------------------------------------- the argument spec


@EVERY
def test_argument_spec_matches_the_annotations(name: str) -> None:
    """Ansible takes it, and it says what the annotations say."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    record = RECORDS[name]
    spec = argument_spec(record)
    assert list(spec) == list(fields(record))
    for option, field in fields(record).items():
        made = spec[option]
        assert made["type"] in {"str", "int", "float", "bool", "dict", "list", "raw"}
        assert made.get("required", False) == field.option.required
        assert made.get("no_log", False) == field.option.secret
        assert not (field.option.required and "default" in made)
        if re.search(r"password|token|key|secret", option):
            assert "no_log" in made, f"{option}: Ansible wants to be told whether it is a secret"
        if made["type"] == "list":
            assert made["elements"] in {"str", "dict", "int"}
    needed = {option: "x" for option, made in spec.items() if made.get("required")}
    result = ArgumentSpecValidator(spec).validate(needed)
    assert not result.error_messages
    assert all(
        not made.get("required") and "default" not in made for made in argument_spec(record, inherit=True).values()
    )


def test_argument_spec_of_the_sip_trunk() -> None:
    spec = argument_spec(SipTrunk)
    assert spec["name"] == {"type": "str", "required": True}
    assert spec["password"] == {"type": "str", "no_log": True}
    assert spec["register"]["type"] == "dict", "a Python word in the record is a plain word for people"
    assert (spec["gateways"]["type"], spec["gateways"]["elements"]) == ("list", "dict")
    gateway = spec["gateways"]["options"]
    assert gateway["ip"] == {"type": "str", "required": True}
    assert gateway["port"] == {"type": "int", "default": 5060}
    assert gateway["outbound_protocol"]["choices"] == ["udp", "tcp", "tls", "tls/srtp"]


def test_argument_spec_needs_no_library() -> None:
    """``ansible-test sanity`` reads it where neither pydantic nor httpx is installed."""
    modules = sorted({(resource.record.__module__, resource.name.upper()) for resource in MANAGED})
    code = f"""
import sys, importlib, json
for name in ("pydantic", "pydantic_core", "httpx"):
    sys.modules[name] = None
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import argument_spec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import MISSING
assert set(MISSING) == {{"httpx", "pydantic"}}
made = {{}}
for module, noun in {modules!r}:
    resource = getattr(importlib.import_module(module), noun)
    made[noun.lower()] = argument_spec(resource.record) | argument_spec(resource.options)
print(json.dumps(made))
"""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert made.returncode == 0, made.stderr[-500:]
    with_libraries = {r.name: argument_spec(r.record) | argument_spec(r.options) for r in MANAGED}
    assert json.loads(made.stdout) == json.loads(json.dumps(with_libraries))


# -------------------------------------------------------------------------------------------------- what people write


def wrong_values(field: Field) -> t.Iterator[t.Any]:
    """Values that can not be right, each with a canary in it where there is room."""
    secret = canary()
    if field.kind in ("int", "float", "bool"):
        yield secret
    if field.kind == "str":
        yield {"x": secret}
        if field.choices:
            yield secret
    if field.option.range:
        yield field.option.range[0] - 1
        yield field.option.range[1] + 1
    if field.option.length:
        yield secret * (field.option.length[1] // len(secret) + 1)
    if field.option.check and field.kind == "str":
        yield f"\n {secret} ä\0"
    if field.kind in ("list", "records"):
        yield secret
        yield [{"x": {"y": secret}}, 5] if field.kind == "list" else [5, secret]
    if field.kind in ("dict", "record"):
        yield secret


def right(field: Field) -> t.Any:
    return {"ip": "192.0.2.1"}.get(field.name)


def cases() -> t.Iterator[t.Any]:
    for name, record in RECORDS.items():
        for field in fields(record).values():
            for index, value in enumerate(wrong_values(field)):
                yield pytest.param(record, {field.name: value}, field.name, value, id=f"{name}-{field.name}-{index}")
            if not field.nested:
                continue
            for inner in fields(field.nested).values():
                for index, value in enumerate(wrong_values(inner)):
                    item = {inner.name: value}
                    many = field.kind == "records"
                    path = f"{field.name}{'[1]' if many else ''}.{inner.name}"
                    given_ = {field.name: [{}, item] if many else item}
                    yield pytest.param(record, given_, path, value, id=f"{name}-{path}-{index}")


@pytest.mark.parametrize(("record", "given_", "path", "value"), list(cases()))
def test_invalid_value_has_one_message(record: type[Model], given_: t.Any, path: str, value: t.Any) -> None:
    """It names the option's path, the value unless that is a secret or may have secrets in it, and the rule."""
    with pytest.raises(OptionError) as raised:
        from_options(record, given_)
    problem = raised.value.each[0]
    assert problem.path.startswith(path), problem
    text = problem.sentence()
    assert text.startswith(f"Option {path}")
    assert "\n" not in text
    assert text.isprintable()
    assert len(problem.rule) > 10
    field = field_at(record, path)
    displayed = field.kind in ("str", "int", "float", "bool") and not isinstance(value, (dict, list))
    if displayed and not (field.option.secret or field.option.personal):
        assert json.dumps(value, ensure_ascii=False)[1:9] in text
    else:
        result = [value] if isinstance(value, str) else re.findall(r"Zq\w{32}", json.dumps(value))
        for secret in result:
            assert not any(secret[at : at + 8] in text for at in range(max(1, len(secret) - 7)))
    assert problem.__cause__ is None
    assert problem.__context__ is None, "the library's error would be printed with the value"


def field_at(record: type[Model], path: str) -> Field:
    first, *rest = re.sub(r"\[\d+\]", "", path).split(".")
    field = fields(record)[first]
    return fields(field.nested)[rest[0]] if rest and field.nested else field


def one_fault_each(record: type[Model]) -> dict[str, dict[str, t.Any]]:
    """For each option of a record the options that make it wrong."""
    found: dict[str, dict[str, t.Any]] = {}
    for field in fields(record).values():
        for value in wrong_values(field):
            found[field.name] = {field.name: value}
        for inner in fields(field.nested).values() if field.nested else ():
            for value in wrong_values(inner):
                item = {inner.name: value}
                found[f"{field.name}.{inner.name}"] = {field.name: [item] if field.kind == "records" else item}
    return found


def merged(one: dict[str, t.Any], two: dict[str, t.Any]) -> dict[str, t.Any]:
    result = dict(one)
    for name, value in two.items():
        there = result.get(name)
        if isinstance(there, list) and isinstance(value, list):
            result[name] = there + value
        else:
            result[name] = {**there, **value} if isinstance(there, dict) and isinstance(value, dict) else value
    return result


PAIRS = [
    pytest.param(record, one, two, id=f"{name}-{one}-{two}")
    for name, record in RECORDS.items()
    for one, two in itertools.combinations(one_fault_each(record), 2)
    if one.split(".")[0] != two and two.split(".")[0] != one
]


@pytest.mark.parametrize(("record", "one", "two"), PAIRS)
def test_two_invalid_values_are_reported_together(record: type[Model], one: str, two: str) -> None:
    each = one_fault_each(record)
    with pytest.raises(OptionError) as raised:
        from_options(record, merged(each[one], each[two]))
    paths = [re.sub(r"\[\d+\]", "", problem.path) for problem in raised.value.each]
    for desired in (one, two):
        assert any(path == desired or path.startswith(desired) for path in paths), (desired, paths)


def test_validators_apply_to_input_and_not_to_responses() -> None:
    with pytest.raises(OptionError):
        from_options(SipTrunk, {"name": "n" * 41})
    assert from_api(SipTrunk, {"name": "n" * 41}).name == "n" * 41


def test_errors_contain_the_path_from_the_root() -> None:
    assert OptionError("ip", "x").under("gateways[0]").path == "gateways[0].ip"
    assert OptionError("[0].ip", "x").under("gateways").path == "gateways[0].ip"
    assert OptionError("", "x").under("numbers[2]").path == "numbers[2]"
    assert str(OptionError("", "All is lost.")) == "All is lost."


def test_value_is_normalized_before_validation() -> None:
    assert from_options(Forward, {"number": "+31 (20) 123-4567"}).number == "31201234567"


def test_unknown_option_is_ignored() -> None:
    assert not hasattr(from_options(SipTrunk, {"name": "x", "nmae": "y"}), "nmae")


# ------------------------------------------------------------------------------------------------------ the API's form


def values(field: Field) -> st.SearchStrategy[t.Any]:
    """Values of a field as an API may hold them."""
    words = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=6)
    if field.choices:
        return st.sampled_from(field.choices)
    if field.kind == "record":
        assert field.nested
        return records(field.nested)
    if field.kind == "records":
        assert field.nested
        return st.lists(records(field.nested), max_size=3)
    free = st.dictionaries(words, words | st.integers() | st.dictionaries(words, words, max_size=2), max_size=3)
    plain: dict[str, st.SearchStrategy[t.Any]] = {
        "str": words,
        "int": st.integers(*(field.option.range or (1, 99))),
        "float": st.sampled_from([0.5, 1.5, 20.0]),
        "bool": st.booleans(),
        "dict": free.filter(bool),
        "list": st.lists(free.filter(bool) if field.elements == "dict" else words, max_size=3),
        "raw": words | free.filter(bool),
    }
    return plain[field.kind]


@st.composite
def records(draw: st.DrawFn, record: type[Model]) -> Model:
    """A record in which every field may be set or not."""
    made = {}
    for field in fields(record).values():
        value = draw(values(field) if field.default is not None else st.none() | values(field))
        made[field.attr] = None if field.option.secret else value
    if "sip_uri" in made:  # a destination is one of several kinds
        kind = draw(st.sampled_from(record.targets))  # type: ignore[attr-defined]
        made |= dict.fromkeys(record.targets)  # type: ignore[attr-defined]
        made[kind] = {"number": "+31", "sip_uri": "sip:a@b", "assistant_name": "Sales"}[kind]
        if kind != "number":
            made["number_e164_check_enabled"] = True
        if kind == "assistant_name":
            made |= {**dict.fromkeys(OUTWARD), "mode": "blind-transfer"}
    return record.model_construct(None, **made)


def filled(value: t.Any) -> t.Any:
    """A record's fields that are set; an object in which nothing is set is none. A record that adapts its body may
    leave out an empty list."""
    if isinstance(value, Model):
        found = {field.name: filled(getattr(value, field.attr)) for field in fields(type(value)).values()}
        unset: tuple[t.Any, ...] = (None, {}, []) if "sent" in vars(type(value)) else (None, {})
        return {name: item for name, item in found.items() if item not in unset}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return value


@pytest.mark.parametrize("name", WIRED)
@given(data=st.data())
def test_api_round_trip(name: str, data: st.DataObject) -> None:
    record = data.draw(records(WIRED[name]))
    sent = json.loads(json.dumps(to_api(record)))
    assert filled(from_api(type(record), sent)) == filled(record)
    assert to_api(from_api(type(record), sent)) == sent


@pytest.mark.parametrize("name", WIRED)
@given(data=st.data())
def test_any_response_can_be_parsed(name: str, data: st.DataObject) -> None:
    """Whatever stands in the fields that are read, nothing raises, and what came out can be worked with."""
    known = {
        field.api_name.split(".")[0]
        for inner in nested(WIRED[name])
        for field in fields(inner).values()
        if field.api_name
    }
    names = st.sampled_from(sorted(known)) | st.text(max_size=5)
    inner = st.dictionaries(names, JSON | st.dictionaries(names, JSON, max_size=3), max_size=6)
    raw = data.draw(JSON | inner | st.dictionaries(names, inner | st.lists(inner, max_size=2), max_size=6))
    record = from_api(WIRED[name], raw)
    assert isinstance(record, Model)
    json.dumps([to_api(record), to_display(record), to_api(overlay(record, record))])


@pytest.mark.parametrize("name", WIRED)
@pytest.mark.parametrize("depth", [1, 50, 150])
def test_deeply_nested_response_can_be_parsed(name: str, depth: int) -> None:
    deep: t.Any = "x"
    for _level in range(depth):
        deep = {"server": deep, "model": deep} if depth == 1 else {"server": deep}
    for wire in {field.api_name.split(".")[0] for field in fields(WIRED[name]).values()}:
        from_api(WIRED[name], {wire: deep})


def test_empty_value_is_sent_as_null() -> None:
    trunk = SipTrunk.model_construct(None, name="x", username="", tech_prefix="", register_=None)
    assert to_api(trunk) == {"name": "x", "techPrefix": "", "outboundAuthenticationPlan": None}


def test_api_names_are_camel_case() -> None:
    assert camel("outbound_leading_plus_enabled") == "outboundLeadingPlusEnabled"
    assert camel("name") == "name"


# ------------------------------------------------------------------------------------------------------------ overlay

TREE = st.recursive(
    st.integers(0, 3) | st.sampled_from(["", "a", "b"]) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
DICT = st.dictionaries(st.sampled_from("xyz"), TREE | st.none(), max_size=3)
#: The union of two variants, inside objects of the same union.
UNION_TAGS = ("provider", "type")
UNION = "N | A | B"
FORM = FreeForm(
    Description(
        f"N: {'; '.join(f'{key}={UNION}' for key in ('other', *'pqrxyz'))}\n"
        "A: provider=text(a); type=text(a)\nB: provider=text(b); type=text(b)"
    ),
    parse(UNION),
)
VARIANT = st.builds(
    lambda tags, rest: rest | tags,
    st.dictionaries(st.sampled_from(UNION_TAGS), st.sampled_from("ab") | st.none(), max_size=2),
    st.dictionaries(st.sampled_from("xyz"), TREE, max_size=3),
)


@given(DICT, DICT)
def test_overlay_merges_dicts(current: t.Any, desired: t.Any) -> None:
    one_shot = overlay(current, desired)
    assert overlay(one_shot, desired) == one_shot
    if not desired:
        assert one_shot == {}
        return
    for key, value in desired.items():
        if value is None:
            assert key not in one_shot
        elif not isinstance(value, dict):
            assert one_shot[key] == value
    for key, value in current.items():
        if key not in desired and value is not None and not isinstance(value, dict):
            assert one_shot[key] == value


@given(VARIANT, VARIANT, st.lists(st.sampled_from("pqr"), max_size=3))
def test_other_union_variant_replaces_the_object(current: t.Any, desired: t.Any, path: list[str]) -> None:
    """At any depth: what the former variant had and the new one is not given does not remain, and is named."""
    change = any(current.get(tag) and desired.get(tag) and current[tag] != desired[tag] for tag in UNION_TAGS)
    given, there = desired, current
    for step in reversed(path):
        given, there = {step: given}, {step: there, "other": 1}
    merged = overlay(there, given, FORM)
    result = replaced_variants(there, given, "definition", FORM)
    displayed = restrict(there, given, FORM)
    for step in path:
        assert merged["other"] == 1
        merged, displayed = merged[step], displayed[step]
    if not change:
        assert result == []
        if desired == {}:  # given as empty
            return
        assert set(merged) >= {key for key in current if key not in desired and current[key] is not None}
        return
    assert merged == {key: value for key, value in desired.items() if value is not None}
    assert displayed == {key: value for key, value in current.items() if value is not None}, "a diff shows what goes"
    gone = {key for key in current if key not in desired and current[key] is not None}
    if gone:
        (sentence,) = result
        assert sentence.startswith(".".join(["definition", *path]) + ".")
        assert all(re.search(rf"[ ,]{key}\b", sentence) for key in gone if current[key] != {})


@pytest.mark.parametrize("name", WIRED)
@given(data=st.data())
def test_overlay_merges_models(name: str, data: st.DataObject) -> None:
    current, desired = data.draw(records(WIRED[name])), data.draw(records(WIRED[name]))
    one_shot = overlay(current, desired)
    assert to_api(overlay(one_shot, desired)) == to_api(one_shot)
    for field in fields(type(desired)).values():
        if getattr(desired, field.attr) is None and filled(desired):
            assert getattr(one_shot, field.attr) == getattr(current, field.attr), f"{field.name} is not managed"
    nothing = WIRED[name].model_construct(None, **dict.fromkeys(f.attr for f in fields(WIRED[name]).values()))
    if filled(current):
        assert filled(overlay(nothing, current)) == filled(current)


@given(DICT, DICT)
def test_restrict_returns_a_subset(value: t.Any, like: t.Any) -> None:
    part = restrict(value, like)
    if like:
        assert part.keys() <= value.keys() & like.keys()
        assert restrict(part, like) == part


# ------------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("name", RECORDS)
def test_secrets_are_neither_shown_nor_read(name: str) -> None:
    record = RECORDS[name]
    for field in fields(record).values():
        if not field.option.secret:
            continue
        secret = canary()
        made = record.model_construct(None, **{field.attr: secret})
        assert secret not in json.dumps(to_display(made))
        assert field.name not in to_display(made)
        if field.api_name:
            raw: t.Any = secret
            for step in reversed(field.api_name.split(".")):
                raw = {step: raw}
            assert secret not in json.dumps(to_display(from_api(record, raw)))
            assert getattr(from_api(record, raw), field.attr) is None


def test_options_named_like_secrets_are_secret() -> None:
    for name, record in RECORDS.items():
        for inner in nested(record):
            for field in fields(inner).values():
                if re.search(r"password$|secret|token|private_key|api_key", field.name):
                    allowed = field.name == "update_password"
                    assert field.option.secret or allowed, f"{name}: {field.name}"


def test_options_are_hashable() -> None:
    assert Option() == Option()
    assert fields(SipTrunk) is fields(SipTrunk)
    assert str(uuid.UUID(int=0)) not in repr(core_errors)

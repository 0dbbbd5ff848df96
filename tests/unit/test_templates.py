# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's templates and Vapi's variables look alike: what would be filled in wrongly is found, wherever it is."""

from __future__ import annotations

import types
import typing as t

import jinja2.defaults
import pytest
from ansible import constants
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import rendered_objects
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import (
    GLOBALS,
    OWN,
    USUAL,
    VAPI_OWN,
    replaced_variables,
    template_faults,
)

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: t.Any) -> t.Any:
        return value


#: A few of Ansible's own variables, in the forms that they have.
MAGIC: dict[str, t.Any] = {
    **{name: ["x"] for name in OWN},
    "groups": {"all": ["localhost"]},
    "role_name": "integration",
    "inventory_hostname": "localhost",
}
#: Ways from a variable to a text in it.
PATHS = st.lists(st.sampled_from(["definition", "model", "content", 0, 1]), max_size=5)
WORDS = st.sampled_from(["", "Hello ", "It is ", "\n", "{", "}}", " {# x #}"])


def wrapped(path: list[t.Any], text: t.Any) -> tuple[str, t.Any]:
    """The dotted path and a value that holds ``text`` there."""
    name = ""
    value = text
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [None] * step + [value]
    for step in path:
        name += f".{step}" if isinstance(step, str) else f"[{step}]"
    return name, value


def trusted(value: t.Any) -> t.Any:
    """A value as it is read from a file of variables."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def faults(value: t.Any, warn: t.Callable[[str], None] = lambda _text: None, **variables: t.Any) -> list[str]:
    known = {**MAGIC, **trusted(variables)}
    return template_faults("v", trusted(value), known, Templar(loader=DataLoader(), variables=known).template, warn)


NAMES = st.sampled_from(sorted(VAPI_OWN - {"now"})) | st.sampled_from(["name", "company", "customer.name", "a.b.c"])


@given(PATHS, WORDS, NAMES, st.sampled_from(["{{ %s }}", "{{%s}}", "{%% if %s %%}x{%% endif %%}", "{{ %s | upper }}"]))
def test_undefined_template_is_named_with_its_path(path: list[t.Any], lead: str, name: str, form: str) -> None:
    place, value = wrapped(path, lead + form % name)
    (fault,) = faults(value)
    assert fault.startswith(f"v{place} ")
    assert f"{{{{ {name} }}}}" in fault or "cannot be read" in fault
    # The same, where the text is in a variable of its own.
    (fault,) = faults("{{ other }}", other=value)
    assert fault.startswith(f"other{place} ")


@given(PATHS, WORDS, st.sampled_from(sorted(GLOBALS | OWN)))
def test_template_of_ansible_variable_is_rejected(path: list[t.Any], lead: str, name: str) -> None:
    place, value = wrapped(path, f"{lead}{{{{ {name} }}}}")
    (fault,) = faults(value)
    assert fault.startswith(f"v{place} ")
    if "cannot be read" not in fault:
        assert f"{{{{ {name} }}}}" in fault


@given(
    PATHS,
    st.sampled_from(
        [
            "plain", "{{ mine }}", "Hi {{ mine }} and {{ deep.x }}", "{{ no | default('x') }}", "{{ now().year }}",
            "{{ groups | length }}", "{{ inventory_hostname }}", "{% raw %}{{ customer.name }}{% endraw %}",
            "{{ [mine] | zip([1]) | list | ansible.builtin.combine }}", "{{ mine is some.collection.test }}",
            "{{ mine | no.such.filter }}", "{% if mine is match('y') %}{{ mine | combine }}{% endif %}",
            "{{ role_name | string }}", "{{ company is defined }}", "{{ lookup('ansible.builtin.env', 'HOME') }}",
        ]
    ),
)  # fmt: skip
def test_ansible_templates_are_accepted(path: list[t.Any], text: str) -> None:
    _place, value = wrapped(path, text)
    assert faults(value, mine="{{ deep.x }}", deep={"x": "y"}) == []


@given(
    PATHS, st.sampled_from(["{{ now }}", "{{ customer.name }}", "{% assign x = 1 %}", '{{"now" | date: "%b %d, %Y"}}'])
)
def test_unsafe_text_is_accepted(path: list[t.Any], text: str) -> None:
    """As ``!unsafe`` marks it."""
    from ansible.utils.unsafe_proxy import wrap_var

    _place, value = wrapped(path, wrap_var(text))
    assert template_faults("v", value, MAGIC, Templar(loader=DataLoader(), variables=MAGIC).template) == []


@pytest.mark.parametrize("name", sorted(VAPI_OWN - {"now"}))
def test_name_of_both_vapi_and_ansible_is_a_warning(name: str) -> None:
    for text in (f"{{{{ {name} }}}}", f"On {{{{ {name} }}}}"):
        result: list[str] = []
        assert faults(text, warn=result.append, **{name: "mine"}) == []
        assert [f"{{{{ {name} }}}}" in sentence for sentence in result] == [True]


def test_all_template_errors_are_reported_together() -> None:
    value = [{"definition": {"firstMessage": f"{{{{ n{index} }}}}"}} for index in range(5)]
    assert [fault.split()[0] for fault in faults(value)] == [f"v[{i}].definition.firstMessage" for i in range(5)]


#: Texts that Ansible would change.
CHANGED = st.sampled_from(
    [
        "It is {{now}}.", "{{ now | escape }}", "{{ lookup | string }}", "{{ customer.name | default('x') }}",
        "{{ customer['name'] | d('x') }}", "{% if customer is defined %}x{% endif %}", "{{ groups }}", "Say {# x #} it",
        "{% for day in month %}{{ day }}{% endfor %}", "{% assign x = 1 %}", "{{ x.y }}",
    ]
)  # fmt: skip
#: Texts that refer to the text at prompts.a, in other ways.
REFERENCES = st.sampled_from(
    [
        "{{ prompts.a }}", "{{ prompts['a'] }}", "Say {{ prompts.a }}!", "{{ prompts.a | upper }}", "{{ alias.a }}",
        "{{ prompts }}", "{% if prompts.a %}{{ prompts.a }}{% endif %}", "{{ names[0] }}", "{{ nested.x.y }}",
    ]
)  # fmt: skip


@given(PATHS, REFERENCES, CHANGED)
def test_template_below_a_variable_is_named_with_its_own_path(path: list[t.Any], reference: str, text: str) -> None:
    _place, value = wrapped(path, reference)
    more = {"alias": "{{ prompts }}", "names": ["{{ prompts.a }}"], "nested": {"x": {"y": "{{ alias.a }}"}}}
    found = faults(value, prompts={"a": text, "b": "{{ unused }}" if reference != "{{ prompts }}" else "x"}, **more)
    assert [fault.split()[0] for fault in found] == ["prompts.a"], found


@given(PATHS, st.sampled_from(sorted(OWN)), WORDS)
def test_text_of_ansible_variable_is_detected(path: list[t.Any], name: str, lead: str) -> None:
    """As ``set_fact`` passes it on, after it has evaluated the template."""
    variables = {**MAGIC, name: {"some": ["long", "value"]}}
    place, value = wrapped(path, f"{lead}{variables[name]} after")
    ((found, rule),) = replaced_variables({"v": value}, variables)
    assert found == f"v{place}"
    assert f"variable {name}," in rule
    assert "!unsafe" in rule
    assert list(replaced_variables({"v": wrapped(path, "plain [] {}")[1]}, variables)) == []


class AllHosts(dict[str, t.Any]):
    """Like ``hostvars`` before ansible-core 2.19, whose text contains the evaluated variables of all hosts."""

    def __repr__(self) -> str:
        raise AssertionError("the variables of all hosts are evaluated")


def test_variables_of_other_hosts_are_not_evaluated() -> None:
    hosts = AllHosts(acme={})
    variables = {**MAGIC, "hostvars": hosts, "vars": {"hostvars": hosts}}
    assert list(replaced_variables({"v": "plain [] {}"}, variables)) == []
    ((found, _rule),) = replaced_variables({"v": "Say {'acme': {'secret': 1}}"}, variables)
    assert found == "v"


def test_recursive_variables_terminate() -> None:
    assert faults("{{ one }}", one="{{ two }}", two="{{ one }}") == []


# ------------------------------------------------------------------------------------- what a module gets in the end


def generator() -> t.Iterator[int]:
    yield 1


OBJECTS: list[t.Any] = [
    print, len, generator, generator(), "".join, test_all_template_errors_are_reported_together, types, int, str,
    object(), {}.items(), {"a": 1}.keys(), {}.values(), map(str, [1]), zip([1], [2], strict=True), lambda: 1,
    DataLoader(), *jinja2.defaults.DEFAULT_NAMESPACE.values(),
]  # fmt: skip


@pytest.mark.parametrize("which", range(len(OBJECTS)))
@given(PATHS, WORDS)
def test_text_of_object_is_detected(which: int, path: list[t.Any], lead: str) -> None:
    place, value = wrapped(path, f"{lead}{OBJECTS[which]} after")
    ((found, text),) = rendered_objects({"v": value})
    assert found == f"v{place}"
    assert text in str(OBJECTS[which])
    assert [found for found, _text in rendered_objects({str(OBJECTS[which]): 1})] == [str(OBJECTS[which])]


@pytest.mark.parametrize("name", sorted(GLOBALS))
def test_text_of_jinja_global_is_detected(name: str) -> None:
    """What a template makes of it, unless Ansible refuses it itself."""
    try:
        made = Templar(loader=DataLoader(), variables={}).template(trust_as_template(f"It is {{{{ {name} }}}}."))
    except Exception:  # noqa: BLE001 - then no module sees it
        return
    assert [path for path, _text in rendered_objects({"firstMessage": made})] == ["firstMessage"], made


@given(st.text(), st.sampled_from(["<function name>", "<class>", "a < b > c", "at 0x41>", "<b>bold</b>", "Undefined"]))
def test_prose_is_not_detected_as_object(text: str, more: str) -> None:
    assert list(rendered_objects({"firstMessage": text.replace("0x", "") + more})) == []


def test_ansible_names_equal_those_of_ansible() -> None:
    assert set(constants.INTERNAL_STATIC_VARS) <= OWN | USUAL

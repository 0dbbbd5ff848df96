# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin's documentation, which is what Ansible takes its options from, and what may be a host."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.doc_fragments import _across, _http
from ansible_collections.voiceops.vapi_didlogic.plugins.inventory import didlogic_numbers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.module import connection_spec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

SPEC = connection_spec(VAPI, "vapi_") | connection_spec(DIDLOGIC, "didlogic_")


def documented() -> dict[str, t.Any]:
    """The options with those of our fragments, as Ansible merges them."""
    own = yaml.safe_load(didlogic_numbers.DOCUMENTATION)["options"]
    for fragment in (_across, _http):
        for name, option in yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"].items():
            own[name] = option | own.get(name, {})
    return dict(own)


@pytest.mark.parametrize("name", SPEC)
def test_inventory_connection_options_equal_module_options(name: str) -> None:
    option, spec = documented()[name], SPEC[name]
    for key in ("type", "default", "choices"):
        assert option.get(key) == spec.get(key)
    _env_fallback, variables = spec.get("fallback", (None, []))
    # Of several Ansible takes the last one that is set, a module the first.
    assert [entry["name"] for entry in option.get("env", [])] == variables[::-1]


def test_host_names_are_numbers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible looks for variables in files named after the host."""
    plugin, warnings = didlogic_numbers.InventoryModule(), []
    monkeypatch.setattr(plugin.display, "warning", warnings.append)
    for name in ("../../etc", "localhost", "", "1"):
        plugin._add(None, {"didlogic_number": name})
    assert len(warnings) == 4


@given(
    st.recursive(
        st.text() | st.none() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_host_variables_contain_no_control_characters(value: t.Any) -> None:
    """``ansible-inventory --graph --vars`` prints variables as they are."""

    def texts(item: t.Any) -> t.Iterator[str]:
        if isinstance(item, dict):
            item = [*item, *item.values()]
        if isinstance(item, list):
            for inner in item:
                yield from texts(inner)
        elif isinstance(item, str):
            yield item

    for text in texts(didlogic_numbers.plain(value)):
        assert printable(text) == text

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that YAML reads as another number than the one written are found where they are written."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _ansible_internals
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._numbers import misread_numbers, misread_options

MISREAD = ["0123", "012", "00", "07_1", "-012", "0031207001000", "10:30", "1:30.5"]
EXACT = [
    "'0123'", '"012"', "0", "10", "-1", "1.5", "0.5", "31201234567", "09", "0x1f", "true", "!!str 0123", "text", "null",
]  # fmt: skip
#: Forms of a file with one value, and the path of the value.
PLACES = {
    "v: VALUE": "v",
    "v:\n  a: VALUE": "v.a",
    "v: {a: {b: VALUE}}": "v.a.b",
    "v: [1, VALUE, 3]": "v[1]",
    "v:\n  - a: 1\n    b:\n      - VALUE": "v[0].b[0]",
    "v: &x {a: VALUE}\nother: *x": "v.a",
    "v: '{{ w }}'\nw: {a: [VALUE]}": "w.a[0]",
    "v: '{{ w.a }}'\nw: {a: VALUE}": "w.a",
    "v: {x: '{{ w[0].y }}'}\nw: [{y: VALUE}]": "w[0].y",
    "v: '{{ w.a }}'\nw: '{{ u }}'\nu: {a: VALUE}": "u.a",
}


def read(folder: pathlib.Path, text: str) -> t.Any:
    """Read a file as Ansible does."""
    file = folder / "environment.yml"
    file.write_text(f"---\n{text}\n")
    # From ansible-core 2.19 on, a file has to be trusted for its templates to be evaluated.
    trusted = {"trusted_as_template": True} if _ansible_internals.PROFILED else {}
    return DataLoader().load_from_file(str(file), **trusted)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("written", MISREAD)
def test_misread_number_is_named_with_its_place(tmp_path: pathlib.Path, place: str, written: str) -> None:
    variables = read(tmp_path, place.replace("VALUE", written))
    (fault,) = misread_numbers("v", variables)
    assert fault.startswith(f"{PLACES[place]} is written with a ")
    assert "quotes" in fault
    assert written not in fault
    # The same, as an option of a task.
    (fault,) = misread_options({key: item for key, item in variables.items() if key == "v"}, variables)
    assert fault.startswith(f"{PLACES[place]} is written with a ")


@pytest.mark.parametrize("place", PLACES)
def test_exact_value_is_accepted(tmp_path: pathlib.Path, place: str) -> None:
    for index, written in enumerate(EXACT):
        folder = tmp_path / str(index)
        folder.mkdir()
        assert misread_numbers("v", read(folder, place.replace("VALUE", written))) == [], written


def test_number_without_a_position_is_accepted(tmp_path: pathlib.Path) -> None:
    variables = read(tmp_path, "v: {a: 0123}")
    (tmp_path / "environment.yml").unlink()
    assert misread_numbers("v", variables) == []
    assert misread_numbers("v", {"v": {"a": 0o123, "b": [0o12]}}) == []
    assert misread_numbers("w", variables) == []


def test_variables_that_refer_to_each_other_terminate(tmp_path: pathlib.Path) -> None:
    assert misread_numbers("v", read(tmp_path, "v: '{{ w }}'\nw: '{{ v }}'\nx: {a: '{{ x }}'}")) == []

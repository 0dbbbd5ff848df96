# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports go down the layers only, and the core contains no word of a service; each rule finds what it forbids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.layers import (
    CARRIERS,
    COLLECTION,
    DEPTH,
    LAST_WITH_ANSIBLE,
    NAME_WORDS,
    SELECTED_CARRIER,
    import_faults,
    word_faults,
)

PLUGINS = Path(__file__).parents[2] / "plugins"
FILES = {path.relative_to(PLUGINS).as_posix(): path.read_text() for path in sorted(PLUGINS.rglob("*.py"))}
CORE = sorted(path for path in FILES if path.startswith("module_utils/_core/"))


def test_layers_contain_files() -> None:
    assert len(CORE) > 15
    assert {path.split("/")[0] for path in FILES} <= {*DEPTH, "module_utils"}
    assert not [path for path in FILES if path.startswith("module_utils/") and path.count("/") == 1 and FILES[path]]


def test_imports_follow_the_layers() -> None:
    assert not import_faults(FILES)


@pytest.mark.parametrize("path", CORE)
def test_core_names_no_service(path: str) -> None:
    assert not word_faults(path, FILES[path])


def a_file_in(package: str) -> str:
    return f"module_utils/{package}/x.py" if package.startswith("_") else f"{package}/x.py"


def dotted(package: str) -> str:
    return ".".join([COLLECTION, "plugins", *a_file_in(package).removesuffix(".py").split("/")])


#: The ways to write an import. A relative one counts packages up from the file.
WAYS: dict[str, Callable[[str, str], str]] = {
    "from": lambda package, _path: f"from {dotted(package)} import y",
    "from package": lambda package, _path: f"from {dotted(package).removesuffix('.x')} import x",
    "import": lambda package, _path: f"import {dotted(package)} as z",
    "relative": lambda package, path: (
        f"from {'.' * (path.count('/') + 1)}{a_file_in(package)[:-3].replace('/', '.')} import y"
    ),
    "in a function": lambda package, _path: f"def f():\n    from {dotted(package)} import y",
    "for types": lambda package, _path: f"if t.TYPE_CHECKING:\n    from {dotted(package)} import y",
    "import_module": lambda package, _path: f"importlib.import_module('{dotted(package)}')",
}


#: A lower package that may only be imported by one file of a package.
THROUGH_INTERFACE = {("_topology", carrier) for carrier in CARRIERS}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_one_file_selects_the_carrier(carrier: str, way: str) -> None:
    assert SELECTED_CARRIER in FILES
    for path in ("module_utils/_topology/x.py", "module_utils/_topology/checks/x.py"):
        assert import_faults({path: WAYS[way](carrier, path)})
    assert not import_faults({SELECTED_CARRIER: WAYS[way](carrier, SELECTED_CARRIER)})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("package", DEPTH)
def test_import_of_upper_layer_is_reported(package: str, way: str) -> None:
    path = a_file_in(package)
    for target in DEPTH:
        faults = import_faults({path: WAYS[way](target, path)})
        allowed = package == target or (DEPTH[package] < DEPTH[target] and (package, target) not in THROUGH_INTERFACE)
        assert bool(faults) is not allowed, (target, faults)


@pytest.mark.parametrize("line", ["import ansible", "from ansible.module_utils import basic", "import ansible.errors"])
@pytest.mark.parametrize("package", DEPTH)
def test_import_of_ansible_below_is_reported(package: str, line: str) -> None:
    assert bool(import_faults({a_file_in(package): line})) is (DEPTH[package] > LAST_WITH_ANSIBLE)


@pytest.mark.parametrize(
    "path", ["module_utils/_other/x.py", "module_utils/x.py", "unknown/x.py"], ids=["utility", "loose", "plugin"]
)
def test_package_outside_the_layout_is_reported(path: str) -> None:
    assert import_faults({path: ""})
    name = path.removesuffix(".py").replace("/", ".")
    assert import_faults({"modules/x.py": f"import {COLLECTION}.plugins.{name}"})


#: The places of an identifier. A constant is in upper case, a class in camel case.
NAMES = {
    "function": "def {snake}(): pass",
    "class": "class {camel}: pass",
    "constant": "{upper} = 1",
    "plural": "{snake}s = 1",
    "private": "_{snake} = 1",
    "argument": "def f(the_{snake}): pass",
    "keyword": "f({snake}_id=1)",
    "attribute": "x.{snake} = 1",
    "import": "from x import {snake}",
    "import as": "from x import y as {snake}",
    "module": "from x.{snake} import y",
}

#: Words that are ordinary English in a text.
ORDINARY_IN_TEXTS = {"number", "destination", "forward", "workflow"}

#: The places of a text.
TEXTS = {
    "string": "x = 'a {word}'",
    "key": "x['{word}_id']",
    "f-string": "x = f'{{y}} {word} {{z}}'",
    "bytes": "x = b'{word}'",
    "docstring": '"""A {word}."""',
    "comment": "x = 1  # a {word}",
    "capital": "x = 'The {title}'",
}


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("word", sorted(NAME_WORDS))
def test_service_in_identifier_is_reported(word: str, place: str) -> None:
    source = NAMES[place].format(snake=word, camel=f"The{word.title()}", upper=f"{word.upper()}_ID")
    assert word_faults("x.py", source), source


@pytest.mark.parametrize("place", TEXTS)
@pytest.mark.parametrize(
    "word", sorted({*NAME_WORDS, "phone number"} - {"number", "destination", "forward", "workflow"})
)
def test_service_in_text_is_reported(word: str, place: str) -> None:
    source = TEXTS[place].format(word=word, title=word.title())
    assert word_faults("x.py", source), source


@pytest.mark.parametrize(
    "source",
    [
        "line_number = 1",
        "# the number of requests, from the destination forward",
        "x = 'must be a number'",
        f"from {COLLECTION}.plugins.module_utils._core.errors import OptionError",
        "x = 'voiceops.vapi_didlogic'",
        "telephone = 'gossip'",
        "x = 'sips?'",
        "# an operation such as a phone call",
    ],
)
def test_ordinary_word_is_accepted(source: str) -> None:
    assert not word_faults("x.py", source)

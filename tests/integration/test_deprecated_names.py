# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugins import nothing that ansible-core removes or deprecates in one of its next versions.

Deprecations that ansible-core reports when a name is used are found by every other test here, see ``Services.ansible``.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import ansible
import pytest

from tests.tools import environments

LIBRARY = Path(ansible.__file__).parent
#: A deprecation in the source text of ansible-core, in effect or planned.
DEPRECATION = re.compile(r"""(?:core_|\b)version=['"]2\.2[3-5]['"]""")
#: Imports for versions of ansible-core that do not have the replacement, behind a condition.
OLDER = {("plugins/inventory/didlogic_numbers.py", "ansible.utils.unsafe_proxy.wrap_var")}


def deprecated_names() -> Iterator[str]:
    """Modules, functions, classes and aliases that are deprecated as a whole, by their full name.

    ``<module>.*`` are the names that a module has only by its ``__getattr__``.
    """
    for path in LIBRARY.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines = [number for number, line in enumerate(text.splitlines(), 1) if DEPRECATION.search(line)]
        tree = ast.parse(text) if lines else ast.Module([])
        module = ".".join(("ansible", *path.relative_to(LIBRARY).with_suffix("").parts)).removesuffix(".__init__")
        yield from (f"{module}.{name}".removesuffix(".") for number in lines for name in _deprecated(tree, number))


def _deprecated(tree: ast.Module, number: int) -> Iterator[str]:
    """What a deprecation in a line of a module is about; an empty text for the module."""
    scopes = [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    if number < min((node.lineno for node in scopes), default=number + 1):
        yield ""
    for node in tree.body:
        if isinstance(node, ast.Expr) and _contains(node, number):
            yield ""
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and _is_whole(node, number):
            yield node.name
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__" and _contains(node, number):
            yield "*"
        if isinstance(node, ast.Assign) and node.lineno == number + 1:  # with those below it
            number += 1
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _contains(node: ast.stmt, number: int) -> bool:
    return node.lineno <= number <= (node.end_lineno or 0)


def _is_whole(node: ast.ClassDef | ast.FunctionDef, number: int) -> bool:
    """Whether a deprecation in a line is one of the class or function: no condition, no method, no argument."""
    first = node.body[1:2] if ast.get_docstring(node) else node.body[:1]
    called = isinstance(node, ast.FunctionDef) and any(
        isinstance(each, ast.Expr) and _contains(each, number) for each in first
    )
    return number == node.lineno or called


def imported_names(path: Path) -> Iterator[str]:
    """What a file imports from Ansible; without what it imports if that failed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fallbacks = [handler for node in ast.walk(tree) if isinstance(node, ast.Try) for handler in node.handlers]
    skipped = {id(node) for handler in fallbacks for node in ast.walk(handler)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ansible.") and id(node) not in skipped:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.each_version
def test_plugins_import_no_deprecated_name() -> None:
    deprecated = set(deprecated_names())
    used = {
        (str(path.relative_to(environments.ROOT)), name)
        for folder in ("plugins", "extensions", "roles")
        for path in (environments.ROOT / folder).rglob("*.py")
        for name in imported_names(path)
    }
    assert len(used) > 30
    assert {(file, name) for file, name in used if _is_deprecated(name, deprecated)} - OLDER == set()


def test_deprecated_names_are_found() -> None:
    deprecated = set(deprecated_names())
    if tuple(map(int, ansible.__version__.split(".")[:2])) >= (2, 20):
        assert _is_deprecated("ansible.module_utils._text.to_text", deprecated)
        assert _is_deprecated("ansible.utils.unsafe_proxy.wrap_var", deprecated)
        assert _is_deprecated("ansible.errors.AnsibleFilterError", deprecated)
    assert not _is_deprecated("ansible.module_utils.basic.AnsibleModule", deprecated)


def _is_deprecated(name: str, deprecated: set[str]) -> bool:
    module, _dot, attribute = name.rpartition(".")
    by_getter = f"{module}.*" in deprecated and attribute not in vars(importlib.import_module(module))
    return bool({name, module} & deprecated) or by_getter

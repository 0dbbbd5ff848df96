# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports in the tests and programs of the repository refer to files and names that exist.

Some of these files are started only by the longer tasks, where an import that fails is noticed late.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.voiceops.vapi_didlogic."
FILES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.py"), *ROOT.glob("tests/**/*.py")])


def resolve(root: Path, module: str) -> Path | None:
    """The file or directory of a module of the repository."""
    base = root.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base) if path.exists()), None)


@functools.cache
def names_of(path: Path) -> set[str]:
    """Names that importing a file binds, and modules of a directory."""
    if path.is_dir():
        return {each.stem for each in path.iterdir()} | (
            names_of(path / "__init__.py") if (path / "__init__.py").exists() else set()
        )
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)  # what it contains is not a name of the module
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


def check_imports(root: Path, file: str) -> Iterator[str]:
    """Report each import, and each attribute of an imported module, that does not exist in the repository.

    :param root: the directory of the repository
    :param file: the path of a Python file below it
    :return: the findings
    """
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    modules: dict[str, Path] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [(alias.name, "", alias) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(Path(file).parts[: -node.level]) + "." if node.level else ""
            base = (package + (node.module or "")).rstrip(".")
            wanted = [(base, alias.name, alias) for alias in node.names]
        else:
            continue
        for full, name, alias in wanted:
            module = full.removeprefix(COLLECTION)
            if module == full and full.partition(".")[0] != "tests":
                continue
            path = resolve(root, module)
            if path is None:
                yield f"{file}:{node.lineno}: there is no module {full}"
            elif name and name not in names_of(path):
                yield f"{file}:{node.lineno}: {full} contains no {name}"
            elif name and (imported := resolve(root, f"{module}.{name}")) and imported.is_file():
                modules[alias.asname or name] = imported
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in bound:
            path = modules.get(node.value.id)
            if path and not node.attr.startswith("__") and node.attr not in names_of(path):
                yield f"{file}:{node.lineno}: {path.relative_to(root)} contains no {node.attr}"


@pytest.mark.parametrize("file", FILES)
def test_imported_names_exist(file: str) -> None:
    """Nothing is executed: the check reads the source."""
    found = list(check_imports(ROOT, file))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("from tests.package import helper, CONSTANT", "tests.package contains no CONSTANT"),
        ("from tests.package.missing import name", "there is no module tests.package.missing"),
        ("from .helper import function, missing", "tests.package.helper contains no missing"),
        ("from . import missing", "tests.package contains no missing"),
        ("import tests.missing", "there is no module tests.missing"),
        (f"from {COLLECTION}tests.package.helper import missing", "helper contains no missing"),
        ("def f():\n    from tests.package import missing", "tests.package contains no missing"),
        ("from tests.package import helper as h\nh.function()\nh.missing()", "helper.py contains no missing"),
        ("from tests.package.helper import function\nimport json\nimport httpx", None),
        ("from . import helper\nhelper.function()", None),
    ],
)
def test_missing_names_are_reported(tmp_path: Path, statement: str, finding: str | None) -> None:
    """One wrong import, one finding."""
    package = tmp_path / "tests" / "package"
    package.mkdir(parents=True)
    (package / "helper.py").write_text("def function(): ...\n")
    (package / "test_it.py").write_text(statement)
    found = list(check_imports(tmp_path, "tests/package/test_it.py"))
    assert len(found) == (finding is not None), found
    assert not finding or finding in found[0]

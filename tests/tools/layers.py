# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the layout in CONTRIBUTING.md: which package imports which, and which words the core does not contain.

The rules read source texts, so that a test can pass in any file that does not exist.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

COLLECTION = "ansible_collections.voiceops.vapi_didlogic"

#: From top to bottom. A file imports from lower layers and from its own package; packages of one layer are independent.
LAYERS = (
    {"modules", "action", "inventory", "filter", "lookup", "doc_fragments"},
    {"plugin_utils"},
    {"_ansible"},
    {"_topology"},
    {"_vapi", "_didlogic", "_sip"},
    {"_core"},
)
DEPTH = {package: depth for depth, layer in enumerate(LAYERS) for package in sorted(layer)}

#: The packages of carriers, and the only file of ``_topology`` that may import one: all others use its interface.
CARRIERS = frozenset({"_didlogic"})
SELECTED_CARRIER = "module_utils/_topology/selected_carrier.py"

#: The lowest layer that may import Ansible.
LAST_WITH_ANSIBLE = DEPTH["_ansible"]

#: Words of the services and their resources, which no identifier of the core contains.
NAME_WORDS = frozenset(
    {"assistant", "campaign", "destination", "didlogic", "forward", "number"}
    | {"phone", "sip", "squad", "trunk", "vapi", "workflow"}
)

#: The same in strings, docstrings and comments, where "number", "forward" and "destination" are ordinary English too.
TEXT_WORDS = re.compile(
    r"(?<![a-z])(?:vapi|didlogic|sip|assistants?|campaigns?|squads?|trunks?|phones?(?! calls?\b))(?![a-z])",
    re.IGNORECASE,
)

#: Identifiers that use such a word in its ordinary meaning.
ORDINARY = frozenset({"line_number", "lineno"})


def package_of(path: str) -> str:
    """The package of a file.

    :param path: its path below ``plugins/``. :return: such as ``modules`` or ``_core``.
    """
    parts = PurePosixPath(path).parts
    return parts[1] if parts[0] == "module_utils" and len(parts) > 2 else parts[0]


def imports(path: str, source: str) -> Iterator[tuple[int, str]]:
    """The imports of a file, also those in functions, and calls of ``import_module`` with a constant.

    :param path: its path below ``plugins/``. :param source: its text. :return: lines and full dotted names.
    """
    own = [*COLLECTION.split("."), "plugins", *PurePosixPath(path).parts[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            start = own[: len(own) - node.level + 1] if node.level else []
            for alias in node.names:
                yield node.lineno, ".".join([*start, *filter(None, [node.module]), alias.name])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def import_faults(files: Mapping[str, str]) -> list[str]:
    """The imports that break the order of the layers.

    :param files: path below ``plugins/`` -> source text. :return: one sentence for each.
    """
    faults = []
    for path, source in files.items():
        package = package_of(path)
        if package not in DEPTH:
            faults.append(f"{path}: {package} is not a package of the layout.")
            continue
        for line, name in imports(path, source):
            place = f"{path}:{line}: {package} imports {name}"
            if name.split(".")[0] == "ansible" and DEPTH[package] > LAST_WITH_ANSIBLE:
                faults.append(f"{place}: only _ansible and the plugins may import Ansible.")
            if not name.startswith(f"{COLLECTION}.plugins."):
                continue
            below = name.removeprefix(f"{COLLECTION}.plugins.").split(".")
            target = below[1] if below[0] == "module_utils" and len(below) > 1 else below[0]
            if target == package:
                continue
            if target not in DEPTH:
                faults.append(f"{place}: {target} is not a package of the layout.")
            elif DEPTH[target] < DEPTH[package]:
                faults.append(f"{place}: that is a higher layer.")
            elif DEPTH[target] == DEPTH[package]:
                faults.append(f"{place}: that is the same layer.")
            elif package == "_topology" and target in CARRIERS and path != SELECTED_CARRIER:
                faults.append(f"{place}: only {SELECTED_CARRIER} may import a carrier.")
    return faults


def word_faults(path: str, source: str) -> list[str]:
    """The words of services in a file of the core.

    :param path: its path. :param source: its text. :return: one sentence for each.
    """
    faults = {f"{path}:{line}: the name {name}." for line, name in _identifiers(ast.parse(source)) if _is_foreign(name)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in TEXT_TOKENS:
            text = token.string.replace(COLLECTION, "").replace("voiceops.vapi_didlogic", "")
            faults |= {f"{path}:{token.start[0]}: the text {found!r}." for found in TEXT_WORDS.findall(text)}
    return sorted(faults)


#: Python 3.12 and newer have tokens of their own for the texts of an f-string.
TEXT_TOKENS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def _is_foreign(name: str) -> bool:
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    return name.strip("_") not in ORDINARY and bool({word.removesuffix("s") for word in words} & NAME_WORDS)


def _identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield line, node.name
        elif isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            yield line, node.attr
        elif isinstance(node, (ast.arg, ast.keyword)):
            yield line, node.arg or ""
        elif isinstance(node, ast.ImportFrom):
            for part in (node.module or "").removeprefix(COLLECTION).split("."):
                yield line, part
            yield from ((line, alias.asname or alias.name) for alias in node.names)

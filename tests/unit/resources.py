# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that the collection declares and the modules that run them, found in its files."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import pkgutil
import unittest.mock

from ansible_collections.voiceops.vapi_didlogic.plugins import module_utils
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    BaseResource,
    OneShotResource,
    Resource,
)

COLLECTION = "voiceops.vapi_didlogic."
PACKAGE = f"ansible_collections.{COLLECTION}plugins."
#: The functions that run a module; the first three run a resource.
ENTRY_POINTS = (
    "run",
    "run_info",
    "run_many",
    "run_operation",
    "run_with_optional",
    "run_report",
    "run_across",
    "run_plain",
)


@dataclasses.dataclass(frozen=True)
class ModuleFile:
    """A module and what it runs: ``entry`` is empty if the module runs nothing that is declared."""

    name: str
    entry: str = ""
    resource: Resource | None = None
    option: str = ""


def declared() -> list[Resource]:
    """Every resource; of two with the same name at one service the one of the lower layer."""
    found: dict[tuple[str, str], Resource] = {}
    for folder in ("_vapi", "_didlogic", "_topology"):
        for path in module_utils.__path__:
            for item in pkgutil.iter_modules([str(pathlib.Path(path) / folder)]):
                module = importlib.import_module(f"{PACKAGE}module_utils.{folder}.{item.name}")
                rows = [row for row in vars(module).values() if isinstance(row, BaseResource)]
                found = {(row.provider.name, row.name): row for row in rows} | found
    return list(found.values())


def module_files() -> dict[str, ModuleFile]:
    """Every module, by its name."""
    folder = importlib.import_module(f"{PACKAGE}modules").__path__
    files = sorted(path.stem for place in folder for path in pathlib.Path(place).glob("[a-z]*.py"))
    return {name: _module_file(name) for name in files}


def _module_file(name: str) -> ModuleFile:
    module = importlib.import_module(f"{PACKAGE}modules.{name}")
    entries = {entry: unittest.mock.Mock() for entry in ENTRY_POINTS if hasattr(module, entry)}
    if not entries:
        return ModuleFile(name)
    with unittest.mock.patch.multiple(module, **entries):
        module.main()
    ((entry, call),) = [(entry, mock.call_args.args) for entry, mock in entries.items() if mock.called]
    resource = call[0] if isinstance(call[0], BaseResource) else None
    return ModuleFile(name, entry, resource, *([call[1]] if entry == "run_many" else []))


def _by_noun(entry: str) -> dict[str, ModuleFile]:
    return {file.resource.name: file for file in MODULES.values() if file.resource and file.entry == entry}


MODULES = module_files()
#: Modules by the name of their resource: for one object, for information, for several objects.
SINGLE, INFO, BULK = (_by_noun(entry) for entry in ENTRY_POINTS[:3])
#: Every resource by its name. What a module runs comes first: an info module may run a variant with further data.
RESOURCES = {row.name: row for row in declared()}
RESOURCES |= {name: file.resource for files in (BULK, INFO, SINGLE) for name, file in files.items() if file.resource}
MANAGED = tuple(RESOURCES[name] for name in SINGLE if not isinstance(RESOURCES[name], OneShotResource))
ONCE = tuple(RESOURCES[name] for name in SINGLE if isinstance(RESOURCES[name], OneShotResource))
READ = tuple(RESOURCES[name] for name in INFO if name not in SINGLE)
#: No module has them: other resources refer to them.
REFERRED = tuple(row for row in declared() if row.name not in {*SINGLE, *INFO, *BULK})

# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook: lets the checkout be found as ansible_collections/voiceops/vapi_didlogic, wherever it lies."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LINK = Path("collections", "ansible_collections", "voiceops", "vapi_didlogic")
TARGET = Path("..", "..", "..")


class CollectionLink(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Makes the link that an editable install puts on Python's path."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the link unless it stands; a wheel holds the files themselves and needs none."""
        link = Path(self.root, LINK)
        if version != "editable" or (link.is_symlink() and link.readlink() == TARGET):
            return
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        else:
            shutil.rmtree(link, ignore_errors=True)
        link.symlink_to(TARGET, target_is_directory=True)

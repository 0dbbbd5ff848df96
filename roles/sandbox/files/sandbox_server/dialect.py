# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dialect: the values of switches, given by name or as the report of a conformance check.

Only the standard library is used here, so that a wrong dialect is reported before the libraries are needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import switches

#: The dialect of every sandbox that starts with this environment variable.
ENVIRONMENT = "VAPI_DIDLOGIC_SANDBOX_DIALECT"
REPORT_FORMAT = 1


def read(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """The switches that a dialect sets.

    :param given: the path of a JSON file, a JSON object, or the object itself: values of switches by name, or the
        report of a conformance check, of which ``dialect`` has the switches that its answers determine.
    :return: the values, checked. Switches that are not named keep their defaults.
    :raises ValueError: if it cannot be read, or names an unknown switch or value.
    """
    values = _parsed(given) if isinstance(given, str) else given
    if not isinstance(values, Mapping):
        raise ValueError("a dialect must be an object with switches")  # noqa: TRY004 - reported like any other error
    if "answers" in values:
        if values.get("format") != REPORT_FORMAT:
            raise ValueError(f"the report has the format {values.get('format')}; the sandbox reads {REPORT_FORMAT}")
        values = values.get("dialect")
        if not isinstance(values, Mapping):
            raise ValueError("the report has no dialect; create it again with this version of the collection")
    switches.check(values)
    return dict(values)


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ValueError(f"the dialect {text} cannot be read: {error}") from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"the dialect cannot be read as JSON: {error}") from None


def of_environment() -> dict[str, Any]:
    """The dialect of the environment variable; empty without one."""
    given = os.environ.get(ENVIRONMENT)
    return read(given) if given else {}


def complete(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """A value for every switch but those of the sandbox itself.

    :param given: see ``read``.
    :return: the dialect over the defaults, so that nothing of an earlier dialect remains.
    """
    services = {
        name: value
        for name, value in switches.defaults().items()
        if switches.BY_NAME[name].evidence != switches.CONTROL
    }
    return services | read(given)

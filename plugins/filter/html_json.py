# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that writes data as JSON for the script element of a page."""

from __future__ import annotations

import json
import math
import typing as t

#: ``<`` could end the element; as escapes these are the same characters to a JSON parser.
ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def _clean(value: t.Any) -> t.Any:
    """Data of Python's own types that JSON and a script can hold."""
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        # Half of a pair stops functions of a browser, such as the one that makes links.
        return str.__str__(value).encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def html_json(data: t.Any) -> str:
    """Data as JSON in ASCII, in which no character can end a script element.

    :param data: dicts, lists, texts, numbers, truth values and ``None``. What is no finite number, which JSON cannot
        hold, becomes ``null``; half a surrogate pair becomes a question mark.
    """
    return json.dumps(_clean(data), ensure_ascii=True, allow_nan=False).translate(ESCAPES)


class FilterModule:
    """The filter, by its name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"html_json": html_json}

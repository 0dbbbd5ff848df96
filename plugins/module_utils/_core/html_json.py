# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data as JSON for an HTML script element."""

from __future__ import annotations

import json
import math

#: ``<`` could end the element. A JSON parser converts the escapes back to the same characters.
ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def _clean(value: object) -> object:
    """Convert data to built-in types that JSON and a script support."""
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        # An unpaired surrogate breaks browser functions, such as encodeURIComponent.
        return str.__str__(value).encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def html_json(data: object) -> str:
    """Convert data to ASCII JSON that cannot end a script element.

    :param data: dicts, lists, strings, numbers, booleans and ``None``. Infinite numbers, which JSON does not support,
        become ``null``, and unpaired surrogates become a question mark. :return: the JSON.
    """
    return json.dumps(_clean(data), ensure_ascii=True, allow_nan=False).translate(ESCAPES)


def html_json_of_result(data: object) -> str:
    """The same for a redacted result, which contains built-in types only and no unpaired surrogates, in less time.

    :param data: the result. :return: the JSON.
    """
    try:
        return json.dumps(data, ensure_ascii=True, allow_nan=False).translate(ESCAPES)
    except ValueError:
        return html_json(data)

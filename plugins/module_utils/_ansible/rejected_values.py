# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of options that are rejected: masks, placeholders, and secrets that results would contain."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.masks import is_mask
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import MASK_VALUES, Spec, check_secret
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.redact import PIECE, labels_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import secrets_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import LABEL_IN_TEXT

#: Ansible's replacement for a whole ``no_log`` value; never a valid value.
NOT_LOGGED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def displayed_secrets(spec: Spec, params: Params) -> t.Iterator[tuple[str, str]]:
    """The path of every secret that another option contains, and the path of that option.

    Results contain the options of an object, and its secret must be masked in them.

    :param spec: the options. :param params: their values. :return: both paths.
    """
    options = list(_scalar_options(spec, params))
    plain = [(place, text.lower()) for place, text, secret in options if not secret]
    for place, text, secret in options:
        word = text.strip().lower()
        if secret and len(word) >= PIECE:
            other = next((path for path, other_text in plain if word in other_text), None)
            if other:
                yield place, other


def _scalar_options(spec: Spec, params: Params, path: str = "") -> t.Iterator[tuple[str, str, bool]]:
    """The path and the text of every option that is no free-form data, and whether it is a secret."""
    for name in [name for name in params if name in spec]:
        option, value = spec[name], params[name]
        items = [(f"{path}{name}[{at}]", item) for at, item in enumerate(value)] if isinstance(value, list) else []
        for place, item in items or [(f"{path}{name}", value)]:
            if option.get("options") and isinstance(item, dict):
                yield from _scalar_options(option["options"], item, f"{place}.")
            elif isinstance(item, str):
                yield place, item, bool(option.get("no_log"))


def rejected_values(spec: Spec, params: Params, path: str = "", *, check_mode: bool) -> t.Iterator[tuple[str, str]]:
    """The path of every input that is a mask or placeholder, and the reason why it is rejected.

    In free-form dicts :data:`REDACTED` is allowed: the planner keeps the object's current secret.

    :param spec: the options. :param params: their values. :param path: the path of ``params`` with a dot at the end.
    :param check_mode: whether the placeholder of an unknown id is accepted. :return: path and reason.
    """
    for name in [name for name in params if name in spec]:
        where, value, option = f"{path}{name}", params[name], spec[name]
        items = [(f"{where}[{at}]", item) for at, item in enumerate(value)] if isinstance(value, list) else []
        for place, item in items or [(where, value)]:
            if option.get("options") and isinstance(item, dict):
                yield from rejected_values(option["options"], item, f"{place}.", check_mode=check_mode)
            else:
                yield from _masked_secrets(item, place, secret=bool(option.get("no_log")))
                rules = ((p, _mask_rule(text, check_mode=check_mode)) for p, text in _placed(item, place))
                yield from ((p, rule) for p, rule in rules if rule)


def _masked_secrets(item: t.Any, place: str, *, secret: bool) -> t.Iterator[tuple[str, str]]:
    """The path of every secret in a value that is a mask, and the rule.

    :param secret: whether the whole value is a secret.
    """
    if secret:
        yield from ((p, rule) for p, text in _placed(item, place) if text and (rule := _no_secret(text)))
    else:
        found = secrets_of(item, place)
        yield from (
            (p, MASK_VALUES) for p, text in found if is_mask(text) and (text != REDACTED or isinstance(item, str))
        )


def _mask_rule(text: str, *, check_mode: bool) -> str:
    """The reason why a text is rejected as a mask or placeholder; empty if it is none."""
    if text == NOT_LOGGED:
        return MASK_VALUES
    if any(is_mask(label) for label in labels_in(text, LABEL_IN_TEXT)):
        return "contains the redaction marker of a result; provide the actual value."
    if UNKNOWN_ID in text and not check_mode:
        return f'contains the check-mode placeholder "{UNKNOWN_ID}"; provide the actual value.'
    return ""


def _no_secret(text: str) -> str:
    """The reason why a text cannot be a secret; empty if it can."""
    try:
        check_secret(text)
    except ValueError as error:
        return str(error)
    return ""


def _placed(value: object, path: str) -> t.Iterator[tuple[str, str]]:
    """Every text of a value with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _placed(item, f"{path}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _placed(item, f"{path}[{at}]")
    elif isinstance(value, str):
        yield path, value

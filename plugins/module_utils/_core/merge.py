# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging desired values over current ones, and the display form of values. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import to_api, without_none
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.masks import is_mask
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import (
    redacted,
    restored,
    secrets_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import (
    FreeForm,
    differing_tag,
    inner,
    same_variant,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
)

RecordT = t.TypeVar("RecordT", bound=Model)


@t.overload
def overlay(current: object, desired: RecordT, form: FreeForm | None = None) -> RecordT:
    pass


@t.overload
def overlay(current: object, desired: object, form: FreeForm | None = None) -> object:
    pass


def overlay(current: object, desired: object, form: FreeForm | None = None) -> object:
    """Merge the desired values into the current ones.

    Objects are merged, unless they are different variants of a union (:func:`same_variant`); lists are replaced.

    :param current: the current values. :param desired: the desired values; ``None`` is not managed.
    :param form: the published form of free-form values, which has the variants. :return: the resulting values.
    """
    if isinstance(desired, Model):
        return _overlay_record(current, desired)
    if isinstance(desired, dict) and isinstance(current, dict):
        # The redaction marker of a result was given: the current secret is kept.
        desired = restored(current, desired, form)
    if isinstance(desired, dict) and desired and isinstance(current, dict) and same_variant(current, desired, form):
        merged = dict(current)
        for key, value in desired.items():
            merged[key] = overlay(current.get(key), value, inner(form, str(key), current, desired))
        return without_none(merged)
    if isinstance(desired, list) and isinstance(current, list) and to_display(current) == desired:
        return current
    return without_none(desired)


def _overlay_record(current: object, desired: Model) -> Model:
    known = fields(type(desired)).values()
    attrs = [field.attr for field in known]
    if all(getattr(desired, attr) is None for attr in attrs):
        return desired
    if desired.replaced_whole:
        return desired if to_api(desired) else type(desired).model_construct(None, **dict.fromkeys(attrs))
    merged = {}
    for field in known:
        mine, theirs = getattr(desired, field.attr), getattr(current, field.attr, None)
        merged[field.attr] = theirs if mine is None else overlay(theirs, mine, field.option.free)
    return type(desired).model_construct(None, **merged)


def form_of(record: type[Model], key: str) -> FreeForm | None:
    """The published form of a key of a record's body.

    :param record: the record. :param key: the key. :return: the form; ``None`` if it contains no free-form option.
    """
    free = {field.api_name: field.option.free for field in fields(record).values()}
    whole = free.get("*")
    return free.get(key) or free.get(f"{key}.*") or (whole.key(key, {}) if whole else None)


def replaced_variants(current: object, desired: object, path: str = "", form: FreeForm | None = None) -> list[str]:
    """The objects that :func:`overlay` replaces by another variant.

    :param current: the current values. :param desired: the desired values. :param path: their path.
    :param form: the published form of free-form values. :return: a sentence for each, with the fields that are removed.
    """
    if isinstance(desired, Model):
        known = [] if desired.replaced_whole or current is None else fields(type(desired)).values()
        pairs = [
            (field.name, getattr(current, field.attr), getattr(desired, field.attr), field.option.free)
            for field in known
        ]
    elif isinstance(desired, dict) and isinstance(current, dict):
        tag = differing_tag(current, desired, form)
        if tag:
            gone = sorted(_places(current) - _places(desired))
            change = f"{path}.{tag} changes from {current[tag]} to {desired[tag]}, so the whole object is replaced"
            return [f"{change}, which removes {', '.join(gone)}."] if gone else []
        pairs = [
            (f"{path}.{key}", current.get(key), value, inner(form, str(key), current, desired))
            for key, value in desired.items()
        ]
    else:
        pairs = []
    return [found for where, mine, theirs, free in pairs for found in replaced_variants(mine, theirs, where, free)]


def _places(value: object) -> set[str]:
    """The dotted names of all values in an object."""
    if not isinstance(value, dict):
        return {""}
    return {f"{key}.{place}".rstrip(".") for key, item in value.items() if item is not None for place in _places(item)}


def restrict(value: object, like: object, form: FreeForm | None = None) -> object:
    """The part of a value that another one manages.

    :param value: the value. :param like: the other one. :param form: their published form.
    :return: the part; the whole value if ``like`` replaces it.
    """
    if isinstance(like, dict) and like and isinstance(value, dict) and same_variant(value, like, form):
        return {
            key: restrict(value[key], item, inner(form, str(key), value, like))
            for key, item in like.items()
            if value.get(key) is not None
        }
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


@t.overload
def to_display(value: Model) -> Result:
    pass


@t.overload
def to_display(value: object) -> object:
    pass


def to_display(value: object) -> object:
    """Convert a record to options for output, without secrets and ``None``.

    :param value: the record. :return: the options.
    """
    if isinstance(value, Model):
        known = fields(type(value)).items()
        displayed = {name: to_display(getattr(value, field.attr)) for name, field in known if not field.option.secret}
        return value.finish_display({name: item for name, item in displayed.items() if item is not None})
    if isinstance(value, list):
        return [to_display(item) for item in value]
    # An address may contain a password.
    return redacted(value) if isinstance(value, dict) or (isinstance(value, str) and "@" in value) else value


def find_redacted(value: object, path: str) -> str | None:
    """The first path at which a mask replaces a secret.

    :param value: a record or a free-form value. :param path: its path.
    :return: the path of the mask; ``None`` if there is none.
    """
    return next(iter(hidden_places(value, path)), None)


def hidden_places(value: object, path: str = "") -> list[str]:
    """The paths at which :data:`REDACTED` replaces a secret.

    :param value: a record or a free-form value. :param path: its path. :return: dotted paths.
    """
    if isinstance(value, Model):
        known = fields(type(value)).items()
        pairs = [(f"{path}.{name}" if path else name, getattr(value, field.attr)) for name, field in known]
    elif isinstance(value, list) and any(isinstance(item, Model) for item in value):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return [place for place, text in secrets_of(value, path) if is_mask(text) and REDACTED in text]
    return [found for place, item in pairs for found in hidden_places(item, place)]

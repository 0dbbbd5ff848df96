# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what a call refers to inside its overrides, and its versions, before it is placed: only by reading."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import ListReader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL

#: Keys of Vapi's free-form objects that contain ids, and the lists in which each id must be.
REFERENCES: dict[str, Resource] = {
    "toolId": ANY_TOOL,
    "toolIds": ANY_TOOL,
    "assistantId": ASSISTANT,
    "squadId": SQUAD,
}
#: Keys whose content is the user's own and refers to nothing at Vapi.
OWN = ("metadata", "variableValues", "parameters", "body", "headers", "server")
#: Other keys with ids, such as ``credentialIds`` and ``knowledgeBaseId``.
_ANY_ID = re.compile(r"\w+Ids?")


def references_in(value: object, path: str) -> t.Iterator[tuple[str, str, str]]:
    """Find the ids in a free-form object.

    :param value: the object, or a part of it. :param path: its option path. :return: path, key and id of each.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from references_in(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}"
            if _ANY_ID.fullmatch(str(key)):
                listed = enumerate(item) if isinstance(item, list) else [(-1, item)]
                yield from ((f"{here}[{at}]" if at >= 0 else here, key, one) for at, one in listed if _is_text(one))
            elif key not in OWN:
                yield from references_in(item, here)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def check_overrides(rows: ListReader, overrides: object) -> tuple[str, ...]:
    """Reject ids in overrides that do not exist; raises :class:`OptionError` for all of them.

    :param rows: reads a list. :param overrides: the option ``assistant_overrides``.
    :return: warnings about ids that cannot be verified.
    """
    found = list(references_in(overrides, "assistant_overrides"))
    faults, unverified = Faults(), [path for path, key, _one in found if key not in REFERENCES]
    for resource in {id(one): one for one in REFERENCES.values()}.values():
        used = [(path, one) for path, key, one in found if REFERENCES.get(key) is resource and one != UNKNOWN_ID]
        try:
            ids = {str(row["id"]).lower() for row in rows(resource)} if used else set()
        except ApiError:
            unverified += [path for path, _one in used]
            continue
        for path, one in used:
            if one.lower() not in ids:
                faults.add(OptionError(path, f"no {resource.title} has this id. Nothing was sent.", one))
    faults.end()
    if not unverified:
        return ()
    return (f"Option {', '.join(unverified)}: it could not be verified that these ids exist.",)


def check_version(rows: ListReader, call: object) -> tuple[str, ...]:
    """Compare a version with the newest one of its assistant or squad.

    :param rows: reads a list. :param call: the call. :return: a warning unless it is the newest published version.
    """
    warnings = []
    kinds: dict[str, Resource] = {"assistant": ASSISTANT, "squad": SQUAD}
    for name, resource in kinds.items():
        version, key = getattr(call, f"{name}_version"), getattr(call, name)
        if not version or key == UNKNOWN_ID:
            continue
        latest = next((row.get("latestVersion") for row in rows(resource) if str(row["id"]) == key), None)
        if not isinstance(latest, str) or not latest:
            said = f"Vapi reports no version of the {resource.title}, so the organisation may not use versioning"
        elif latest == version:
            continue
        else:
            said = f"the newest published version of the {resource.title} is {latest}. Vapi has no list of versions"
        warnings.append(
            f"Option {name}_version: {said}; whether {version} is published could not be verified. A call with an "
            "unpublished version fails."
        )
    return tuple(warnings)

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers, references and answering objects in the bodies of Vapi's objects.

A transfer can be defined in many places: a separate tool, a tool in ``model.tools``, the action of a hook of an
assistant or a phone number, the overrides of a squad member, a fallback. Objects are therefore searched completely, and
a transfer is recognised by its form, not by its path.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject

#: Keys whose value is user data or a JSON schema, in which Vapi reads neither references nor transfers.
FREE_FORM = frozenset(("metadata", "variableValues", "parameters"))
#: The fields that refer to another object, and its kind (Vapi's published description).
REFERENCES = {
    "assistantId": "assistant",
    "squadId": "squad",
    "toolId": "tool",
    "toolIds": "tool",
    "declineToolId": "tool",
    "credentialId": "credential",
    "credentialIds": "credential",
}
#: The fields that refer to another object by its name, and its kind. ``assistantName`` has another meaning in a
#: transcript plan.
NAMES = {"assistantName": "assistant", "entryAssistantName": "assistant"}
#: SIP verbs with which Vapi transfers a call without REFER (Vapi's guide to blind transfers).
WITHOUT_REFER = ("dial", "bye")


class Reference(t.NamedTuple):
    """An id of another object, or its name. ``path`` is the dotted path to it."""

    path: str
    kind: str
    id: str
    by_name: bool = False


class Transfer(t.NamedTuple):
    """A transfer destination.

    ``path`` is the dotted path to it, empty for an object that is a transfer tool. ``tool`` is the tool's function
    name if it has one. ``destination`` is empty if a server chooses the destination during the call.
    """

    path: str
    tool: str
    destination: ApiObject

    @property
    def target(self) -> str:
        """The phone number or SIP URI, empty if a server chooses it."""
        return str(self.destination.get("sipUri") or self.destination.get("number") or "")

    @property
    def by_refer(self) -> bool:
        """Whether Vapi uses SIP REFER for the transfer, which is its default."""
        return dig(self.destination, ("transferPlan", "sipVerb")) not in WITHOUT_REFER


def nodes(value: object, at: str = "") -> t.Iterator[tuple[str, ApiObject]]:
    """Every dict inside an object, the object itself first, with the dotted path to it."""
    left = [(at, value)]  # a stack, because a response may be nested deeper than Python's recursion limit
    while left:
        at, value = left.pop()
        if isinstance(value, dict):
            yield at, value
            inner = [
                (f"{at}.{key}" if at else str(key), value[key])
                for key in value
                if key not in FREE_FORM and isinstance(value[key], (dict, list))
            ]
            left += reversed(inner)
        elif isinstance(value, list):
            left += [(f"{at}[{index}]", value[index]) for index in reversed(range(len(value)))]


def references(thing: ApiObject) -> list[Reference]:
    """Every reference of an assistant, a squad, a phone number or a tool to another object, at any depth."""
    found = []
    for at, node in nodes(thing):
        for key, kind in REFERENCES.items():
            value = node.get(key)
            path = f"{at}.{key}" if at else key
            if isinstance(value, str) and value:
                found.append(Reference(path, kind, value))
            elif isinstance(value, list):
                ids = [(index, each) for index, each in enumerate(value) if isinstance(each, str) and each]
                found += [Reference(f"{path}[{index}]", kind, each) for index, each in ids]
        found += _named(at, node)
    return found


def _named(at: str, node: ApiObject) -> list[Reference]:
    """The references of a destination by name. An id and an inline object take precedence; a variable is no name."""
    if at.endswith("transcriptPlan"):
        return []
    return [
        Reference(f"{at}.{key}" if at else key, kind, value, by_name=True)
        for key, kind in NAMES.items()
        if isinstance(value := node.get(key), str) and value.strip() and "{{" not in value
        if key != "assistantName" or not (node.get("assistantId") or node.get("assistant"))
    ]


def inline_names(thing: ApiObject) -> set[str]:
    """The names of the assistants that are defined or renamed inside an object."""
    places = ("assistant", "assistantOverrides")
    inner = [node for at, node in nodes(thing) if at.rpartition(".")[2].partition("[")[0] in places]
    return {name for node in inner if isinstance(name := node.get("name"), str)}


def transfers(thing: ApiObject) -> list[Transfer]:
    """Every transfer destination that is defined in an assistant, a squad, a phone number or a tool, at any depth.

    Tools that it refers to by id are separate objects.
    """
    found = []
    names: dict[str, str] = {}
    for at, node in nodes(thing):
        if node.get("type") == "transferCall":
            names[at] = str(dig(node, ("function", "name")) or "")
            destinations = node.get("destinations")
            if not isinstance(destinations, list) or not destinations:
                found.append(Transfer(at, names[at], {}))
        elif at and _is_destination(at, node):
            tool_path = at.rpartition("destinations[")[0].removesuffix(".")
            found.append(Transfer(at, names.get(tool_path, ""), node))
        legacy = node.get("forwardingPhoneNumber")  # of assistants; no longer described, still accepted
        if isinstance(legacy, str) and legacy:
            path = f"{at}.forwardingPhoneNumber" if at else "forwardingPhoneNumber"
            found.append(Transfer(path, "", {"type": "number", "number": legacy}))
    return found


def _is_destination(at: str, node: ApiObject) -> bool:
    if not any(isinstance(node.get(key), str) and node[key] for key in ("sipUri", "number")):
        return False
    key = at.rpartition(".")[2].partition("[")[0]
    return node.get("type") in ("sip", "number") or key in ("destination", "destinations", "fallbackDestination")


def hook_answers(hook: object, *, everybody: bool = False) -> bool:
    """Whether a hook of a phone number speaks to the caller or transfers the call.

    :param everybody: whether it must do so for each caller, not only for those that its filters select.
    """
    if not isinstance(hook, dict) or (everybody and hook.get("filters")):
        return False
    actions = hook.get("do")
    actions = actions if isinstance(actions, list) else [actions]
    return any(dig(action, ("type",)) in ("say", "transfer", "tool") for action in actions)


def greets(phone: ApiObject) -> bool:
    """Whether a hook of a phone number answers each call while it rings, before an assistant is used."""
    hooks = phone.get("hooks")
    ringing = [hook for hook in (hooks if isinstance(hooks, list) else ()) if dig(hook, ("on",)) == "call.ringing"]
    return any(hook_answers(hook, everybody=True) for hook in ringing)


def is_answered(phone: ApiObject) -> bool:
    """Whether a phone number has an object that may answer a call; the retired workflows do not answer.

    Vapi hangs up if there is none (published description of ``fallbackDestination``).
    """
    server = dig(phone, ("server", "url")) or phone.get("serverUrl") or phone.get("server")
    assigned = phone.get("assistantId") or phone.get("squadId") or server or phone.get("fallbackDestination")
    hooks = phone.get("hooks")
    return bool(assigned) or any(hook_answers(hook) for hook in (hooks if isinstance(hooks, list) else ()))

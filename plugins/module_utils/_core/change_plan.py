# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run as a document: its digest, its comparison with an approved one, and the limits of a run. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.changes import (
    changes_with_outcomes,
    existing_objects,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    Params,
    Result,
    as_list,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    Mutation,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.version import VERSION
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import (
    WriteGate,
    keyed_digest,
    request_digest,
    without_ids,
)

FORMAT = 1
ACTIONS = ("create", "update", "replace", "delete")
#: From this number of objects of a kind on, the limits apply.
MIN_LIMITED = 10
#: The lists of digests of requests in a change.
REQUESTS = ("requests", "permitted")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a plan.

    :param content: ``kind``, ``name``, ``action``, ``before`` and ``after``, see ``changes``. :param id: the id of the
        object; empty for the rows of a list. :param refers_to: by option, the names of the objects to which it refers.
        :param service: the name of its service. :param plans: what it consists of.
    """

    content: Result
    id: str
    refers_to: Result
    service: str
    plans: list[Plan]

    @property
    def requests(self) -> tuple[Mutation, ...]:
        """The requests that are expected."""
        return tuple(request for plan in self.plans for request in plan.writes.requests)

    @property
    def permitted(self) -> tuple[Mutation, ...]:
        """Further requests that belong to the change, see :class:`PlannedWrites`."""
        return tuple(request for plan in self.plans for request in plan.writes.permitted)

    def document(self, key: bytes, new_ids: t.AbstractSet[str]) -> Result:
        """The change in the plan file.

        :param key: the key of the digests. :param new_ids: ids of objects that did not exist when a plan was made.
        :return: the change with the keyed digests of its requests and of itself.
        """
        document: Result = {**self.content, "id": self.id} if self.id else {**self.content}
        known = {**t.cast("Result", without_ids(document, new_ids)), "refers_to": self.refers_to}
        for name, requests in zip(REQUESTS, (self.requests, self.permitted), strict=True):
            digests = (request_digest(key, self.service, request, new_ids) for request in requests)
            known[name] = list(dict.fromkeys(digests))
        return {**known, "digest": keyed_digest(key, known)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangePlan:
    """What a run would change.

    :param scope: what the run is for. :param key: the key of the digests. :param changes: the changes, sorted.
    :param ids: the ids of all objects of the run, also of unchanged ones, by kind and name. :param counts: by kind, the
        number of objects that exist.
    """

    scope: Result
    key: bytes = dataclasses.field(repr=False)
    changes: tuple[Change, ...]
    ids: t.Mapping[tuple[str, str], frozenset[str]]
    counts: t.Mapping[str, int]

    def document(self, new_ids: t.AbstractSet[str] = frozenset()) -> Result:
        """The content of the plan file.

        :param new_ids: ids of objects that did not exist when an approved plan was made.
        :return: the document; its digest covers all but the time.
        """
        return self._document(new_ids) if new_ids else self._own_document

    @functools.cached_property
    def _own_document(self) -> Result:
        return self._document(frozenset())

    def _document(self, new_ids: t.AbstractSet[str]) -> Result:
        changes = [change.document(self.key, new_ids) for change in self.changes]
        found: Result = {
            "format": FORMAT,
            "collection": VERSION,
            "scope": self.scope,
            "changes": changes,
            "summary": {action: sum(each["action"] == action for each in changes) for action in ACTIONS},
        }
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {**found, "created_at": now, "digest": digest_of(found)}

    def gate(self) -> WriteGate:
        """The check that only requests of this plan are sent."""
        changes = objects_in(self._own_document["changes"])
        digests = (str(each) for change in changes for name in REQUESTS for each in as_list(change[name]))
        return WriteGate(self.key, digests)


def change_plan(
    steps: t.Iterable[tuple[Resource, Outcome]],
    scope: Result,
    key: bytes,
    redact: t.Callable[[Result], Result] = lambda value: value,
) -> ChangePlan:
    """The plan of a run in check mode.

    :param steps: the outcomes with the kinds of their objects. :param scope: what the run is for.
    :param key: the key of the digests. :param redact: returns values without secrets. :return: the plan.
    """
    by_kind: dict[str, tuple[Resource, list[Outcome]]] = {}
    for resource, outcome in steps:
        by_kind.setdefault(resource.name, (resource, []))[1].append(outcome)
    found = [
        (resource, content, parts)
        for resource, outcomes in by_kind.values()
        for content, parts in changes_with_outcomes(resource, outcomes)
    ]
    # Before the digests, which must not depend on a secret that the document does not contain.
    displayed = objects_in(redact({"changes": [content for _resource, content, _parts in found]})["changes"])
    made = [
        Change(
            content=content,
            id=_id_of(resource, parts[0][1]),
            refers_to={
                path: name for desired, _plan in parts for path, name in desired.reference_names.items() if name
            },
            service=resource.provider.name,
            plans=[plan for _desired, plan in parts],
        )
        for (resource, _content, parts), content in zip(found, displayed, strict=True)
    ]
    ids: dict[tuple[str, str], frozenset[str]] = {}
    for resource, outcomes in by_kind.values():
        for outcome in outcomes:
            kind_and_name = (resource.name, outcome.desired.label)
            ids[kind_and_name] = ids.get(kind_and_name, frozenset()) | _assigned_ids(resource, outcome)
    return ChangePlan(
        scope=scope,
        key=key,
        changes=tuple(sorted(made, key=lambda each: [str(each.content[name]) for name in ("kind", "name", "action")])),
        ids=ids,
        counts={name: existing_objects(*each) for name, each in by_kind.items()},
    )


def _id_of(resource: Resource, plan: Plan) -> str:
    """The id of a changed object; empty for the rows of a list."""
    if isinstance(resource, OrderedResource):
        return ""
    deleted = [request.deletes_id for request in plan.mutations if request.deletes_id]
    if plan.action == "delete":
        return deleted[-1] if deleted else ""
    return str(plan.result.get("id") or "")


def _assigned_ids(resource: Resource, outcome: Outcome) -> frozenset[str]:
    """The values of an object that its service assigns, such as the id."""
    names = ("id", *(name for name, field in fields(resource.record).items() if field.option.server_assigned))
    found = (str(outcome.result.get(name) or "") for name in names)
    return frozenset(value for value in found if value not in ("", UNKNOWN_ID))


# -- comparison


def digest_of(document: Params) -> str:
    """The digest of a plan.

    :param document: the content of the plan file. :return: the digest of all but ``created_at`` and ``digest``.
    """
    content = {key: value for key, value in document.items() if key not in ("created_at", "digest")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def check_digest(value: str) -> None:
    """Check the form of a digest.

    :param value: the digest. :raises ValueError: if it is none.
    """
    if not _DIGEST.fullmatch(value):
        raise ValueError("must be sha256: followed by 64 hexadecimal digits, the digest in a plan file.")


def check_plan(document: Params, max_age: datetime.timedelta | None = None) -> None:
    """Check the content of a plan file.

    :param document: the content. :param max_age: its maximum age.
    :raises OptionError: if it is not a plan, was modified, or is too old.
    """
    if document.get("format") != FORMAT:
        rule = f"is not a plan of format {FORMAT}. Make the plan with the installed version of the collection."
        raise OptionError("", rule)
    if digest_of(document) != document.get("digest"):
        raise OptionError("", "was modified after it was made: its digest differs. Make a new plan.")
    if max_age and _age(document) > max_age:
        raise OptionError("", f"was made at {document.get('created_at')}, which is too long ago. Make a new plan.")


def _age(document: Params) -> datetime.timedelta:
    try:
        made = datetime.datetime.fromisoformat(str(document.get("created_at")))
        return datetime.datetime.now(datetime.UTC) - made
    except (ValueError, TypeError):
        return datetime.timedelta.max


def differences(approved: Params, plan: ChangePlan) -> list[str]:
    """Compare a plan with the approved one.

    A run that was cut off has made some of the approved changes, and perhaps the first requests of others. What is left
    is accepted.

    :param approved: the approved plan. :param plan: the plan of this run.
    :return: a sentence for each difference; none if the plan is accepted.
    """
    changes = {_key_of(change): change for change in objects_in(approved.get("changes"))}
    now = plan.document(_new_ids(plan, list(changes.values())))
    if now["digest"] == approved.get("digest"):
        return []
    found = [
        f"The approved plan is for another {what}: {approved.get(name)} instead of {now[name]}."
        for name, what in (("collection", "version of the collection"),)
        if approved.get(name) != now[name]
    ]
    scope, own = as_object(approved.get("scope")), as_object(now["scope"])
    found += [
        f"The approved plan is for {'other API keys' if name == 'accounts' else f'another {name}'}."
        for name in own
        if scope.get(name) != own[name]
    ]
    present = objects_in(now["changes"])
    found += [text for change in present for text in _difference(changes.get(_key_of(change)), change)]
    if found:
        left = {_key_of(change) for change in present}
        found += [f"{_label(change)}: would no longer be made." for key, change in changes.items() if key not in left]
    return found


def _new_ids(plan: ChangePlan, approved: list[Result]) -> frozenset[str]:
    """Ids of objects that exist now and did not exist when a plan was made."""
    created = {(str(change["kind"]), str(change["name"])) for change in approved if change.get("id") == UNKNOWN_ID}
    known = {str(change.get("id")) for change in approved}
    return frozenset(
        value for kind_and_name in created for value in plan.ids.get(kind_and_name, ()) if value not in known
    )


def _key_of(change: Params) -> tuple[object, ...]:
    # The rotation removes an object and gives its name to another one.
    return (change.get("kind"), change.get("name"), change.get("action") == "delete")


def _label(change: Params) -> str:
    return f"{change.get('kind')} {change.get('name')} ({change.get('action')})"


def _difference(approved: Params | None, change: Params) -> list[str]:
    """A sentence if a change is neither approved nor the rest of an approved one."""
    if approved is None:
        return [f"{_label(change)}: is not in the approved plan."]
    if approved.get("digest") == change["digest"] or _is_rest(approved, change):
        return []
    names = [
        f"{side}.{name}"
        for side in ("before", "after", "refers_to")
        for name in dict.fromkeys([*as_object(approved.get(side)), *as_object(change[side])])
        if as_object(approved.get(side)).get(name) != as_object(change[side]).get(name)
    ]
    if approved.get("action") != change["action"]:
        return [f"{_label(change)}: the approved plan has {approved.get('action')}."]
    what = ", ".join(names) or "what would be sent: a secret, or values that are not managed"
    return [f"{_label(change)}: differs from the approved plan in {what}."]


def _is_rest(approved: Params, change: Params) -> bool:
    """Whether a change is what is left of an approved one, of which some requests were processed."""
    planned, permitted, left = (
        set(map(str, as_list(digests))) for digests in (*map(approved.get, REQUESTS), change["requests"])
    )
    fewer = left != planned and left <= planned | permitted
    return fewer and as_object(change["after"]).items() <= as_object(approved.get("after")).items()


def limit_errors(plan: ChangePlan, limits: t.Mapping[str, int]) -> list[tuple[str, str]]:
    """Compare a plan with the limits of a run.

    :param plan: the plan. :param limits: the maximum percentage of the existing objects of a kind, by action.
    :return: for each limit that is exceeded the action and a sentence.
    """
    found = []
    for kind, existing in plan.counts.items():
        for action, limit in limits.items():
            actions = (action, "replace") if action == "update" else (action,)
            changed = sum(c.content["kind"] == kind and c.content["action"] in actions for c in plan.changes)
            if existing >= MIN_LIMITED and changed * 100 > limit * existing:
                what = counted(existing, kind.replace("_", " "))
                found.append((action, f"{changed} of {what} would be {action}d, which is more than {limit} %."))
    return found

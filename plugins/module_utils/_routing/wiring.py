# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy a whole environment in one task: read both accounts, reconcile all objects, verify that calls are routed.

Both accounts are read once, all lists concurrently. Independent objects are written concurrently; a number is forwarded
only after it exists in Vapi. Each kind is read back after its last write, so the verification uses cached lists.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import (
    FORWARD,
    TRANSPORT,
    place_of,
    reachable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import (
    DONE,
    MOST_TOLD,
    PATIENCE,
    Engine,
    Failed,
    Outcome,
    listed,
    summary,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._http import ApiError, Stopped
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Want
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Problem, dig, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing import report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.audit import findings
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.declared import Declared
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import (
    Route,
    Row,
    Survey,
    answering,
    members_of,
    named,
    read,
    told,
    uri_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.uri import holds_key, label_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits, is_id, nearest
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT, SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL, TRANSFER_TOOL

SERVICES = (VAPI, DIDLOGIC)
#: The kinds in the order of the report.
KINDS: tuple[Resource, ...] = (SIP_ACCOUNT, SIP_TRUNK, TRANSFER_TOOL, ASSISTANT, PHONE_NUMBER, FORWARD)


@dataclasses.dataclass
class Wired:
    """The state of one run: the snapshot before it, and the outcomes by kind."""

    declared: Declared
    before: Survey
    dry: bool
    stopped: bool = False  # by an error, before the end
    outcomes: dict[str, list[Outcome]] = dataclasses.field(default_factory=dict)
    after: Survey | None = None
    findings: list[Row] = dataclasses.field(default_factory=list)
    broken: list[str] = dataclasses.field(default_factory=list)
    unanswered: list[str] = dataclasses.field(
        default_factory=list
    )  # numbers whose remaining destinations cannot answer

    def of(self, resource: Resource) -> list[Outcome]:
        return self.outcomes.get(resource.noun, [])

    @property
    def all(self) -> list[Outcome]:
        return [outcome for resource in KINDS for outcome in self.of(resource)]

    @property
    def changed(self) -> bool:
        return any(outcome.changed for outcome in self.all)

    @property
    def trunk_id(self) -> str:
        """The id of the declared trunk; empty if there is none."""
        if not self.declared.present:
            return next(iter(trunks_named(self.before, self.declared)), "")
        return next((str(outcome.result.get("id", "")) for outcome in self.of(SIP_TRUNK)), "")

    def ids(self, resource: Resource) -> dict[str, str]:
        """Ids of the resulting objects by name or number.

        :param resource: their kind. :return: the ids.
        """
        if not self.declared.present:
            return {}
        found = [(outcome.want.label, outcome.result.get("id")) for outcome in self.of(resource) if not outcome.error]
        return {resource.normal(label): str(key) for label, key in found if key}


def wire(engines: dict[str, Engine], declared: Declared) -> Row:
    """Deploy or remove an environment.

    :param engines: by the services' names. :param declared: the specification. :return: the result of the module.
    :raises Failed: with the changes that were made before the error.
    """
    vapi, didlogic = engines["vapi"], engines["didlogic"]

    def look() -> Survey:
        known = {"region": declared.region, "key": declared.key, "declared": declared.digits}
        return read(vapi, didlogic, **known)

    survey = look()
    for pause in PATIENCE:
        # Two other runs may have created it concurrently; then one of them will delete its own.
        if not _several(survey, declared):
            break
        vapi.client.sleep(pause)
        for resource in (SIP_ACCOUNT, SIP_TRUNK, TRANSFER_TOOL, ASSISTANT, SQUAD, PHONE_NUMBER):
            engines[resource.service.name].client.forget(resource.path)
        survey = look()
    wired = Wired(declared, survey, vapi.check_mode)
    wrong = misfits(wired.before, declared, vapi)
    if wrong:
        message = listed("Nothing was changed. Correct this first.", wrong)
        raise Failed(message, {"changed": False}, _labels(wired))
    if declared.present and declared.inbound and not declared.trunk.inbound_networks:
        option = declared.words.name_of("trunk.inbound_networks")
        vapi.warn(
            f"{option} is empty, so Vapi rejects every inbound call with 401. Ask didlogic for the "
            "signalling addresses of your account and set them there. Outbound calls are not affected."
        )
    act = _present if declared.present else _absent
    try:
        act(vapi, didlogic, wired)
        if declared.present and not (wired.dry and wired.changed):
            wired.after = look()
            # The form of didlogic's guide has its own warning. Without numbers the snapshot contains all of them.
            accepted = {"private-key-in-uri"} if declared.by_key else ()
            known = dataclasses.replace(wired.after, own_trunks=frozenset({wired.trunk_id}))
            wired.findings = findings(known, accepted) if declared.numbers else []
            wired.broken = broken(wired, wired.after)
    except (ApiError, Problem, Stopped) as error:
        done = [f"{kind(r)} {o.want.label}" for r in KINDS for o in wired.of(r) if o.changed and not o.error]
        more = f" Done before that: {', '.join(done)}." if done and not wired.dry else ""
        wired.stopped = True
        raise Failed(f"{declared.words.sentence(error)}{more}", _result(wired), _labels(wired)) from None
    if declared.given["verify"] and wired.broken:
        message = listed(report.VERIFICATION_FAILED, wired.broken, MOST_TOLD)
        raise Failed(message, _result(wired), _labels(wired))
    return {**_result(wired), "labels": _labels(wired)}


def kind(resource: Resource) -> str:
    return report.TITLES.get(resource.noun, resource.title)


def _labels(wired: Wired) -> set[str]:
    surveys = [survey for survey in (wired.before, wired.after) if survey]
    return {str(row["id"]) for survey in surveys for row in survey.trunks} | {wired.trunk_id}


# -------------------------------------------------------------------------------------------------------------- apply


def _bring(engine: Engine, wired: Wired, resource: Resource, wants: t.Sequence[Want]) -> list[Outcome]:
    """Reconcile the objects of one kind; raises the first error after all have been processed."""
    outcomes = engine.ensure(resource, list(wants))
    wired.outcomes.setdefault(resource.noun, []).extend(outcomes)
    for warning in dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings):
        engine.warn(warning)
    errors = [outcome for outcome in outcomes if outcome.error]
    if errors and errors[0].error:
        first = f"{kind(resource)} {errors[0].want.label}: {wired.declared.words.sentence(errors[0].error)}"
        more = f" {len(errors) - 1} more of {len(outcomes)} failed." if len(errors) > 1 else ""
        raise ApiError(f"{first}{more}")
    return outcomes


def _present(vapi: Engine, didlogic: Engine, wired: Wired) -> None:
    declared = wired.declared

    def trunk() -> None:
        login = None
        if declared.account:
            (account,) = _bring(didlogic, wired, SIP_ACCOUNT, [declared.account])
            login = str(account.result["name"])
        _bring(vapi, wired, SIP_TRUNK, [declared.trunk_want(login)])

    vapi.at_once(trunk, lambda: _bring(vapi, wired, TRANSFER_TOOL, declared.tools))
    tools = wired.ids(TRANSFER_TOOL)
    _bring(vapi, wired, ASSISTANT, [_with_tools(want, tools) for want in declared.assistants])
    assistants, trunk_id = wired.ids(ASSISTANT), wired.trunk_id
    phones = [declared.phone_want(number, trunk_id, assistants) for number in declared.numbers]
    _bring(vapi, wired, PHONE_NUMBER, phones)
    trunks = _labels(wired)
    forwards = [declared.forward_want(number, trunk_id, trunks, by_key=declared.by_key) for number in declared.inbound]
    _bring(didlogic, wired, FORWARD, forwards)


def _with_tools(want: Want, ids: t.Mapping[str, str]) -> Want:
    if want.record.tools is None:
        return want
    tools = [ids.get(name, name) for name in want.record.tools]
    return dataclasses.replace(want, record=want.record.model_copy(update={"tools": tools}))


def _absent(vapi: Engine, didlogic: Engine, wired: Wired) -> None:
    """Remove the declared objects in reverse order, forwards first, so that no call is sent to a removed object."""
    declared, before = wired.declared, wired.before
    forwards = _forwards_own(wired)
    _bring(didlogic, wired, FORWARD, forwards)
    wired.unanswered = _unanswered(wired, forwards)
    for number in wired.unanswered:
        vapi.warn(
            f"{number} only has destinations that lead to Vapi, where nobody answers the number: calls to it will "
            "fail until it has one that can answer."
        )
    ids = {str(row["id"]) for row in phones_own(before, declared)}
    phones = [
        dataclasses.replace(declared.phone_want(number, "", {}), id=str(row["id"]))
        for number in declared.numbers
        for row in before.phone.get(str(number.number), ())  # several may have the same digits
        if str(row["id"]) in ids
    ]
    _bring(vapi, wired, PHONE_NUMBER, phones)
    # In check mode their referrers still exist. The preflight check has verified that no other object refers to them.
    forced = {"force": True} if wired.dry else {}
    _bring(vapi, wired, ASSISTANT, [_asked(want, **forced) for want in reversed(declared.assistants)])
    _bring(vapi, wired, TRANSFER_TOOL, list(reversed(declared.tools)))
    _bring(vapi, wired, SIP_TRUNK, [_asked(declared.trunk_want(), **forced)])
    if declared.account and (declared.given["sip_account"] or {}).get("force"):
        _bring(didlogic, wired, SIP_ACCOUNT, [declared.account])


def _forwards_own(wired: Wired) -> list[Want]:
    """Destinations of declared numbers that lead to removed objects, including forms of earlier declarations."""
    declared, before = wired.declared, wired.before
    trunks, trunk_ids = {key.lower() for key in trunks_named(before, declared)}, _labels(wired)
    own = {digits(str(row["number"])) for row in phones_own(before, declared)}
    moved = set(before.phone) - own
    found = {}
    for number in declared.inbound:
        for entry in Route(before, str(number.number)).to_vapi:
            uri = uri_of(entry)
            by_key = holds_key(uri, declared.key)
            # A URI with the key may lead to the trunk that the number has been moved to.
            if label_of(uri) in trunks or (by_key and (declared.by_key or number.number not in moved)):
                found[number.number, entry.place] = declared.forward_want(number, "", trunk_ids, by_key=by_key, uri=uri)
    return list(found.values())


def _unanswered(wired: Wired, forwards: t.Sequence[Want]) -> list[str]:
    """Numbers whose remaining active destinations cannot answer after the removal.

    The plan of the forward has already warned about a number without active destinations.
    """
    declared, before = wired.declared, wired.before
    phones, trunks = phones_own(before, declared), trunks_named(before, declared)
    left = dataclasses.replace(
        before,
        phones=tuple(row for row in before.phones if row not in phones),
        trunks=tuple(row for row in before.trunks if str(row["id"]) not in trunks),
    )
    gone = {(str(want.record.number), want.record.destination) for want in forwards}
    found = []
    for number in dict.fromkeys(str(want.record.number) for want in forwards):
        was, route = Route(before, number), Route(left, number)
        kept = [entry for entry in route.entries if (number, uri_of(entry).strip()) not in gone]
        if any(map(reachable, kept)) and any(map(was.can_answer, was.entries)) and not any(map(route.can_answer, kept)):
            found.append(number)
    return found


def _asked(want: Want, **ask: t.Any) -> Want:
    return dataclasses.replace(want, ask=want.ask.model_copy(update=ask))


# ----------------------------------------------------------------------------------------------------- preflight errors


def trunks_named(survey: Survey, declared: Declared) -> list[str]:
    return [str(row["id"]) for row in survey.trunks if row.get("name") == declared.trunk.name]


def phones_own(survey: Survey, declared: Declared) -> list[Row]:
    """Declared numbers in Vapi, without those that have been moved to another trunk."""
    others = {str(row["id"]) for row in survey.trunks} - set(trunks_named(survey, declared))
    return [
        row
        for row in survey.phones
        if digits(str(row.get("number", ""))) in declared.digits and row.get("credentialId") not in others
    ]


def misfits(survey: Survey, declared: Declared, vapi: Engine) -> list[str]:
    """A sentence for each conflict between the specification and the current state."""
    fit = _missing if declared.present else _in_use
    return _several(survey, declared) + fit(survey, declared, vapi)


def _several(survey: Survey, declared: Declared) -> list[str]:
    """The declared names that match several objects."""
    labels = [want.record.label for want in (declared.account,) if want and not want.record.name]
    sought: list[tuple[Resource, str, tuple[Row, ...], list[str]]] = [
        (SIP_TRUNK, "name", survey.trunks, [str(declared.trunk.name)]),
        (TRANSFER_TOOL, "name", survey.tools, [want.label for want in declared.tools]),
        (ASSISTANT, "name", survey.assistants, [want.label for want in declared.assistants]),
    ]
    if declared.present:
        sought[2][3].extend(declared.foreign_assistants)
        sought += [
            (SIP_ACCOUNT, "label", survey.accounts, labels),
            (SQUAD, "name", survey.squads, list(declared.squads)),
            (PHONE_NUMBER, "number", survey.phones, list(declared.digits)),
        ]
    found = []
    for resource, key, rows, names in sought:
        place = fields(resource.record)[key].wire.split(".")
        ids: dict[str, list[str]] = {}
        for row in rows:
            name = resource.normal(str(dig(row, place) or ""))
            ids.setdefault(name, []).append(str(row["id" if resource.by_id else "name"]))
        found += [
            f"{resource.service.title} has {len(ids[name])} {kind(resource)}s named {name}: {', '.join(ids[name])}. "
            "Rename or remove all but one."
            for name in names
            if len(ids.get(name, ())) > 1
        ]
    return found


def _missing(survey: Survey, declared: Declared, vapi: Engine) -> list[str]:
    """A sentence for each option that refers to a missing object, or is required for a new object and missing."""
    there = {str(row.get(key)) for row in survey.assistants for key in ("name", "id")}
    squads = {str(row.get(key)) for row in survey.squads for key in ("name", "id")}
    tools = {str((row.get("function") or {}).get("name")) for row in survey.tools}
    tools |= {str(row["id"]) for row in vapi.rows(ANY_TOOL)}
    found = [*_passwords(survey, declared)]
    login = declared.account and declared.account.record.name
    if login and login not in {str(row["name"]) for row in survey.accounts}:
        rule = (
            "is a login that this didlogic account does not have. Correct it, or give a label instead; didlogic "
            "assigns the login of a new one."
        )
        found.append(Problem("sip_account.name", rule, login))
    rule = "is not a number of this didlogic account. Buy it in didlogic's portal, correct it, or set inbound: false."
    found += [
        Problem(f"numbers[{index}].number", rule, number.number)
        for index, number in enumerate(declared.numbers)
        if number.inbound and number.number not in survey.own
    ]
    name_of = declared.words.name_of
    for option, field, names, known, where in (
        (
            "numbers",
            "assistant",
            declared.foreign_assistants,
            there,
            f"is neither in {name_of('assistants')} nor in Vapi",
        ),
        ("numbers", "squad", declared.squads, squads, "does not exist in Vapi"),
        (
            "assistants",
            "tools",
            declared.foreign_tools,
            tools,
            f"is neither in {name_of('transfer_tools')} nor a transfer tool in Vapi",
        ),
    ):
        for name in names:
            if name not in known:
                meant = nearest(name, {word for word in (*known, *declared.labels) if not is_id(word)})
                more = f"; did you mean {meant}?" if meant else "."
                more += " Give the id of a tool of another kind." if field == "tools" else ""
                found += [Problem(path, f"{where}{more}", name) for path in declared.places(option, field, name)]
    return [declared.words.sentence(problem) for problem in found]


def _passwords(survey: Survey, declared: Declared) -> t.Iterator[Problem]:
    """The passwords of a new account and a new trunk: both services require them and do not return them."""
    account, trunk, given = declared.account, declared.trunk, declared.given
    more = "If it comes from a variable or from the environment, that is empty or not set."
    labels = {str(row.get("label")) for row in survey.accounts}
    if account and not (account.record.name or account.record.password or account.record.label in labels):
        yield Problem("sip_account.password", f"must be given, because this SIP account is new. {more}")
    password = trunk.password or (given.get("sip_account") or {}).get("password")
    if (trunk.username or account) and not password and not trunks_named(survey, declared):
        yield Problem("trunk.password", f"must be given, because the trunk is new and its login requires one. {more}")


def _in_use(survey: Survey, declared: Declared, vapi: Engine) -> list[str]:
    own = {str(row["id"]) for row in phones_own(survey, declared)}
    trunks = trunks_named(survey, declared)
    # Includes numbers that are not on a trunk.
    staying = [row for row in vapi.client.all(PHONE_NUMBER.path) if str(row.get("id")) not in own]
    found = [
        f"The trunk {declared.trunk.name} is also used by {named(row, 'number')}, which is not removed. Move that "
        "number to another trunk first, or declare it here."
        for row in staying
        if row.get("credentialId") in trunks
    ]
    names = {want.label for want in declared.assistants}
    going = {str(row["id"]): row["name"] for row in survey.assistants if row.get("name") in names}
    found += [
        f"The assistant {name} also answers {named(row, 'number')}, which is not removed. Assign another assistant to "
        f"that number, declare it here, or remove {name} from assistants."
        for key, name in going.items()
        for row in staying
        if row.get("assistantId") == key
    ]
    return found + [
        f"The assistant {name} is also in the squad {named(row)}, which is not removed. Remove it there, or remove "
        f"{name} from assistants."
        for key, name in going.items()
        for row in survey.squads
        if key in members_of(row)
    ]


# ------------------------------------------------------------------------------------------------------ verification


def broken(wired: Wired, survey: Survey) -> list[str]:
    """A sentence for each number whose calls are not routed as declared, and each error on the call path."""
    declared, trunk = wired.declared, wired.trunk_id
    forwards, assistants = wired.ids(FORWARD), wired.ids(ASSISTANT)
    found = []
    for number in declared.numbers:
        route = Route(survey, str(number.number))
        if number.inbound:
            made = forwards.get(route.number, "unknown")
            found += _not_first(route, declared.uri(number, trunk), made)
        found += _not_taken(route, declared.spelled(number), trunk, number.assistant, assistants)
    for item in wired.findings:
        if item["severity"] == "error" and declared.concerned(item):
            found.append(f"{item['subject']}: {item['message']} {item['fix']}")
    return found


def _not_first(route: Route, uri: str, made: str) -> list[str]:
    first = next((row for row in told(route)["destinations"] if row["active"]), None)
    if first is None:
        return [f"{route.number} in didlogic has no active destination; expected {uri}."]
    # The same destination may be spelled differently, such as with a scheme.
    sip = TRANSPORT["sip_uri"]
    if first["id"] == made and place_of(sip, first["destination"]) == place_of(sip, uri):
        return []
    there = f"{first['destination']} (id {first['id']})"
    return [f"{route.number} in didlogic is forwarded to {there} first; expected {uri} (id {made})."]


def _not_taken(route: Route, spelled: str, trunk: str, assistant: str | None, made: t.Mapping[str, str]) -> list[str]:
    phone = next((row for row in route.phones if row.get("number") == spelled), None)
    if phone is None:
        return [f"{spelled} is not a phone number in Vapi."]
    found = []
    if phone.get("credentialId") != trunk:
        there = phone.get("credentialId") or "(none)"
        found.append(f"{spelled} in Vapi is on the trunk {there}; expected {trunk}.")
    wanted = made.get(assistant or "")
    speaks = answering(route).get("id")
    if wanted and speaks != wanted:
        found.append(f"{spelled} in Vapi is answered by {speaks or 'no assistant'}; expected {assistant} ({wanted}).")
    return found


# --------------------------------------------------------------------------------------------------------------- result


def _result(wired: Wired) -> Row:
    declared = wired.declared
    trunk_id = wired.trunk_id
    uris = {str(number.number): declared.uri(number, trunk_id) for number in declared.inbound}
    present = declared.present
    trunk = next((outcome.result for outcome in wired.of(SIP_TRUNK)), {})
    return {
        "changed": wired.changed,
        "wiring": {
            "state": declared.given["state"],
            "trunk_id": wired.trunk_id if present else "",
            "inbound_uris": uris if present else {},
            "phone_number_ids": wired.ids(PHONE_NUMBER),
            "forward_ids": wired.ids(FORWARD),
            "assistant_ids": wired.ids(ASSISTANT),
            "transfer_tool_ids": wired.ids(TRANSFER_TOOL),
            "findings": wired.findings,
        },
        "sip_trunk": trunk,
        "objects": [
            {
                "kind": resource.noun,
                "name": outcome.want.label,
                "id": "" if outcome.error else str(outcome.result.get("id", "")),
                "change": "failed" if outcome.error else DONE[outcome.verb],
            }
            for resource in KINDS
            for outcome in wired.of(resource)
        ],
        "summary": summary(wired.all),
        "broken": wired.broken,
        "report": report.lines(wired),
        "diff": [
            {
                "before_header": f"{kind(resource)} {outcome.want.label}",
                "after_header": f"{kind(resource)} {outcome.want.label}",
                **outcome.sides,
            }
            for resource in KINDS
            for outcome in wired.of(resource)
            if outcome.plan and outcome.verb != "none"
        ],
    }

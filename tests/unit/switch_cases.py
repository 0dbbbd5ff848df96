# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection does under each value of each switch of the sandbox: one case for each switch.

A case runs the collection in a new sandbox and returns what a user sees. ``seen`` has a pattern for the default and for
each other value. ``avoids`` means that the collection never sends a request to which the switch makes a difference:
then the exchange with the services must be the same. Otherwise it, or what a user sees, must differ, so that no case
passes without its switch.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import AuditOptions, audit
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import defaults
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    MODEL,
    NUMBER_1,
    NUMBER_2,
    SandboxFixture,
    account_options,
    assistant_options,
    call_options,
    campaign_options,
    canary,
    forward_options,
    number_options,
    squad_options,
    tool_options,
    trunk_options,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner

LOGIN, TRUNK = "01234", "00000000-0000-4000-8000-0000000000ab"
ABSENT = "00000000-0000-4000-8000-000000000000"
PASSWORD, OTHER_PASSWORD = canary(), canary()
CUSTOMER = "+31201110001"
Options = dict[str, t.Any]
#: Values that a service chooses at random: ids, and the logins of SIP accounts.
_CHOSEN = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=sipaccounts/)\d{5}|(?<="name":")\d{5}')


class Recorder(httpx.BaseTransport):
    """Keeps what is sent and received."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.exchange = inner, list[str]()
        self.before: t.Callable[[httpx.Request], None] = lambda _request: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        answer = self.inner.handle_request(request)
        answer.read()
        self.exchange.append(f"{request.method} {request.url} {request.content!r}: {answer.status_code} {answer.text}")
        return answer


class Lab(SandboxFixture):
    """Both services with a trunk, an assistant that answers both numbers, and destinations that lead to them.

    Its time passes in pauses.
    """

    def __init__(self, **settings: t.Any) -> None:
        account = {"name": LOGIN, "label": "l", "password": PASSWORD}
        super().__init__({"balance": 35.0, "numbers": [NUMBER_1, NUMBER_2], "sip_accounts": [account]})
        self.world.settings = {**defaults(), **settings}
        self.transport = self.recorder = Recorder(self.transport)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.clock.now += datetime.timedelta(seconds=seconds)

    @property
    def exchange(self) -> list[str]:
        """What was sent and received, with chosen values by the order of their appearance."""
        ids: dict[str, str] = {}
        return [
            _CHOSEN.sub(lambda one: ids.setdefault(one[0], f"#{len(ids)}"), text) for text in self.recorder.exchange
        ]

    # -- what a user does

    def attempt(self, resource: Resource, **options: t.Any) -> str:
        """Run a task and run it again: what a user sees."""
        try:
            first = self.try_(resource, **options)
        except OptionError as error:
            return f"failed: {error}"
        if first.error:
            return f"failed: {first.error}"
        again = self.try_(resource, **options)
        if again.error or again.changed:
            return f"not converged: {again.error or again.result}"
        return "converged" + "".join(f", warned: {text}" for text in (*first.warnings, *self.warnings))

    def attempts(self, *steps: tuple[Resource, Options]) -> str:
        """What a user sees of several tasks, each text once."""
        return " | ".join(dict.fromkeys(self.attempt(resource, **options) for resource, options in steps))

    def environment(self, number: str = NUMBER_1) -> str:
        """A trunk, an assistant, a phone number and its destination; the id of the trunk."""
        self.do(SIP_TRUNK, **trunk_options(password=PASSWORD))
        self.do(ASSISTANT, **assistant_options())
        self.do(PHONE_NUMBER, **number_options(number=number, assistant="Reception"))
        trunk = str(self.store("credentials")[0]["id"])
        self.do(FORWARD, **forward_options(number=number.removeprefix("+"), vapi_trunk_id=trunk, uri_user=number))
        return trunk

    def findings(self) -> list[str]:
        """The rules of the audit that have findings."""
        engines = {"vapi": self.engine(SIP_TRUNK), "didlogic": self.engine(FORWARD)}
        return [str(item["rule"]) for item in audit(engines, from_options(AuditOptions, {}))["findings"]]

    def call(self) -> str:
        """The ended reason of an outbound call of the environment."""
        found = self.do(CALL, **call_options())
        self.sleep(600)
        return str(self.raw("GET", f"/call/{found.result['id']}").json()["endedReason"])

    def ring(self) -> str:
        """Who answers a call to the number."""
        found = self.raw("POST", "/call", "sandbox", {"to": NUMBER_1, "from": CUSTOMER}, self.world.control_token)
        return str(found.json()["answered_by"])

    def module(self, name: str, **params: t.Any) -> Options:
        """What a module returns."""
        with pytest.MonkeyPatch.context() as patch:
            runner = ModuleRunner(patch)
            runner.stage, runner.transport = self, self.transport
            return runner.raw(name, {**runner.connection(name), **params})

    def raw(self, method: str, path: str, side: str = "vapi", body: t.Any = None, key: str = "") -> httpx.Response:
        """A request that is not of the collection."""
        headers = {"Authorization": f"Bearer {key or self.world.vapi_api_key}"}
        request = httpx.Request(method, f"http://127.0.0.1/{side}{path}", json=body, headers=headers)
        answer = self.recorder.inner.handle_request(request)
        answer.read()
        return answer

    def routes(self) -> str:
        """The destinations of the number in their order, inactive ones in brackets."""
        texts = [(row["destination"].rpartition("@")[2], row["active"]) for row in self.destinations()]
        return ", ".join(text if active else f"({text})" for text, active in texts)


@dataclasses.dataclass(frozen=True)
class Case:
    """What a user sees under each value of a switch.

    :param run: returns it. :param seen: a pattern for the default, and for each other value in their order.
    :param avoids: whether the collection sends nothing to which the switch makes a difference.
    :param settings: values of other switches.
    """

    run: t.Callable[[Lab], str]
    seen: tuple[str, ...]
    avoids: bool = False
    settings: Options = dataclasses.field(default_factory=dict)


SAME = ("^converged$", "^converged$")


#: The last destination of a number is removed, with a warning.
REMOVED = r"^converged \| converged, warned: \d+ no longer has an active destination[^|]*$"


def lifecycle(lab: Lab) -> str:
    """Each kind of object is created, changed and removed."""
    steps: list[tuple[Resource, Options]] = [
        (SIP_TRUNK, trunk_options(password=PASSWORD)),
        (TRANSFER_TOOL, tool_options()),
        (ASSISTANT, assistant_options(tools=["to_human"])),
        (ASSISTANT, assistant_options(name="Sales")),
        (SQUAD, squad_options()),
        (PHONE_NUMBER, number_options(assistant="Reception")),
        (SIP_ACCOUNT, account_options(password=PASSWORD)),
        (FORWARD, forward_options(vapi_trunk_id=TRUNK, failover=["01234", "sip:Desk@PBX.example.com"])),
        (FORWARD, {"number": NUMBER_1, "destination": "Desk@pbx.example.com", "call_hunt": True}),
        (FORWARD, forward_options(vapi_trunk_id=TRUNK, others="disable")),
    ]
    changes: list[tuple[Resource, Options]] = [
        (SIP_TRUNK, {"name": "didlogic nl", "outbound_leading_plus_enabled": True}),
        (SIP_TRUNK, trunk_options(username="54321", password=OTHER_PASSWORD)),
        (TRANSFER_TOOL, {"name": "to_human", "description": "Else"}),
        (ASSISTANT, {"name": "Reception", "definition": {"model": {"temperature": 0.5}}}),
        (PHONE_NUMBER, number_options(name="Second", assistant="")),
        (PHONE_NUMBER, number_options(name="Second", squad="Team")),
        (SIP_ACCOUNT, {"label": "Vapi", "allowed_ips": ["192.0.2.2"], "max_channels": 4}),
        (SIP_ACCOUNT, {"label": "Vapi", "caller_id": NUMBER_1}),
    ]
    removals: list[tuple[Resource, Options]] = [
        (FORWARD, {"number": NUMBER_1, "destination": "01234", "state": "absent"}),
        (FORWARD, {"number": NUMBER_1, "vapi_trunk_id": TRUNK, "state": "absent"}),
        (PHONE_NUMBER, {"number": NUMBER_1, "state": "absent"}),
        (SQUAD, {"name": "Team", "state": "absent"}),
        (ASSISTANT, {"name": "Reception", "state": "absent"}),
        (TRANSFER_TOOL, {"name": "to_human", "state": "absent"}),
        (SIP_TRUNK, {"name": "didlogic nl", "state": "absent"}),
        (SIP_ACCOUNT, {"label": "Vapi", "state": "absent", "force": True}),
    ]
    return lab.attempts(*steps, *changes, *removals)


def same(*, avoids: bool = False, **settings: t.Any) -> Case:
    """The lifecycle is the same."""
    return Case(lifecycle, (REMOVED, REMOVED), avoids, settings)


# ---------------------------------------------------------------------------------------------------------------- Vapi


def tool_with_function(lab: Lab) -> str:
    found = lab.attempt(TRANSFER_TOOL, **tool_options())
    other = lab.raw("POST", "/tool", body={"type": "endCall"}).json()
    return f"{found} | by id: {lab.attempt(ASSISTANT, **assistant_options(tools=[other['id']]))}"


def unknown_tools(lab: Lab) -> str:
    return lab.attempts(*((ASSISTANT, assistant_options(tools=[tool])) for tool in ("nobody", ABSENT)))


def deletion_in_use(lab: Lab) -> str:
    lab.environment()
    gone = {"name": "Reception", "state": "absent"}
    return lab.attempts((ASSISTANT, gone), (ASSISTANT, {**gone, "force": True}))


def other_spelling(lab: Lab) -> str:
    """The same number with a plus: it is updated, not imported again."""
    lab.environment()
    found = lab.attempt(PHONE_NUMBER, **number_options(number=f"+{NUMBER_1}"))
    again = number_options(number=f"+{NUMBER_1}")
    if found.startswith("failed"):
        lab.do(PHONE_NUMBER, number=NUMBER_1, state="absent")
        found += f" | imported again: {lab.attempt(PHONE_NUMBER, **again)}"
    return f"{found} | {len(lab.store('phone_numbers'))} phone number"


def definition(**fields: t.Any) -> t.Callable[[Lab], str]:
    """An assistant with these fields."""
    return lambda lab: lab.attempt(ASSISTANT, name="Reception", definition={"model": MODEL, **fields})


def list_of_calls(lab: Lab) -> str:
    """A list from 30 days ago, with a call of then and a call of yesterday."""
    for days in (1, 30):
        made = (lab.clock.now - datetime.timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        call = {"id": f"00000000-0000-4000-8000-0000000000{days:02}", "type": "inboundPhoneCall", "createdAt": made}
        lab.world.seed({"vapi": {"calls": [{**call, "status": "ended", "endedAt": made}]}})
    since = (lab.clock.now - datetime.timedelta(days=40)).isoformat()
    found = lab.module("vapi_call_info", created_after=since)
    return f"{len(found.get('calls', []))} calls, {found.get('retention_start')} {found.get('msg', '')}"


def workflow(lab: Lab) -> str:
    lab.environment()
    refused = lab.attempt(PHONE_NUMBER, **number_options(workflow="w"))
    number = lab.store("phone_numbers")[0]
    del number["assistantId"]
    number["workflowId"] = ABSENT
    return f"{refused} | {lab.findings()}"


def latest_version(lab: Lab) -> str:
    """The version after a creation and an update."""
    changed = assistant_options(definition={"firstMessage": "x"})
    made = [lab.do(ASSISTANT, **options).result for options in (assistant_options(), changed)]
    return ", then ".join(str(item.get("latest_version")) for item in made)


def campaign(lab: Lab, **options: t.Any) -> str:
    lab.environment()
    return lab.attempt(CAMPAIGN, **campaign_options(**options))


def campaign_in_time(lab: Lab) -> str:
    """The counts of a campaign of thirty contacts after an hour."""
    lab.environment()
    people = [{"number": f"+312011100{place:02}"} for place in range(30)]
    lab.do(CAMPAIGN, **campaign_options(customers=people))
    lab.sleep(3600)
    (found,) = lab.module("vapi_campaign_info")["campaigns"]
    return f"{found['status']}, {found['counts']['ended']} of {found['contacts']}"


def limit_of_calls(lab: Lab) -> str:
    """A call during another one."""
    lab.environment()
    lab.do(CALL, **call_options())
    lab.sleep(5)
    outcome = lab.do(CALL, **call_options(customer={"number": "+31201110002"}))
    return "; ".join(outcome.warnings) or "no warning"


def trunk_twice(lab: Lab) -> str:
    """The same name again, and a replacement."""
    lab.environment()
    replaced = trunk_options(
        username=LOGIN, password=OTHER_PASSWORD, update_password="always", on_auth_change="replace"
    )
    found = lab.attempt(SIP_TRUNK, **trunk_options(password=PASSWORD))
    outcome = lab.try_(SIP_TRUNK, **replaced)
    return f"{found} | {outcome.error or 'replaced'} | {len(lab.store('credentials'))} trunk"


def plus(lab: Lab) -> str:
    lab.environment(f"+{NUMBER_1}")
    return f"answered by {lab.ring()}"


def bare_number(lab: Lab) -> str:
    lab.do(SIP_TRUNK, **trunk_options(password=PASSWORD))
    options = number_options()
    del options["number_e164_check_enabled"]
    return lab.attempt(PHONE_NUMBER, **options)


def other_trunk(lab: Lab) -> str:
    """Another trunk for a phone number, and a trunk that is replaced."""
    lab.environment()
    lab.do(SIP_TRUNK, **trunk_options(name="second", password=PASSWORD))
    found = lab.attempt(PHONE_NUMBER, **number_options(trunk="second"))
    lab.try_(PHONE_NUMBER, **number_options())
    options = trunk_options(username="54321", password=OTHER_PASSWORD, on_auth_change="replace")
    outcome = lab.try_(SIP_TRUNK, **options)
    used = {row["credentialId"] for row in lab.store("phone_numbers")}
    kept = used <= {row["id"] for row in lab.store("credentials")}
    text = f"{found} | {outcome.error or 'replaced'} | the number's trunk {'exists' if kept else 'is missing'}"
    if outcome.error:
        lab.do(PHONE_NUMBER, number=NUMBER_1, state="absent")
        steps = ((SIP_TRUNK, options), (PHONE_NUMBER, number_options(assistant="Reception")))
        text += f" | imported again: {lab.attempts(*steps)}, {len(lab.store('credentials'))} trunks"
    return text


def status_of_number(lab: Lab) -> str:
    lab.do(SIP_TRUNK, **trunk_options(password=PASSWORD))
    first = lab.do(PHONE_NUMBER, **number_options()).result["status"]
    lab.sleep(60)
    return f"{first}, then {lab.do(PHONE_NUMBER, **number_options()).result['status']}"


def cleared(lab: Lab) -> str:
    lab.environment()
    return lab.attempt(PHONE_NUMBER, **number_options(assistant=""))


def login_alone(lab: Lab) -> str:
    """Another login, without its password and with it."""
    lab.environment()
    return lab.attempts(
        (SIP_TRUNK, {"name": "didlogic nl", "username": "54321"}),
        (SIP_TRUNK, trunk_options(username="54321", password=OTHER_PASSWORD)),
    )


def login_in_calls(lab: Lab) -> str:
    """A call after an update of the login, and after its replacement."""
    lab.environment()
    lab.world.didlogic["sip_accounts"][0]["password"] = OTHER_PASSWORD
    changed = trunk_options(username=LOGIN, password=OTHER_PASSWORD, update_password="always")
    lab.do(SIP_TRUNK, **changed)
    updated = lab.call()
    lab.world.didlogic["sip_accounts"][0]["password"] = PASSWORD
    lab.do(SIP_TRUNK, **{**changed, "password": PASSWORD, "on_auth_change": "replace"})
    return f"updated: {updated}, replaced: {lab.call()}"


def part_of_model(lab: Lab) -> str:
    lab.do(ASSISTANT, **assistant_options())
    found = lab.attempt(ASSISTANT, name="Reception", definition={"model": {"temperature": 0.5}})
    return f"{found} | {sorted(lab.store('assistants')[0]['model'])}"


def without_model(lab: Lab) -> str:
    return lab.attempt(ASSISTANT, name="Reception", definition={"firstMessage": "Hello"})


def old_mode(lab: Lab) -> str:
    target = {"number": CUSTOMER, "transfer_plan": {"mode": "warm-transfer-with-message"}}
    return lab.attempt(TRANSFER_TOOL, **tool_options(destinations=[target]))


def deleted_assistant(lab: Lab) -> str:
    lab.environment()
    lab.raw("DELETE", f"/assistant/{lab.store('assistants')[0]['id']}")
    return ", ".join(lab.findings())


def long_list(lab: Lab) -> str:
    """The last of more assistants than a page has."""
    rows = [{"name": f"a{place}", "model": MODEL} for place in range(1100)]
    lab.world.seed({"vapi": {"assistants": rows}})
    return lab.attempts(
        (ASSISTANT, {"name": "a0", "state": "absent"}), (ASSISTANT, {"name": "a1099", "state": "absent"})
    )


def erased(lab: Lab) -> str:
    lab.environment()
    lab.call()
    engines = {"vapi": lab.engine(CALL)}
    given = erasure.checked(from_options(erasure.ErasureOptions, {"wait_timeout": 300, "caller": CUSTOMER}))
    try:
        found, text = erasure.run(engines, given, clock=lambda: lab.now), ""
    except ModuleFailureError as error:
        found, text = error.result, f", failed: {error}"
    return f"{found['erasure']['calls']['erased']} erased{text}"


def workflow_call(lab: Lab) -> str:
    lab.environment()
    number = lab.store("phone_numbers")[0]["id"]
    body = {"phoneNumberId": number, "customer": {"number": CUSTOMER}, "workflowId": ABSENT}
    lab.raw("POST", "/call", body=body)
    lab.sleep(600)
    (call,) = lab.module("vapi_call_info")["calls"]
    return f"{call['ended_reason']}, {'diagnosed' if call['diagnosis']['fix'] else 'unknown'}"


def without_credit(lab: Lab) -> str:
    lab.environment()
    lab.world.balance = 0
    lab.call()
    (call,) = lab.module("vapi_call_info")["calls"]
    return f"{'diagnosed' if call['diagnosis']['fix'] else 'unknown'}, {', '.join(lab.findings())}"


def third_address(lab: Lab) -> str:
    """A call with the documented addresses, and with the other one."""
    lab.environment()
    documented = ["44.229.228.186", "44.238.177.138"]
    lab.do(SIP_ACCOUNT, label="l", allowed_ips=documented, ip_restrict=True)
    first = lab.call()
    lab.do(SIP_ACCOUNT, label="l", allowed_ips=[*documented, "192.0.2.250"])
    return f"{first}, then {lab.call()}"


# ------------------------------------------------------------------------------------------------------------ didlogic


def duplicate(lab: Lab) -> str:
    lab.do(FORWARD, number=NUMBER_1, destination="31299999999")
    outcome = lab.do(FORWARD, number=NUMBER_1, destination="12345")
    return f"{lab.routes()}{', warned' if outcome.warnings else ''}"


def wrong_key(lab: Lab) -> str:
    known, lab.world.didlogic_api_key = lab.world.didlogic_api_key, canary()
    engine = lab.engine(FORWARD)
    lab.world.didlogic_api_key = known
    try:
        engine.client.get("/v1/balance")
    except ApiError as error:
        return f"failed: {error}"
    return "accepted"


def refused_password(lab: Lab) -> str:
    return lab.attempt(SIP_ACCOUNT, **account_options(password="a word of sixteen"))


def page_of_numbers(lab: Lab) -> str:
    lab.world.seed({"numbers": [str(31209000000 + place) for place in range(1001)]})
    return lab.attempt(FORWARD, number="31209001000", destination="01234")


def codes(lab: Lab) -> str:
    return lab.attempts(
        (FORWARD, {"number": NUMBER_1, "destination": "31299999999"}),
        (FORWARD, {"number": NUMBER_2, "destination": f"{NUMBER_2}@pbx.example.com"}),
    )


def first_of_two(lab: Lab) -> str:
    """Who answers if there is another destination, and if others are disabled."""
    lab.do(FORWARD, number=NUMBER_1, destination=LOGIN)
    trunk = lab.environment()
    kept = lab.ring()
    lab.do(FORWARD, **forward_options(vapi_trunk_id=trunk, others="disable"))
    return f"{kept}, then {lab.ring()}"


def failover(lab: Lab) -> str:
    equal, lab.world.settings["equal_priorities"] = lab.world.settings["equal_priorities"], False
    for login in (LOGIN, "54321"):
        lab.do(FORWARD, number=NUMBER_1, destination=login, position="any")
    lab.do(FORWARD, **forward_options(vapi_trunk_id=TRUNK))
    lab.world.settings["equal_priorities"] = equal
    lab.recorder.exchange.clear()
    found = lab.attempt(FORWARD, **forward_options(vapi_trunk_id=TRUNK, failover=["31299999999", "12345"]))
    active = any(row["active"] and TRUNK in row["destination"] for row in lab.destinations())
    return f"{found} | the target is {'active' if active else 'missing'}"


def removal_by_others(lab: Lab) -> str:
    """Somebody else deletes the row before the request does."""
    lab.do(FORWARD, number=NUMBER_1, destination="54321")

    def before(request: httpx.Request) -> None:
        if request.method == "DELETE":
            t.cast("Options", lab.world.number(NUMBER_1))["destinations"].clear()

    lab.recorder.before = before
    lab.do(FORWARD, number=NUMBER_1, destination=LOGIN)
    lab.try_(FORWARD, number=NUMBER_1, destination="54321", state="absent")
    return lab.attempt(FORWARD, number=NUMBER_1, destination="54321", state="absent")


def accounts(**options: t.Any) -> t.Callable[[Lab], str]:
    return lambda lab: lab.attempt(SIP_ACCOUNT, **account_options(password=PASSWORD, **options))


def account_alone(**options: t.Any) -> t.Callable[[Lab], str]:
    return lambda lab: lab.attempt(SIP_ACCOUNT, label="new", **options)


REASON_403 = "403-forbidden"
NOT_ACCEPTED = "failed: .*(must be|is not|requires)"
CASES: dict[str, Case] = {
    "refuse_tool_function": Case(
        tool_with_function,
        ("^converged . by id: converged$", "^failed: Vapi rejected POST /tool .*function.* . by id: converged$"),
    ),
    "refuse_unknown_tools": Case(unknown_tools, ("failed: .*nobody", "failed: .*nobody"), True),
    "refuse_delete_in_use": Case(
        deletion_in_use,
        (r"^failed: [^|]*Reception[^|]* \| converged$", r"^failed: [^|]* \| failed: Vapi rejected DELETE .*409"),
    ),
    "unique_numbers": Case(other_spelling, (r"^converged \| 1 phone", r"^converged \| 1 phone"), True),
    "strict_assistants": Case(
        definition(voice={"provider": "vapi", "voiceId": "Elliot", "invented": 1}),
        ("^converged, warned: .*invented", "^failed: Vapi rejected POST /assistant .*invented"),
    ),
    "accept_legacy_fields": Case(
        definition(silenceTimeoutSeconds=30),
        ("^converged, warned: .*silenceTimeoutSeconds", "^failed: Vapi rejected POST /assistant .*silenceTimeout"),
    ),
    "retention_days": Case(list_of_calls, (r"^0 calls, 2025-12-20T.*created_after: 2025-12-20", "^2 calls, None $")),
    "run_workflows": Case(workflow, ("^failed: .*workflow.*retired-workflow",) * 2, True),
    "versioning": Case(latest_version, ("^None, then None$", "^v1, then v2$")),
    "concurrency_limit": Case(limit_of_calls, ("^no warning$", "^The call is queued: the account's limit of 1 ")),
    "refuse_excess_concurrency": Case(
        lambda lab: campaign(lab, max_concurrency=11, account_concurrency=20),
        ("^converged", "^failed: Vapi rejected POST /campaign"),
    ),
    "campaign_retry_seconds": Case(
        campaign_in_time, ("^ended, 30 of 30$", "^ended, 18 of 30$"), settings={"concurrency_limit": 1}
    ),
    "campaigns_v2": Case(campaign, ("^converged", "^converged"), True),
    "unique_trunk_names": Case(trunk_twice, (r"^converged \| replaced \| 1 trunk$",) * 2, True),
    "ignore_plus": Case(plus, ("answered by vapi",) * 2, True),
    "accept_bare_numbers": Case(bare_number, ("^failed: Option number .*number_e164_check_enabled: false",) * 2, True),
    "refuse_number_change": Case(
        other_spelling,
        (r"^converged \| 1 phone",
         r"^failed: Vapi rejected PATCH .*number cannot be changed.* \| imported again: converged \| 1 phone"),
    ),
    "refuse_trunk_change": Case(
        other_trunk,
        (r"^converged \| replaced \| .*exists$",
         r"^failed: .*credentialId cannot be changed.* \| .*exists \| imported again: converged, 2 trunks$"),
    ),
    "require_provider": same(avoids=True),
    "activating_seconds": Case(status_of_number, ("^active, then active$", "^activating, then active$")),
    "null_in_patch": Case(
        cleared, ("^converged$", "^failed: .*still differ: assistant", "^failed: Vapi rejected PATCH .*null")
    ),
    "null_fields": same(),
    "echo_defaults": same(),
    "show_password": same(),
    "refuse_login_without_password": Case(login_alone, (r"^failed: .*password.* \| converged$",) * 2, True),
    "keep_password": Case(login_alone, (r"^failed: .*password.* \| converged$",) * 2, True),
    "stale_login": Case(
        login_in_calls,
        ("^updated: customer-ended-call, replaced: customer-ended-call$",
         "^updated: .*407.*, replaced: customer-ended-call$"),
    ),
    "partial_model": Case(
        part_of_model, (r"^converged \| \['messages', 'model', 'provider', 'temperature'\]$",) * 3, True
    ),
    "require_model": Case(without_model, ("^converged$", "^failed: Vapi rejected POST /assistant")),
    "rewrite_transfer_modes": Case(old_mode, ("^failed: Option destinations.*mode",) * 2, True),
    "ignore_unknown_fields": Case(
        definition(invented=1),
        ("^failed: Vapi rejected POST /assistant .*invented", "^failed: Vapi accepted .*still differ: definition"),
    ),
    "clear_references": Case(deleted_assistant, ("assistant-gone", "nobody-answers")),
    "exclusive_dates": Case(long_list, SAME),
    "hide_old_calls": Case(list_of_calls, (r"^0 calls, 2025-12-20T.*created_after: 2025-12-20", "^1 calls, None $")),
    "call_deletion": Case(
        erased, ("^1 erased$", "^1 erased$", "^0 erased, failed: .*still returned", "^0 erased, failed: .*not deleted")
    ),
    "publish_on_update": Case(latest_version, ("^v1, then v2$", "^v1, then v1$"), settings={"versioning": True}),
    "workflow_reason": Case(workflow_call, ("get-assistant, diagnosed$", "not-valid, diagnosed$")),
    "no_credit_reason": Case(without_credit, ("^diagnosed, .*balance-empty",) * 2),
    "other_source_address": Case(
        third_address, ("^customer-ended-call, then customer-ended-call$", "403.*, then customer-ended-call$")
    ),
    "accept_json": same(avoids=True),
    "refuse_unknown_fields": same(avoids=True),
    "refuse_duplicate_destination": Case(duplicate, ("^12345, 31299999999$", r"^\(31299999999\), 12345, warned$")),
    "unsorted_destinations": same(),
    "wrong_key_status": Case(wrong_key, ("^failed: .*403", "^failed: .*401")),
    "error_form": Case(
        refused_password,
        ("^failed: .*Password must contain only letters and digits",) * 3,
        settings={"refuse_password_symbols": True},
    ),
    "refuse_json_suffix": same(avoids=True),
    "refuse_multipart": same(avoids=True),
    "csv_by_default": same(avoids=True),
    "clamp_pages": Case(page_of_numbers, SAME, True),
    "numbers_by_id": same(avoids=True),
    "numbers_with_plus": same(avoids=True),
    "transport_codes": Case(codes, ("^converged$", "^failed: didlogic rejected POST .*Transport must be")),
    "highest_priority_first": Case(first_of_two, ("^vapi, then vapi$", "^sip_account, then vapi$")),
    "new_destination_first": Case(
        failover, (r"^converged \| the target is active$", "^failed: .*does not append.* the target is active$")
    ),
    "equal_priorities": Case(
        failover, (r"^converged \| the target is active$", "^failed: .*does not append.* the target is active$")
    ),
    "accept_priority": same(avoids=True),
    "renumber_destinations": same(),
    "active_by_default": same(avoids=True),
    "normalise_destinations": same(),
    "delete_status": same(),
    "accept_repeated_delete": Case(removal_by_others, ("^converged",) * 2),
    "unique_labels": same(avoids=True),
    "password_min_length": Case(
        lambda lab: lab.attempt(SIP_ACCOUNT, **account_options(password=PASSWORD[:9])),
        ("^converged$", "^failed: didlogic rejected POST"),
    ),
    "refuse_password_symbols": Case(refused_password, ("^converged$", "^failed: didlogic rejected POST")),
    "accept_account_patch": same(avoids=True),
    "refuse_foreign_callerid": Case(
        accounts(caller_id=CUSTOMER), ("^converged", "^failed: didlogic rejected (POST|PUT)")
    ),
    "accept_networks": Case(accounts(allowed_ips=["192.0.2.0/24"]), ("^failed: ",) * 2, True),
    "accept_ipv6": Case(accounts(allowed_ips=["2001:db8::1"]), ("^failed: ",) * 2, True),
    "refuse_empty_restriction": Case(accounts(allowed_ips=["192.0.2.1"], ip_restrict=True), SAME, True),
    "stale_lists": same(),
}  # fmt: skip

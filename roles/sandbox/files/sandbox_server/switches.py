# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches: behaviour of the services that is not documented, differs between accounts, or takes long.

Each switch is defined here, with the evidence for its default. The README of the role contains the same table, and a
test compares both. A dialect is a value for each of them, see dialect.py.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DOCUMENTED = "documented"  # in a published description or guide of the service
SEEN = "seen"  # reported by somebody who used the service
INFERRED = "inferred"  # concluded from other facts
UNKNOWN = "unknown"  # no evidence for either side
CONTROL = "control"  # a setting of the sandbox, not behaviour of a service


@dataclass(frozen=True)
class Switch:
    """One switch of the sandbox.

    ``service`` is ``vapi``, ``didlogic`` or ``both``. ``meaning`` is the effect of the switch, or the meaning of its
    number or list. ``evidence`` is one of the constants above, for the default; ``source`` describes it. ``others`` are
    the values besides the default: all of them if ``closed``, otherwise examples.
    """

    name: str
    default: Any
    service: str
    meaning: str
    evidence: str
    source: str = ""
    others: tuple[Any, ...] = ()
    closed: bool = False

    @property
    def flips(self) -> tuple[Any, ...]:
        """Every other value, or examples of them."""
        return (not self.default,) if isinstance(self.default, bool) else self.others

    def fault(self, value: Any) -> str:
        """Why the switch cannot have a value; empty if it can."""
        if type(value) is not type(self.default):
            return f"{self.name} must be a {type(self.default).__name__}"
        if self.closed and value not in (self.default, *self.others):
            return f"{self.name} must be one of {', '.join(map(str, (self.default, *self.others)))}"
        if isinstance(value, int) and value < 0:
            return f"{self.name} must not be negative"
        return ""


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "refuse_tool_function",
        False,
        "vapi",
        "refuses `function` in a tool of type `transferCall` or `apiRequest`",
        SEEN,
        "not in the published schemas, but in guides and in requests of the official MCP server",
    ),
    Switch(
        "refuse_unknown_tools",
        False,
        "vapi",
        "refuses an assistant that names a tool which does not exist",
        UNKNOWN,
    ),
    Switch(
        "refuse_delete_in_use",
        False,
        "vapi",
        "refuses to delete what another object refers to",
        UNKNOWN,
        "the 409 is documented for versions that are pinned",
    ),
    Switch("unique_numbers", False, "vapi", "imports a number only once", INFERRED, "clients remove duplicates"),
    Switch(
        "strict_assistants",
        False,
        "vapi",
        "checks assistants in full depth (model, voice, transcriber, plans, hooks) instead of their first level only",
        DOCUMENTED,
        "names of models and voices change more often than the facts in this repository",
    ),
    Switch(
        "accept_legacy_fields",
        True,
        "vapi",
        "accepts deprecated fields of an assistant, such as `silenceTimeoutSeconds`",
        SEEN,
        "Vapi's gitops repository, 2026-06; not verified since",
    ),
    Switch(
        "retention_days",
        14,
        "vapi",
        "days for which calls are kept; older ones are answered with 400; 0 sets no bound",
        SEEN,
        "six reports, 2026-08 and 2026-09; the number depends on the plan",
        (0,),
    ),
    Switch(
        "run_workflows",
        False,
        "vapi",
        "a call to a workflow is answered, as before 2026-08-19",
        DOCUMENTED,
        "guide to the migration of workflows; the ended reason of such a call is not documented",
    ),
    Switch(
        "versioning",
        False,
        "vapi",
        "the organisation has versions (`latestVersion`) and may use `/traffic-allocations`; otherwise 403",
        DOCUMENTED,
        "Python SDK 3.0.0; switched on for each organisation",
    ),
    Switch(
        "concurrency_limit",
        10,
        "vapi",
        "calls of the organisation that run at the same time",
        DOCUMENTED,
        "guide to call concurrency",
        (1,),
    ),
    Switch(
        "refuse_excess_concurrency",
        False,
        "vapi",
        "refuses a campaign whose `maxConcurrency` is beyond that limit, instead of running it slower",
        UNKNOWN,
    ),
    Switch(
        "campaign_retry_seconds",
        0,
        "vapi",
        "dials no contact of a campaign this long after its start; 0 sets no bound",
        UNKNOWN,
        "",
        (600,),
    ),
    Switch(
        "campaigns_v2",
        True,
        "vapi",
        "the organisation may use `/v2/campaign`; otherwise 403",
        DOCUMENTED,
        "switched on for each organisation",
    ),
    Switch(
        "unique_trunk_names",
        False,
        "vapi",
        "refuses a second trunk with the same name",
        INFERRED,
        "names are for reference only",
    ),
    Switch(
        "ignore_plus",
        False,
        "vapi",
        "a leading plus does not distinguish numbers, in calls and for `unique_numbers`",
        UNKNOWN,
    ),
    Switch(
        "accept_bare_numbers",
        False,
        "vapi",
        "accepts a number without a plus although the E.164 check is on",
        DOCUMENTED,
        "the message of the error demands E.164",
    ),
    Switch(
        "refuse_number_change",
        False,
        "vapi",
        "refuses to change the number of a phone number",
        DOCUMENTED,
        "a field of the update; one client calls it immutable",
    ),
    Switch(
        "refuse_trunk_change",
        False,
        "vapi",
        "refuses to change the trunk of a phone number",
        DOCUMENTED,
        "a field of the update",
    ),
    Switch(
        "require_provider",
        False,
        "vapi",
        "refuses an update of a phone number without `provider`",
        SEEN,
        "two clients send none",
    ),
    Switch(
        "activating_seconds",
        0,
        "vapi",
        "a new phone number has the status `activating` for this long, and nobody answers",
        DOCUMENTED,
        "an example of a response has `active` at once",
        (30,),
    ),
    Switch(
        "null_in_patch",
        "clears",
        "vapi",
        "null in an update `clears` the field, is `ignored`, or is `refused` with 400",
        DOCUMENTED,
        "one guide; inferred for trunks",
        ("ignored", "refused"),
        True,
    ),
    Switch(
        "null_fields",
        False,
        "vapi",
        "returns fields that are not set as null",
        SEEN,
        "absent in examples; null was seen for assistants",
    ),
    Switch(
        "echo_defaults",
        False,
        "vapi",
        "returns defaults that were not sent",
        DOCUMENTED,
        "example of a response in a guide",
    ),
    Switch(
        "show_password",
        False,
        "vapi",
        "returns a mask as the password of a trunk, instead of leaving it out",
        DOCUMENTED,
        "description of the field",
    ),
    Switch(
        "refuse_login_without_password",
        False,
        "vapi",
        "refuses an update of a trunk's login without its password",
        SEEN,
        "one client sends it so",
    ),
    Switch(
        "keep_password",
        False,
        "vapi",
        "an update of a trunk's login without its password keeps the stored one",
        INFERRED,
        "an object in an update replaces the stored one",
    ),
    Switch(
        "stale_login",
        False,
        "vapi",
        "an update of a trunk's login does not take effect in calls",
        DOCUMENTED,
        "a guide updates it; one report says that the old login remains in use",
    ),
    Switch(
        "partial_model",
        "refused",
        "vapi",
        "an assistant's model that is sent in part is `refused`, `replaces` the stored one, or is merged (`merges`)",
        DOCUMENTED,
        "required fields; one guide sends a part",
        ("replaces", "merges"),
        True,
    ),
    Switch("require_model", False, "vapi", "refuses a new assistant without a model", DOCUMENTED, "no required field"),
    Switch(
        "rewrite_transfer_modes",
        False,
        "vapi",
        "accepts the old names of transfer modes, and returns the new ones, instead of refusing them",
        SEEN,
        "Vapi's gitops repository describes the names that are rewritten",
    ),
    Switch(
        "ignore_unknown_fields",
        False,
        "vapi",
        "ignores an unknown field, instead of refusing it with 400",
        DOCUMENTED,
        "guide, and many reports",
    ),
    Switch(
        "clear_references",
        False,
        "vapi",
        "the deletion of an object removes its id from the phone numbers that refer to it",
        UNKNOWN,
    ),
    Switch(
        "exclusive_dates",
        False,
        "vapi",
        "`createdAtLe` and `createdAtGe` exclude the time itself",
        DOCUMENTED,
        "names of the parameters",
    ),
    Switch(
        "hide_old_calls",
        False,
        "vapi",
        "leaves out calls older than `retention_days`, instead of answering with 400",
        SEEN,
        "the same reports",
    ),
    Switch(
        "call_deletion",
        "at_once",
        "vapi",
        "effect of the deletion of a call: `at_once`; `later`, after a minute; `partial`, the recordings remain; "
        "`failed`, with the status `deletion-failed`",
        UNKNOWN,
        "the description says asynchronous, up to hours, and has that status",
        ("later", "partial", "failed"),
        True,
    ),
    Switch(
        "publish_on_update",
        True,
        "vapi",
        "with `versioning`, each update publishes a version",
        INFERRED,
        "tools of the vendor rely on it",
    ),
    Switch(
        "workflow_reason",
        "call.start.error-get-assistant",
        "vapi",
        "the ended reason of a call to a workflow",
        UNKNOWN,
        "",
        ("assistant-not-valid",),
    ),
    Switch(
        "no_credit_reason",
        "call.in-progress.error-providerfault-outbound-sip-403-forbidden",
        "didlogic",
        "the ended reason of a call that didlogic refuses for lack of credit",
        INFERRED,
        "the meaning of the status in the SIP standard",
        ("call.in-progress.error-providerfault-outbound-sip-503-service-unavailable",),
    ),
    Switch(
        "other_source_address",
        "",
        "vapi",
        "an address from which Vapi calls as well; a SIP account whose `ip_restrict` does not allow it rejects calls",
        DOCUMENTED,
        "two addresses; users report a third",
        ("192.0.2.250",),
    ),
    Switch("accept_json", False, "didlogic", "reads JSON bodies as well as forms", INFERRED, "one client sends them"),
    Switch(
        "refuse_unknown_fields",
        False,
        "didlogic",
        "refuses a form with an unknown field with 422, instead of ignoring it",
        INFERRED,
        "Rails drops unknown parameters",
    ),
    Switch(
        "refuse_duplicate_destination",
        False,
        "didlogic",
        "refuses the same address twice on one number",
        UNKNOWN,
    ),
    Switch(
        "unsorted_destinations",
        False,
        "didlogic",
        "lists destinations newest first instead of by priority",
        UNKNOWN,
    ),
    Switch(
        "wrong_key_status",
        403,
        "didlogic",
        "status of a response to an unknown key",
        DOCUMENTED,
        "clients also expect 401",
        (401,),
        True,
    ),
    Switch(
        "error_form",
        "error",
        "didlogic",
        "the body of an error: `error` with a text, `errors` by field, or a `message`",
        SEEN,
        "three forms in clients",
        ("errors", "message"),
        True,
    ),
    Switch(
        "refuse_json_suffix",
        False,
        "didlogic",
        "a path that ends with `.json` does not exist",
        SEEN,
        "two clients use it",
    ),
    Switch(
        "refuse_multipart", False, "didlogic", "refuses forms in `multipart/form-data`", SEEN, "one client sends them"
    ),
    Switch(
        "csv_by_default",
        False,
        "didlogic",
        "returns the list of purchases as CSV, unless JSON is requested",
        DOCUMENTED,
        "JSON and CSV exist; which is the default is not documented",
    ),
    Switch(
        "clamp_pages", False, "didlogic", "a `per_page` above 1000 is taken as 1000, instead of being refused", UNKNOWN
    ),
    Switch(
        "numbers_by_id",
        False,
        "didlogic",
        "the id of a number addresses it in a path, too",
        UNKNOWN,
        "the documentation names a purchase id; clients send the number",
    ),
    Switch("numbers_with_plus", False, "didlogic", "a number with a leading plus addresses it in a path, too", UNKNOWN),
    Switch(
        "transport_codes",
        [1, 4, 5],
        "didlogic",
        "the codes of a SIP URI, a phone number and a SIP account as destination",
        SEEN,
        "four clients",
        ([1, 2, 3],),
    ),
    Switch(
        "highest_priority_first",
        False,
        "didlogic",
        "tries the destination with the highest priority first",
        INFERRED,
        "analogy with another carrier",
    ),
    Switch(
        "new_destination_first",
        False,
        "didlogic",
        "a new destination gets the lowest priority, instead of the highest",
        INFERRED,
        "the guides move a new destination to the top",
    ),
    Switch("equal_priorities", False, "didlogic", "each new destination has the priority 1", UNKNOWN),
    Switch(
        "accept_priority",
        False,
        "didlogic",
        "the priority of a destination can be set",
        DOCUMENTED,
        "not among the documented fields",
    ),
    Switch("renumber_destinations", False, "didlogic", "the deletion of a destination renumbers the others", UNKNOWN),
    Switch(
        "active_by_default",
        False,
        "didlogic",
        "a new destination is active unless the request says otherwise",
        SEEN,
        "default of one client",
    ),
    Switch(
        "normalise_destinations",
        False,
        "didlogic",
        "stores a SIP URI without `sip:` and with its host in lower case",
        UNKNOWN,
    ),
    Switch(
        "delete_status",
        200,
        "didlogic",
        "status of the response to a deletion; 204 has no body",
        UNKNOWN,
        "",
        (204,),
        True,
    ),
    Switch(
        "accept_repeated_delete",
        False,
        "didlogic",
        "the deletion of something that does not exist succeeds",
        DOCUMENTED,
        "404 of an unknown destination",
    ),
    Switch("unique_labels", False, "didlogic", "refuses a second SIP account with the same label", UNKNOWN),
    Switch("password_min_length", 1, "didlogic", "characters of a SIP password, at least", UNKNOWN, "", (12,)),
    Switch(
        "refuse_password_symbols",
        False,
        "didlogic",
        "refuses a SIP password with other characters than letters and digits",
        UNKNOWN,
    ),
    Switch(
        "accept_account_patch",
        False,
        "didlogic",
        "a SIP account can be updated with PATCH, besides PUT",
        UNKNOWN,
        "clients send PUT",
    ),
    Switch(
        "refuse_foreign_callerid", False, "didlogic", "refuses a caller id that is not a number of the account", UNKNOWN
    ),
    Switch("accept_networks", False, "didlogic", "a network (CIDR) can be an allowed address", UNKNOWN),
    Switch("accept_ipv6", False, "didlogic", "an IPv6 address can be an allowed address", UNKNOWN),
    Switch(
        "refuse_empty_restriction",
        False,
        "didlogic",
        "refuses `ip_restrict` for a SIP account without allowed addresses",
        UNKNOWN,
    ),
    Switch("stale_lists", 0, "both", "the number of lists in which a new object is still missing", UNKNOWN, "", (1,)),
    Switch("latency_ms", 0, "both", "delay of every response in milliseconds", CONTROL),
    Switch("calls", [], "both", "scripts of calls", CONTROL),
)


BY_NAME = {switch.name: switch for switch in SWITCHES}


def defaults() -> dict[str, Any]:
    """Return a fresh copy of the value of each switch."""
    return {switch.name: copy.deepcopy(switch.default) for switch in SWITCHES}


def check(values: Mapping[str, Any]) -> None:
    """Check the values of switches.

    :param values: some of the switches, by name.
    :raises ValueError: if a switch does not exist, with the nearest that does, or if it cannot have its value.
    """
    for name, value in values.items():
        if name not in BY_NAME:
            near = difflib.get_close_matches(str(name), BY_NAME, 1)
            hint = f"did you mean {near[0]}?" if near else f"the switches are {', '.join(BY_NAME)}"
            raise ValueError(f"the switch {name} does not exist; {hint}")
        if fault := BY_NAME[name].fault(value):
            raise ValueError(fault)

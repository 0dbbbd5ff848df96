# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches: behaviour of the services that is not documented, differs between accounts, or takes long.

Each switch is defined here, with the evidence for its default. The README of the role contains the same table, and a
test compares both.
"""

from __future__ import annotations

import copy
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
    number or list. ``evidence`` is one of the constants above, for the default; ``source`` describes it.
    """

    name: str
    default: Any
    service: str
    meaning: str
    evidence: str
    source: str = ""


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
    ),
    Switch(
        "campaigns_v2",
        True,
        "vapi",
        "the organisation may use `/v2/campaign`; otherwise 403",
        DOCUMENTED,
        "switched on for each organisation",
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
    Switch("latency_ms", 0, "both", "delay of every response in milliseconds", CONTROL),
    Switch("calls", [], "both", "scripts of calls", CONTROL),
)


def defaults() -> dict[str, Any]:
    """Return a fresh copy of the value of each switch."""
    return {switch.name: copy.deepcopy(switch.default) for switch in SWITCHES}

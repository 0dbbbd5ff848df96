# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy judges a prediction: its findings must be those of the audit after the run.

Each case is an account that somebody has edited, and an environment with generated options.
"""

from __future__ import annotations

import collections
import json
import os
import random
import re
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import approval
import chain
import life
from chain import DECLARED, MODEL, Account, ModuleFailureError
from life import AFTER, BEFORE
from sandbox_server.world import World

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import execute
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import ApplyRun
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import (
    AuditOptions,
    audit,
    findings,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.predict import predicted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot

#: The environment variable plays more of them.
BATCHES, CASES = int(os.environ.get("PREDICTION_BATCHES", "3")), 30
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ENVIRONMENTS: tuple[dict[str, t.Any], ...] = (DECLARED, BEFORE, AFTER)
ACCOUNT = {"label": "Vapi", "password": "not-a-real-password", "ip_restrict": True}
#: Parts of an environment that are replaced, with the values from which one is chosen.
NUMBER_OPTIONS: dict[str, list[t.Any]] = {
    "others": ["keep", "keep", "disable", "remove"],
    "failover": [None, None, [], ["31201234599"], ["sip:desk@pbx.example.com", "01234"], ["09999"]],
    "inbound": [True, True, True, False],
    "state": ["present", "present", "present", "absent"],
}
EXTRA: list[dict[str, t.Any]] = [
    {},
    {},
    {"inbound_uri": "private_key"},
    {"number_format": "e164"},
    {"sip_account": {**ACCOUNT, "allowed_ips": ["192.0.2.7"]}},
    {"sip_account": {**ACCOUNT, "allowed_ips": ["44.229.228.186", "44.238.177.138"], "caller_id": "31201234999"}},
]
TRUNKS: list[dict[str, t.Any]] = [
    {},
    {},
    {"gateway": "sip.example.com"},
    {"inbound_networks": []},
    {"username": "05555"},
    {"name": "second"},
]
ASSISTANTS: list[list[dict[str, t.Any]]] = [
    [],
    [],
    [
        {
            "name": "extra",
            "definition": {"model": MODEL, "serverMessages": ["phone-call-control"]},
            "tools": ["away", "b"],
        }
    ],
    [{"name": "extra", "definition": {"model": MODEL, "credentialIds": ["gone"]}}],
]


def new() -> Account:
    """An account without the environment."""
    return Account(World(seed={**chain.SEED, "numbers": life.NUMBERS}, clock=chain.Ticking()))


def deployed() -> Account:
    """An account with the environment."""
    account = new()
    account.run(at_once=True, **BEFORE)
    return account


STARTS: tuple[t.Callable[[], Account], ...] = (new, deployed, deployed)


def environment(random_: random.Random) -> dict[str, t.Any]:
    """The options of a generated environment."""
    found: dict[str, t.Any] = json.loads(json.dumps(random_.choice(ENVIRONMENTS)))
    assistants = random_.choice(ASSISTANTS)
    found["assistants"] += assistants
    if any(each.get("tools") for each in assistants):
        away = {"name": "away", "destinations": [{"number": "+31612340000"}, {"sip_uri": "sip:1@pbx.example.com"}]}
        found["transfer_tools"] = [*found.get("transfer_tools", []), {"name": "b"}, away]
    for number in found["numbers"]:
        if number.get("state") == "absent":
            continue
        number |= {name: random_.choice(values) for name, values in NUMBER_OPTIONS.items() if random_.random() < 0.5}
        if number.get("failover") is None or not number.get("inbound", True):
            number.pop("failover", None)
        if assistants and random_.random() < 0.5:
            number["assistant"] = "extra"
    found["trunk"] |= random_.choice(TRUNKS)
    found |= random_.choice(EXTRA)
    if "sip_account" in found:
        found["trunk"] = {key: value for key, value in found["trunk"].items() if key not in ("username", "password")}
    return {**found, "prune": random_.random() < 0.4, "max_delete_percent": 100, "verify": False}


def planned(account: Account, options: Params, monkeypatch: pytest.MonkeyPatch) -> ApplyRun:
    """The run in check mode."""
    kept: list[ApplyRun] = []
    plan = execute._planned

    def keep(*args: t.Any) -> t.Any:
        found = plan(*args)
        kept.append(found[0].run)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(execute, "_planned", keep)
        account.run(check=True, at_once=True, **options)
    return kept[0]


def audited(account: Account, numbers: t.Sequence[str]) -> list[t.Any]:
    report = chain.Report(account, True, account.transport)
    engines = {service.name: report.engine(service, ReadCache()) for service in SERVICES}
    engines["vapi"].client.connection.region = "us"
    found: list[t.Any] = t.cast("t.Any", audit(engines, AuditOptions(numbers=list(numbers))))["findings"]
    return found


def comparable(found: list[t.Any], logins: t.Collection[str] = ()) -> list[str]:
    """Findings without the ids that only the services assign."""
    texts = [ID.sub("ID", json.dumps({**item, "evidence": ""}, sort_keys=True)) for item in found]
    for login in logins:
        texts = [re.sub(rf"\b{login}\b", UNKNOWN_ID, text) for text in texts]
    return sorted(texts)


def logins(account: Account) -> set[str]:
    return {str(row["name"]) for row in account.world.didlogic["sip_accounts"]}


def case(number: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Play one case, all of which follows from its number. :return: what happened."""
    random_ = random.Random(number)
    account = random_.choice(STARTS)()
    for _edit in range(random_.choice((0, 0, 1, 2))):
        approval.EDITS[random_.choice(list(approval.EDITS))](account, random_)
    options, before = environment(random_), logins(account)
    try:
        run = planned(account, options, monkeypatch)
        snapshot = predicted(run)
        expected = comparable(findings(snapshot))
        account.run(at_once=True, **options)
    except ModuleFailureError:
        return "rejected"
    if not run.spec.digits:
        return "without numbers"  # the audit would read all numbers of the account
    found = comparable(audited(account, run.spec.digits), logins(account) - before)
    assert expected == found, (number, options)
    return "changed" if run.changed else "unchanged"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_findings_of_prediction_are_those_of_audit_after_run(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = collections.Counter(case(batch * CASES + index, monkeypatch) for index in range(CASES))
    assert counts["changed"] >= CASES * 2 / 3, counts


def test_prediction_of_unchanged_environment_is_its_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    account = approval.deployed()
    run = planned(account, DECLARED, monkeypatch)
    assert not run.changed
    assert run.after
    same = [name for name in Snapshot.__dataclass_fields__ if name not in ("own_trunks", "key")]
    found = predicted(run)
    assert {name: getattr(found, name) for name in same} == {name: getattr(run.after, name) for name in same}

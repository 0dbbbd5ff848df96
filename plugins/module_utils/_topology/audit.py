# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: runs the checks on a snapshot of both accounts and returns their findings.

Messages contain only labels of SIP URIs that are trunk ids, because any other label may be a private key.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError,
    OptionError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import MAX_LISTED
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164_or_short,
    counted,
    digits,
    nearest,
    printable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks import (
    account,
    forward,
    phone_number,
    transfer,
    trunk,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    REGISTERED,
    SEVERITIES,
    Hit,
    check,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    display_name,
    login_of,
    read,
    to_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

#: What is read.
SERVICES = (VAPI, CARRIER.provider)

DOCS = (
    "https://github.com/voiceops/vapi_didlogic/blob/1.1.0/docs/docsite/rst/when_a_call_fails.rst"
    "#ansible-collections-voiceops-vapi-didlogic-docsite-audit-"
)

#: The files whose import registers the checks.
SUBJECTS = (forward, phone_number, trunk, transfer, account)

#: The order of the checks in the documentation and in messages.
ORDER = (
    "private-key-in-uri",
    "unknown-trunk",
    "unknown-label",
    "wrong-region",
    "no-label",
    "dead-fail-over",
    "no-failover",
    "sip-account-gone",
    "not-first",
    "switched-off",
    "no-destination",
    "unknown-kind",
    "no-forward",
    "not-forwarded",
    "not-imported",
    "not-bought",
    "nowhere",
    "spelling",
    "other-number",
    "other-trunk",
    "no-trunk",
    "blocked",
    "activating",
    "nobody-answers",
    "assistant-gone",
    "member-gone",
    "tool-gone",
    "reference-gone",
    "retired-workflow",
    "own-call-control",
    "transfer-refused",
    "transfer-elsewhere",
    "other-carrier",
    "doubled-phone-number",
    "unused-trunk",
    "doubled-trunk",
    "doubled-registration",
    "no-inbound-gateway",
    "host-name-inbound",
    "no-outbound-gateway",
    "no-login",
    "unknown-login",
    "addresses-missing",
    "foreign-caller-id",
    "balance-low",
    "balance-empty",
    "stale-parameter",
    "unused-tool",
    "too-many-objects",
)

#: All checks. One that is missing in ``ORDER`` is an error.
RULES = tuple(sorted(REGISTERED, key=lambda rule: ORDER.index(rule.id)))


def findings(snapshot: Snapshot, ignored: t.Collection[str] = ()) -> list[Finding]:
    """Run all checks.

    :param snapshot: both accounts. :param ignored: ids of checks that are not run.
    :return: the findings, most severe first.
    """
    found = []
    for rule in [rule for rule in RULES if rule.id not in ignored]:
        if not rule.per_number:
            found += [_finding(rule, words, _concerned(snapshot, words)) for words in rule.find(snapshot)]
            continue
        for path in snapshot.call_paths:
            subject = {"subject": f"number {path.number}"}
            found += [_finding(rule, {**subject, **words}, [path.number]) for words in rule.find(path)]
    return sorted(found, key=lambda item: (SEVERITIES.index(item["severity"]), item["subject"], item["rule"]))


def _finding(rule: check, words: Hit, concerned: list[str]) -> Finding:
    return {
        "rule": rule.id,
        "severity": words.get("severity", rule.severity),
        "evidence": rule.evidence,
        "step": rule.step,
        # The values contain names and error messages of the services.
        "subject": printable(words["subject"]),
        "numbers": concerned,
        "message": printable(rule.message.format_map(words)),
        "fix": printable(rule.fix.format_map(words)),
        "docs": f"{DOCS}{rule.id}",
    }


def _concerned(snapshot: Snapshot, words: Hit) -> list[str]:
    """The numbers whose call path contains the object of a finding; by its id if it has one, as names may repeat."""

    def takes(path: CallPath) -> bool:
        if "id" in words:
            rows = [path.trunk, *(row for _kind, row in path.reached)]
            return words["id"] in [str(row["id"]) for row in rows if row]
        return words["subject"] in (f"trunk {display_name(path.trunk)}", f"SIP account {login_of(path.trunk)}")

    return [call_path.number for call_path in snapshot.call_paths if takes(call_path)]


def numbers(snapshot: Snapshot, found: list[Finding]) -> list[Result]:
    """Each number's call path with the ids of its findings and their highest severity.

    :param snapshot: both accounts. :param found: the findings. :return: one item per number.
    """
    by_number: dict[str, list[Finding]] = collections.defaultdict(list)
    for finding in found:
        for number in finding["numbers"]:
            by_number[number].append(finding)
    items = []
    for path in snapshot.call_paths:
        own = by_number[path.number]
        worst = min((item["severity"] for item in own), key=SEVERITIES.index, default="ok")
        broken: dict[str, list[str]] = {}
        for item in own:
            broken.setdefault(item["step"], []).append(item["rule"])
        items.append({**to_result(path), "status": worst, "broken": broken})
    return items


def check_rule_ids(option: str, ids: t.Iterable[str]) -> None:
    """Check that there is a rule with each id.

    :param option: the option with the ids. :param ids: the ids. :raises OptionError: if there is none with one of them.
    """
    known = [rule.id for rule in RULES]
    for index, name in enumerate(ids):
        if name not in known:
            meant = nearest(name, known)
            hint = f"did you mean {meant}?" if meant else f"use one of {', '.join(known)}."
            raise OptionError(f"{option}[{index}]", f"is not a check; {hint}", name)


class AuditOptions(Model):
    """Options of the audit."""

    numbers: t.Annotated[list[str] | None, Option(item=check_e164_or_short)] = None
    ignore: list[str] | None = None
    fail_on: t.Literal["never", "error", "warning"] = "never"


def audit(engines: t.Mapping[str, Engine], options: AuditOptions, carrier: Carrier = CARRIER) -> Result:
    """Audit both accounts.

    :param engines: by the services' names. :param options: the options of the audit. :param carrier: the carrier.
    :return: the result of the module.
    :raises OptionError: if ``ignore`` contains an unknown id.
    :raises ModuleFailureError: if there is a finding of at least the severity ``fail_on``.
    """
    check_rule_ids("ignore", options.ignore or ())
    connection = engines["vapi"].client.connection
    snapshot = read(
        engines["vapi"],
        engines[carrier.provider.name],
        carrier,
        region=connection.region,
        key=connection.api_key,
        declared_numbers=tuple(digits(number) for number in options.numbers or ()),
    )
    found = findings(snapshot, options.ignore or ())
    counts = {severity: sum(item["severity"] == severity for item in found) for severity in SEVERITIES}
    result = {"changed": False, "numbers": numbers(snapshot, found), "findings": found, "summary": counts}
    labels = {str(row["id"]) for row in snapshot.trunks}
    bad = {"never": (), "error": SEVERITIES[:1], "warning": SEVERITIES[:2]}[options.fail_on]
    worst = [item for item in found if item["severity"] in bad]
    if worst:
        sentences = [f"{item['subject']}: {item['message']} {item['fix']}" for item in worst]
        head = f"The audit found {counted(len(worst), 'problem')}."
        raise ModuleFailureError(format_errors(head, sentences, MAX_LISTED), result, labels)
    return {**result, "labels": labels}

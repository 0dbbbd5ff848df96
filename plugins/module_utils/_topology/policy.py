# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of a run: rules of the audit as conditions for the state that the run would leave. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import ApplyRun
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES, findings
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import check
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.predict import predicted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec


def violations(run: ApplyRun) -> list[str]:
    """Compare the state after a run with its policy.

    :param run: the run, planned in check mode. :return: a sentence for each finding of a rule of the policy that
        concerns the environment.
    """
    policy = [rule for rule in RULES if rule.id in run.spec.policy]
    if not policy:
        return []
    # The snapshot of an unchanged run has been audited, so that its call paths are known.
    snapshot = run.after if run.after and not run.changed else predicted(run)
    found = _findings(snapshot, policy)
    across = [rule for rule in policy if not rule.per_number]
    if across:
        # Rules about objects that no number uses are only applied to a snapshot without a selection of numbers.
        all_numbers = snapshot.without_selection()
        found += [item for item in _findings(all_numbers, across) if not item["numbers"]]
    sentences = [
        f"{item['rule']}: {item['subject']}: {item['message']} {item['fix']}"
        for item in found
        if concerns_environment(run.spec, item)
    ]
    return list(dict.fromkeys(sentences))


def _findings(snapshot: Snapshot, rules: t.Collection[check]) -> list[Finding]:
    return findings(snapshot, {rule.id for rule in RULES if rule not in rules})


def concerns_environment(spec: EnvironmentSpec, finding: Finding) -> bool:
    """Whether a finding is about declared objects, or about the account.

    :param spec: the environment. :param finding: the finding. :return: the result.
    """
    if finding["numbers"]:
        return spec.concerned(finding) and not spec.digits_set.isdisjoint(finding["numbers"])
    return finding["step"] == "account" or finding["subject"] in spec.subjects

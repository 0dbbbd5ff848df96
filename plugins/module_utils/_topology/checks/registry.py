# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the audit: the decorator :class:`check` states the texts of a check next to its function."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import CallPath, Snapshot

SEVERITIES = ("error", "warning", "info")

#: The evidence for a check: a service's documentation or published API description, a report of the behaviour of a live
#: account, or a conclusion. A check with a conclusion is never an error.
EVIDENCE = ("documented", "seen live", "inferred")

Hit = dict[str, str]
Function = t.TypeVar("Function", t.Callable[[CallPath], t.Iterable[Hit]], t.Callable[[Snapshot], t.Iterable[Hit]])

#: The checks, in the order in which their files were imported.
REGISTERED: list[check] = []


@dataclasses.dataclass
class check:  # noqa: N801 - a decorator
    """Decorator of the function of a check. The function returns the values of each finding.

    The annotation of the parameter decides, as in ``functools.singledispatch``: a function of a ``CallPath`` runs for
    each number, a function of a ``Snapshot`` once for both accounts; the latter also returns the ``subject``.

    :param id: the id in results, in the option ``ignore`` and in the documentation.
    :param severity: the highest severity. A finding may lower it with the key ``severity``, to one of ``lower``.
    :param step: the step of the call path: number, forward, trunk, phone_number, assistant, tool, account.
    :param evidence: one of ``EVIDENCE``, for the stated consequence. :param source: the source of the evidence.
    :param message: and ``fix`` are templates for the values of a finding.
    """

    id: str
    _keywords: dataclasses.KW_ONLY
    severity: str
    lower: tuple[str, ...] = ()
    step: str
    evidence: str
    source: str
    message: str
    fix: str
    find: t.Callable[[t.Any], t.Iterable[Hit]] = dataclasses.field(init=False)
    #: Whether ``find`` is a function of a ``CallPath``.
    per_number: bool = dataclasses.field(init=False)

    def __call__(self, function: Function) -> Function:
        self.find = function
        self.per_number = CallPath in t.get_type_hints(function).values()
        REGISTERED.append(self)
        return function


def severity_by_route(path: CallPath) -> Hit:
    """The value ``severity`` of a finding that depends on calls reaching Vapi; empty if that is certain.

    :param path: the call path. :return: the value.
    """
    return {"severity": "warning"} if path.by_registration else {}


def hits_if(condition: object, **words: object) -> list[Hit]:
    """Return one finding if a condition is true.

    :param condition: any value. :param words: the values of the finding. :return: the finding, or an empty list.
    """
    return [{name: str(value) for name, value in words.items()}] if condition else []

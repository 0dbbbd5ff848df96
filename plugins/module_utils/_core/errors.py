# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the core: wrong options, failed requests, failed modules."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    MAX_DISPLAYED,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    printable,
    printable_lines,
)

Item = t.TypeVar("Item")
Found = t.TypeVar("Found")
Given = t.ParamSpec("Given")

UNSET = object()


class OptionError(Exception):
    """An invalid option.

    :param path: the option's path. :param rule: what is required and how to correct it, in one sentence without values.
    :param value: the invalid value if it may be shown: neither a secret nor personal data of a third person.
    :param other: the path of a second option, which replaces ``{other}`` in the rule.
    """

    def __init__(self, path: str, rule: str, value: object = UNSET, other: str = "") -> None:
        self.path, self.rule, self.value, self.other = path, rule, value, other
        super().__init__(self.sentence())

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        """The message. :param names: an option's path -> the name under which the user gave it. :return: the text."""
        rule = self.rule.replace("{other}", names(self.other)) if self.other else self.rule
        if not self.path:
            return printable_lines(rule)
        return printable(f"Option {names(self.path)}{_quoted(self.value)}: ") + printable_lines(rule)

    @property
    def each(self) -> tuple[OptionError, ...]:
        """All problems that this one contains: itself, or those of :class:`Problems`."""
        return (self,)

    def under(self, prefix: str) -> OptionError:
        """The same problem with a path that starts at the containing record.

        :param prefix: the path of the nested record. :return: the problem.
        """
        if not prefix:
            return self
        return OptionError(
            _joined(prefix, self.path), self.rule, self.value, self.other and _joined(prefix, self.other)
        )


def _joined(prefix: str, path: str) -> str:
    """The path of a nested option.

    :param prefix: the path of the containing option. :param path: the path inside it. :return: the whole path.
    """
    parts = path.split(" / ")
    return " / ".join(f"{prefix}{'' if not part or part.startswith('[') else '.'}{part}" for part in parts)


class Problems(OptionError):
    """Several problems, reported together; ``path`` and ``rule`` are those of the first."""

    def __init__(self, found: t.Sequence[OptionError]) -> None:
        self._found = tuple(found)
        super().__init__(found[0].path, found[0].rule, found[0].value)

    @property
    def each(self) -> tuple[OptionError, ...]:
        return self._found

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        """The message: the number of invalid options and one line for each.

        :param names: an option's path -> the name under which the user gave it. :return: the text.
        """
        return "\n- ".join(
            [f"{len(self._found)} options are invalid.", *(each.sentence(names) for each in self._found)]
        )

    def under(self, prefix: str) -> OptionError:
        """The same problems with paths that start at the containing record.

        :param prefix: the path of the nested record. :return: the problems.
        """
        return Problems([each.under(prefix) for each in self._found])


class Faults:
    """Collects problems, so that all of them are reported at once."""

    def __init__(self, found: t.Iterable[OptionError] = ()) -> None:
        self.found: list[OptionError] = []
        #: Paths whose values could not be used at all: further problems with them are consequences and are dropped.
        self.unusable: list[str] = []
        for problem in found:
            self.add(problem)

    def add(self, problem: OptionError, *, unusable: bool = False) -> None:
        """Add a problem, or all that it contains. Each path is reported once.

        :param problem: the problem. :param unusable: whether further problems above or below its path are consequences.
        """
        for one in problem.each:
            result = any(_same_place(one.path, other.path) for other in self.found if one.path and other.path)
            follows = any(_related(place, one.path) for place in self.unusable)
            if not result and not follows:
                self.found.append(one)
        if unusable:
            self.unusable += [one.path for one in problem.each]

    def of(
        self, path: str, work: t.Callable[Given, Found], *arguments: Given.args, **more: Given.kwargs
    ) -> Found | None:
        """Call a function and collect its problem.

        :param path: the path of the option that the function checks. :param work: the function.
        :param arguments: and ``more`` are its arguments.
        :return: its result; ``None`` if it raised :class:`OptionError`.
        """
        try:
            return work(*arguments, **more)
        except OptionError as problem:
            self.add(problem.under(path))
            return None

    def each(
        self, path: str, items: t.Iterable[Item] | None, work: t.Callable[[Item], Found]
    ) -> tuple[Found | None, ...]:
        """Call :meth:`of` for each item of a list option.

        :param path: the option's path. :param items: its value. :param work: the function. :return: the results.
        """
        return tuple([self.of(f"{path}[{index}]", work, item) for index, item in enumerate(items or ())])

    def reject_duplicates(self, path: str, marks: t.Iterable[t.Hashable], rule: str) -> None:
        """Add a problem for each duplicate item of a list.

        :param path: the option's path. :param marks: the identity of each item; an empty one has no duplicates.
        :param rule: the rule; ``{other}`` is replaced by the path of the earlier item.
        """
        first: dict[t.Hashable, int] = {}
        for index, mark in enumerate(marks):
            if mark and first.setdefault(mark, index) != index:
                self.add(OptionError(f"{path}[{index}]", rule, mark, f"{path}[{first[mark]}]"))

    def under(self, prefix: str) -> Faults:
        """The same problems with paths that start at the containing record.

        :param prefix: the path of the nested record. :return: the problems.
        """
        return Faults(problem.under(prefix) for problem in self.found)

    def end(self) -> None:
        """Raise the collected problems, if any.

        :raises OptionError: the only problem, or :class:`Problems`.
        """
        if self.found:
            raise self.found[0] if len(self.found) == 1 else Problems(self.found)


@dataclasses.dataclass(frozen=True)
class OptionNames:
    """Converts options, errors and return values to what the user sees.

    :param name_of: an option's path -> the name under which the user gave it.
    :param sentence: an error -> its message.
    :param redact: return values -> the same without secrets. The second argument are labels of hosts that are public
        ids.
    """

    name_of: t.Callable[[str], str] = str
    sentence: t.Callable[[Exception], str] = str
    redact: t.Callable[[Result, t.Collection[str]], Result] = lambda value, _labels: value


def _alternatives(path: str) -> list[str]:
    return re.split(r" / | or ", path)


def _same_place(one: str, other: str) -> bool:
    return bool({*_alternatives(one)} & {*_alternatives(other)})


def _related(one: str, other: str) -> bool:
    """Whether two paths are equal or one contains the other."""
    return any(
        a == b or (b.startswith(a) and b[len(a)] in ".[") or (a.startswith(b) and a[len(b)] in ".[")
        for a in _alternatives(one)
        for b in _alternatives(other)
        if a and b
    )


def _quoted(value: object) -> str:
    """An invalid value for a message: one line of limited length; empty for lists and dicts."""
    if value is UNSET or value is None or isinstance(value, (dict, list, tuple, set)):
        return ""
    if not isinstance(value, str):
        return f" ({str(value).lower() if isinstance(value, bool) else value})"
    text = value if len(value) <= MAX_DISPLAYED else value[:MAX_DISPLAYED] + "…"
    # Escaped if it contains terminal control characters.
    return f" ({json.dumps(text, ensure_ascii=not text.isprintable())})"


class ApiError(Exception):
    """A request failed; the message is written for the user."""

    status: int | None = None


class RejectedError(ApiError):
    """The service rejected the request; nothing was changed."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(ApiError):
    """No valid response was received, and nothing was changed."""


class NotApprovedError(ApiError):
    """A write was not sent, because the approved plan does not contain it."""


class ResponseTooLargeError(UnreachableError):
    """A response larger than :data:`MAX_RESPONSE_BYTES`; a query for less data may succeed."""


class ListTooLongError(UnreachableError):
    """The lists of a task exceed a limit of :mod:`read_budget`; a query for less data may succeed."""


class OutcomeUnknownError(ApiError):
    """A write was sent and no valid response was received: it may or may not have been processed."""


class RateLimitedError(OutcomeUnknownError):
    """The service rate-limited a create request; the delay has passed, and the request may be sent again."""


class RunInterruptedError(Exception):
    """The process received a signal to end; raised before a request, never during one."""


class AmbiguousError(OptionError):
    """Several objects match the identifying options, temporarily or permanently."""


def format_errors(head: str, sentences: t.Sequence[object], most: int | None = None) -> str:
    """A failure message with one line per error.

    :param head: the first line. :param sentences: the errors. :param most: the maximum number of errors to list.
    :return: the message; its last line gives the number of errors that are not listed.
    """
    lines = "".join(f"\n- {sentence}" for sentence in sentences[:most])
    more = f"\n… and {len(sentences) - most} more" if most and len(sentences) > most else ""
    return f"{head}{lines}{more}"


class ModuleFailureError(Exception):
    """A failure with return values besides its message.

    :param message: one or more lines. :param result: the return values.
    :param labels: labels of hosts that are public ids and are not redacted in URIs.
    """

    def __init__(self, message: str, result: Result, labels: t.Collection[str] = ()) -> None:
        super().__init__(message)
        self.result, self.labels = result, frozenset(labels)

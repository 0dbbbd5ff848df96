# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a proof begins and ends: its options, its figures for people and for the documentation, and its exit code."""

from __future__ import annotations

import argparse
import collections
import json
import typing as t
from pathlib import Path


def options(doc: str | None) -> argparse.ArgumentParser:
    """A parser of what every proof understands."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def sampled_options(doc: str | None, sample: int = 1, what: str = "case") -> argparse.ArgumentParser:
    """The same for a proof with many cases: ``--sample`` and ``--workers`` too.

    :param sample: the default: play every n-th case. :param what: the name of a case.
    """
    parser = options(doc)
    parser.add_argument("--sample", type=int, default=sample, help=f"play every n-th {what} only")
    parser.add_argument("--workers", type=int, default=2)
    return parser


def noted(
    found: collections.Counter[str], broken: t.Iterable[str], case: object, detail: str = ""
) -> collections.Counter[str]:
    """The counter, with the case next to each promise that it breaks, and to each traceback.

    :param found: what was counted for the case. :param broken: the counters that must be 0.
    """
    tracebacks = [name for name in found if name.startswith("traceback ")]
    found["traceback"] += sum(found[name] for name in tracebacks)
    for name in (*broken, *tracebacks):
        if found[name]:
            found[f"{name}: {case} {detail}".strip()] += 1
    return found


def end(
    figures: t.Mapping[str, t.Any],
    counted: collections.Counter[str],
    broken: t.Iterable[str],
    seconds: float,
    file: Path | None,
) -> int:
    """Print what was counted; 1 if anything is broken.

    :param figures: what is published. :param counted: all of it: what is not published says where something broke.
    """
    for name, value in figures.items():
        print(f"{value:8d}  {name}")
    for name in sorted(set(counted) - set(figures))[:50]:
        print(f"          {name}")
    print(f"{seconds:8.0f}  seconds")
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if any(counted[name] for name in broken) else 0

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as tables of the documentation."""

from __future__ import annotations

from collections.abc import Iterable


def list_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """An RST table. :param head: the names of the columns. :param rows: the cells. :return: the table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        lines += [f"   {' ' if column else '*'} - {cell}".rstrip() for column, cell in enumerate(row)]
    return "\n".join(lines)

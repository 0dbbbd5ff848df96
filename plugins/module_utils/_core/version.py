# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the collection, the same as in ``galaxy.yml``: a module cannot read that file on another host."""

from __future__ import annotations

VERSION = "1.1.0"

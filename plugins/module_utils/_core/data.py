# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the three forms of an object's data, so that a signature states which one it is.

Their values are ``object``: code that uses one checks or converts it first, as its type is what a service or a user
made it.
"""

from __future__ import annotations

import typing as t

#: An object, or a part of it, in the form of its service: a response or the body of a request.
ApiObject = dict[str, object]

#: What a module returns: an object in the form of its options, or all return values.
Result = dict[str, object]

#: What a module was given: its options, or those of one item of a list.
Params = t.Mapping[str, object]

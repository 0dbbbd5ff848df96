# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication of both services."""

from __future__ import annotations

import hmac

from starlette.requests import Request


def bearer_matches(request: Request, key: str) -> bool:
    """Whether the request has this key as its bearer token."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), key.encode())

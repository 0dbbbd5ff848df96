# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads public documents: without a key, limited in size and time, without following redirects."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import USER_AGENT, verification
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import httpx
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.transport import bound, request_deadline

#: A published description of an API may have several MB.
MAX_BYTES: t.Final = 16 * 2**20

HEADERS: t.Final = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}


def fetch(url: str, http: HttpOptions, transport: httpx.BaseTransport | None = None) -> bytes | None:
    """Read a document.

    :param url: its address; only ``https`` is accepted. :param http: timeout and certificates.
    :param transport: an ``httpx`` transport; used by tests only.
    :return: the body of a response with status 200; ``None`` if none was received, or if it is too large.
    """
    if not url.startswith("https://"):
        return None
    deadline = time.monotonic() + http.timeout
    token = request_deadline.set(deadline)
    try:
        # Without this Auth, an old httpx reads credentials from .netrc.
        with httpx.Client(
            headers=HEADERS,
            auth=httpx.Auth(),
            timeout=http.timeout,
            verify=verification(http, url),
            transport=transport,
            follow_redirects=False,
        ) as client:
            bound(client)
            with client.stream("GET", url) as response:
                return _content(response, deadline)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ImportError, OSError, ValueError):
        return None
    finally:
        request_deadline.reset(token)


def _content(response: httpx.Response, deadline: float) -> bytes | None:
    coding = response.headers.get("content-encoding", "").strip().lower()
    if response.status_code != 200 or coding not in ("", "identity"):
        return None
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > MAX_BYTES or time.monotonic() > deadline:
            return None
    return bytes(content)

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python >= 3.11
  - httpx >= 0.27
  - pydantic >= 2.7
notes:
  - Requests are sent from the host of the task, which can be V(localhost) or any host that can reach the API.
  - Proxies are read from the environment variables (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)).
options:
  timeout:
    description: Timeout of one request in seconds, V(1) to V(600).
    type: int
    default: 30
  retry_timeout:
    description:
      - How long to retry a request, in seconds, V(0) to V(3600), after connection errors, timeouts, status 429 and
        server errors.
      - Read requests are retried. A write request is sent again only if the service certainly did not process it.
      - With V(0) no request is retried.
    type: int
    default: 60
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the service.
      - With V(false) traffic can be intercepted and the key exposed, so the module issues a warning.
    type: bool
    default: true
  ca_path:
    description: Path of a file with the CA certificates to trust, in PEM format, on the host that runs the module.
      Needed behind a proxy that intercepts TLS.
    type: str
"""

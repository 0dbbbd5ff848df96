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
  - Requests are sent from where this runs. A module may run on V(localhost), or on any host that reaches the API.
  - Proxies are taken from the environment (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)).
options:
  timeout:
    description: How long one request may take, in seconds, V(1) to V(600).
    type: int
    default: 30
  retry_timeout:
    description:
      - How long a request is repeated, in seconds, V(0) to V(3600), after connection errors, time-outs, status 429
        and server errors.
      - Reads are repeated. A write is sent again only when it is certain that the service did not carry it out.
      - With V(0) nothing is repeated.
    type: int
    default: 60
  validate_certs:
    description:
      - Whether the certificate of the service is checked.
      - With V(false) anybody on the way can read the key, and a warning says so.
    type: bool
    default: true
  ca_path:
    description: File with the CA certificates to trust, in PEM form, on the host that runs the module. Needed behind
      a proxy that opens TLS.
    type: str
"""

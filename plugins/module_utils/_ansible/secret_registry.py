# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's registry of secrets: since ansible-core 2.22 it masks registered texts in the output of the whole run.

The collection redacts its own output on every version. A registered secret is also masked in the output of other
tasks, for example of one that prints a response of the service.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import SHORTEST_SECRET

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core before 2.22

    def register_secrets(values: t.Iterable[str], /) -> None:
        """Register nothing: these versions mask the values of ``no_log`` options in the result of their task only."""


def register_given(secrets: t.Iterable[str]) -> None:
    """Register secrets that the user gave where Ansible does not recognise them.

    :param secrets: the secrets.
    """
    register_secrets(secret for secret in secrets if secret.strip())


def register_learnt(texts: t.Iterable[str]) -> None:
    """Register secrets that a service returned.

    Ansible masks a registered text wherever it appears. A word or a number at the place of a secret, such as
    ``production`` in a header, would also be masked in names and paths, so only texts with letters and digits are
    registered.

    :param texts: the secrets.
    """
    register_secrets(text for text in texts if len(text) >= SHORTEST_SECRET and _is_distinctive(text))


def _is_distinctive(text: str) -> bool:
    """Whether a text has both letters and digits."""
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))

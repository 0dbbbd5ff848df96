# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read variables like Ansible does with ``-e @file``, and compare them with the values that were to be written."""

from __future__ import annotations

import inspect
import re
import typing as t

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

try:
    # Since ansible-core 2.19 a text is a template only if its origin is trusted.
    from ansible.template import is_trusted_as_template
except ImportError:

    def is_trusted_as_template(value: object) -> bool:
        """Before ansible-core 2.19 every text that is not marked as unsafe is a template."""
        from ansible.utils.unsafe_proxy import AnsibleUnsafe

        return not isinstance(value, AnsibleUnsafe)


#: Texts that Ansible would treat as templates; the last one is the header that changes a template's delimiters.
TEMPLATE = re.compile(r"\{\{|\{%|\{#|\A#jinja2:")


def _trusted(load: t.Callable[..., t.Any]) -> dict[str, t.Any]:
    """Extra variables of the command line are trusted as templates."""
    return {"trusted_as_template": True} if "trusted_as_template" in inspect.signature(load).parameters else {}


def from_text(text: str) -> t.Any:
    """The variables in a text; raises ``ValueError`` if Ansible cannot read it."""
    loader = DataLoader()
    try:
        return loader.load(text, **_trusted(loader.load))
    except (AnsibleError, ValueError, RecursionError):
        raise ValueError("Ansible cannot read it") from None


def from_file(path: str) -> t.Any:
    """The variables in a file, as with ``-e @path``; raises ``ValueError`` if Ansible cannot read it."""
    loader = DataLoader()
    try:
        return loader.load_from_file(path, **_trusted(loader.load_from_file))
    except (AnsibleError, ValueError, RecursionError):
        raise ValueError("Ansible cannot read it") from None


def difference(expected: object, found: object, path: str = "") -> str | None:
    """The path of the first value that differs, or that Ansible would treat as a template.

    :param expected: the value to write. :param found: the value that was read. :returns: ``None`` if there is none.
    """
    if isinstance(expected, dict):
        if not isinstance(found, dict) or list(expected) != list(found):
            return path or "the variables"
        pairs = [(f"{path}.{key}" if path else str(key), value, found[key]) for key, value in expected.items()]
    elif isinstance(expected, (list, tuple)):
        if not isinstance(found, (list, tuple)) or len(expected) != len(found):
            return path or "the variables"
        pairs = [(f"{path}[{at}]", value, found[at]) for at, value in enumerate(expected)]
    else:
        return None if _is_same_scalar(expected, found) else path
    return next((place for where, one, other in pairs if (place := difference(one, other, where))), None)


def _is_same_scalar(expected: t.Any, found: t.Any) -> bool:
    """Whether a value that was read equals the one that was written, and Ansible treats it as text too."""
    if isinstance(expected, str):
        template = TEMPLATE.search(expected) and is_trusted_as_template(found)
        return isinstance(found, str) and expected == found and not template
    return isinstance(found, bool) == isinstance(expected, bool) and not isinstance(found, str) and expected == found

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of keys as people and services spell them, generated; and names that sound like a secret's and are none."""

from __future__ import annotations

import itertools
import typing as t

Words = tuple[str, ...]

#: A name in words -> the name in one spelling.
SPELLINGS: dict[str, t.Callable[[Words], str]] = {
    "camel": lambda words: words[0] + "".join(word.title() for word in words[1:]),
    "pascal": lambda words: "".join(word.title() for word in words),
    "snake": "_".join,
    "upper": lambda words: "_".join(words).upper(),
    "kebab": "-".join,
    "header": lambda words: "-".join(word.title() for word in words),
    "dotted": ".".join,
}
#: What makes a name a secret's, and what may be before and after it.
CORES: tuple[Words, ...] = (
    ("secret",), ("token",), ("password",), ("passphrase",), ("authorization",), ("cookie",), ("bearer",), ("jwt",),
    ("api", "key"), ("access", "key"), ("private", "key"), ("signing", "key"), ("subscription", "key"),
    ("client", "secret"), ("access", "token"), ("refresh", "token"), ("auth", "token"), ("api", "secret"),
    ("connection", "string"), ("access", "code"), ("auth", "value"),
)  # fmt: skip
BEFORE: tuple[Words, ...] = ((), ("my",), ("twilio",), ("x",), ("server", "url"), ("sip",), ("webhook",), ("proxy",))
AFTER: tuple[Words, ...] = ((), ("value",), ("2",), ("old",))
HARMLESS: tuple[Words, ...] = (
    ("max", "tokens"), ("prompt", "tokens"), ("tokens", "per", "second"), ("budget", "tokens"), ("token", "count"),
    ("keyterms",), ("keyterm",), ("keywords",), ("keyterms", "prompt"), ("keypad", "input", "plan"), ("hot", "key"),
    ("prompt", "cache", "key"), ("public", "key"), ("credential", "id"), ("credential", "ids"), ("token", "url"),
    ("token", "type"), ("secret", "name"), ("password", "policy"), ("outbound", "authentication", "plan"),
    ("sip", "diversion", "header"), ("first", "message"), ("is", "server", "url", "secret", "set"), ("provider",),
)  # fmt: skip


def secret_names() -> t.Iterator[str]:
    """Names of secrets in every spelling, those without any mark between words included."""
    for before, core, after in itertools.product(BEFORE, CORES, AFTER):
        words = (*before, *core, *after)
        yield from dict.fromkeys(spell(words) for spell in SPELLINGS.values())
    yield from ("".join(core) for core in CORES)
    yield from ("".join(core).upper() for core in CORES)

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published descriptions of both APIs, compared with the paths, fields and ended reasons of this collection.

They are read without a key. A description may be any JSON, or any text: what has another type is skipped.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    Finding,
    decoded,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import KINDS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    NO,
    UNCLEAR,
    YES,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.sip import GATEWAYS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.steps_didlogic import CODES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import cause_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

#: Reads a public document without a key: URL -> the body, ``None`` without a response with status 200.
Fetch = t.Callable[[str], "bytes | None"]

VAPI_URLS: t.Final = ("https://api.vapi.ai/api-json", "https://docs.vapi.ai/openapi.json")
#: A page that links to the description.
DIDLOGIC_URL: t.Final = "https://docs.didlogic.com/docs/openapi-spec"

#: Maximum number of links that are followed, of schemas of one body, of values of a description, of named items.
MAX_LINKS, MAX_SCHEMAS, MAX_VALUES, MAX_NAMED = 2, 200, 2_000_000, 12

_LINK = re.compile(r"[\"'(\s]([^\"'()\s<>]{1,300}\.(?:json|ya?ml))[\"')\s]")
_PATH = re.compile(r"/v[12]/[A-Za-z0-9_./{}:-]{1,200}")
_GATEWAY = re.compile(r"\bsip\.[a-z]{1,12}\.didlogic\.net\b", re.IGNORECASE)
#: The values of a field with the kind of a destination, in JSON or YAML.
_TRANSPORT = re.compile(
    r"\btransport\]?\"?\s*:(?:(?!enum).){0,400}?enum\"?\s*:(\s*\[[\d,\s\"]{1,80}\]|(?:\s*-\s*\"?\d{1,2}\"?){1,20})",
    re.DOTALL,
)
#: Of a call; campaigns have reasons of their own in a field with the same name.
_REASON = re.compile(r"(?!campaign\.)[A-Za-z][A-Za-z0-9.-]{0,119}")


class _Written(t.Protocol):
    """A resource whose objects are created with ``POST``."""

    @property
    def path(self) -> str:
        pass

    @property
    def record(self) -> type[Model]:
        pass


#: What the collection creates in Vapi.
WRITTEN: t.Final = t.cast(
    "tuple[_Written, ...]", (ASSISTANT, CALL, CAMPAIGN, PHONE_NUMBER, SIP_TRUNK, SQUAD, TRANSFER_TOOL)
)
#: The fields of these are mapped by name; those of the others are converted by functions.
MAPPED: t.Final = t.cast("tuple[_Written, ...]", (CAMPAIGN, PHONE_NUMBER, SIP_TRUNK, SQUAD))


def vapi(fetch: Fetch) -> t.Iterator[Finding]:
    """Compare Vapi's descriptions.

    :param fetch: reads a document. :return: the findings.
    """
    found = [as_object(decoded(content)) for content in map(fetch, VAPI_URLS) if content]
    documents = [description for description in found if _paths(description)]
    if not documents:
        for question in ("paths", "fields", "reasons"):
            yield Finding(f"vapi-described-{question}", UNCLEAR, "no description was received")
        return
    first = documents[0]
    yield _compared("vapi-described-paths", "paths", {each.path for each in WRITTEN}, _paths(first))
    expected, described_names = _fields(first)
    yield (
        _compared("vapi-described-fields", "fields", expected, described_names)
        if expected
        else Finding("vapi-described-fields", UNCLEAR, "the description has no fields of bodies")
    )
    yield _reasons(first)
    if len(documents) > 1:
        differing = len(_paths(first) ^ _paths(documents[1]))
        yield Finding(
            "vapi-descriptions-equal", NO if differing else YES, f"{differing} paths are in one description only"
        )


def didlogic(fetch: Fetch) -> t.Iterator[Finding]:
    """Compare didlogic's description, which the page links to.

    :param fetch: reads a document. :return: the findings.
    """
    page = fetch(DIDLOGIC_URL)
    texts = [page.decode(errors="replace")] if page else []
    for link in _links(texts[0] if texts else ""):
        content = fetch(link)
        texts += [content.decode(errors="replace")] if content else []
    described_names = {_form(path) for text in texts for path in _PATH.findall(text)}
    if not described_names:
        yield Finding("didlogic-described-paths", UNCLEAR, "no description was received")
        return
    own = {kind.list for kind in KINDS if kind.service == NUMBERS and kind.list}
    expected = {_form(path) for path in (*own, CARRIER.numbers.path, CARRIER.routes_path)}
    yield _compared("didlogic-described-paths", "paths", expected, described_names)
    hosts = {host.lower() for text in texts for host in _GATEWAY.findall(text)}
    question = "didlogic-described-gateways"
    yield _compared(question, "gateways", set(GATEWAYS), hosts) if hosts else Finding(question, UNCLEAR, "none named")
    codes = {code for text in texts for found in _TRANSPORT.findall(text) for code in re.findall(r"\d+", found)}
    question, known = "didlogic-described-transports", {str(code) for code in CODES}
    yield _compared(question, "kinds", known, codes) if codes else Finding(question, UNCLEAR, "no list of kinds")


def _compared(question: str, what: str, expected: set[str], described_names: set[str]) -> Finding:
    """Yes if everything is described. Only names of this collection are part of the evidence."""
    missing = sorted(expected - described_names)
    evidence = f"{len(expected) - len(missing)} of {len(expected)} {what}"
    if missing:
        evidence += f", without {', '.join(missing[:MAX_NAMED])}"
    return Finding(question, NO if missing else YES, evidence)


def _form(path: str) -> str:
    """A path with unnamed placeholders and without suffix."""
    return re.sub(r"\{[^{}]*\}|:\w+", "{}", path).rstrip("/.:-").removesuffix(".json")


def _links(page: str) -> list[str]:
    """The linked descriptions on the page's own host."""
    found: list[str] = []
    for link in _LINK.findall(page):
        try:
            url = urllib.parse.urljoin(DIDLOGIC_URL, link)
            parts = urllib.parse.urlsplit(url)
        except ValueError:
            continue
        own = (parts.scheme, parts.netloc) == ("https", urllib.parse.urlsplit(DIDLOGIC_URL).netloc)
        if own and url not in found:
            found.append(url)
    return found[:MAX_LINKS]


def _paths(description: ApiObject) -> set[str]:
    return {path for path in as_object(description.get("paths")) if path.startswith("/")}


def _fields(description: ApiObject) -> tuple[set[str], set[str]]:
    """The fields that the collection sends, and those of the described bodies; each as ``path field``."""
    expected: set[str] = set()
    described_names: set[str] = set()
    for each in MAPPED:
        operation = as_object(as_object(as_object(description.get("paths")).get(each.path)).get("post"))
        content = as_object(as_object(operation.get("requestBody")).get("content"))
        named = _properties(description, as_object(content.get("application/json")).get("schema"))
        if named:
            described_names |= {f"{each.path} {name}" for name in named}
            expected |= {f"{each.path} {_top(field.api_name)}" for field in fields(each.record).values()}
    return expected - {f"{each.path} " for each in MAPPED}, described_names


def _top(api_name: str) -> str:
    return api_name.partition(".")[0].removesuffix("*")


def _taken(pending: list[object], most: int) -> t.Iterator[object]:
    """The values of a list that may grow meanwhile, removed from its end; not more than ``most``."""
    for _step in range(most):
        if not pending:
            return
        yield pending.pop()


def _properties(description: ApiObject, schema: object) -> set[str]:
    """The names of the properties of a schema with its alternatives."""
    schemas = as_object(as_object(description.get("components")).get("schemas"))
    found: set[str] = set()
    seen: set[str] = set()
    pending = [schema]
    for value in _taken(pending, MAX_SCHEMAS):
        current = as_object(value)
        reference = current.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            pending.append(schemas.get(reference.rpartition("/")[2]))
        found |= as_object(current.get("properties")).keys()
        for name in ("oneOf", "anyOf", "allOf"):
            pending += as_list(current.get(name))
    return found


def _reasons(description: ApiObject) -> Finding:
    """Whether this collection has a row for each published ended reason."""
    question = "vapi-described-reasons"
    published = sorted(_published_reasons(description))
    if not published:
        return Finding(question, UNCLEAR, "the description has no ended reasons")
    new = [reason for reason in published if cause_of(reason) is None]
    evidence = f"{counted(len(published), 'reason')}, {len(new)} of them new"
    if new:
        evidence += f": {', '.join(new[:MAX_NAMED])}"
    return Finding(question, NO if new else YES, evidence)


def _published_reasons(description: ApiObject) -> set[str]:
    """The ended reasons of calls: values of all fields ``endedReason``."""
    found: set[str] = set()
    pending: list[object] = [description]
    for current in _taken(pending, MAX_VALUES):
        if isinstance(current, list):
            pending += current
        elif isinstance(current, dict):
            pending += current.values()
            for value in as_list(as_object(current.get("endedReason")).get("enum")):
                if isinstance(value, str) and _REASON.fullmatch(value):
                    found.add(value)
    return found

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: didlogic_numbers
short_description: Use purchased didlogic numbers as inventory hosts
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Every number of the didlogic account becomes a host. The host name consists of the digits of the number, and all
    hosts are in the group C(didlogic_numbers).
  - The variables C(didlogic_*) contain the data of the number in didlogic, with the keys of
    RV(voiceops.vapi_didlogic.didlogic_number_info#module:numbers), such as C(didlogic_country) and
    C(didlogic_destinations).
  - The variables C(vapi_imported), C(vapi_phone_number), C(vapi_trunk), C(vapi_answered_by) and C(vapi_transfer_tools)
    contain the data of the number in Vapi, as in RV(voiceops.vapi_didlogic.routing_audit#module:numbers). They are only
    set if a Vapi key is given.
  - The name of the inventory file must end in C(didlogic_numbers.yml) or C(didlogic_numbers.yaml).
  - Both services are read concurrently, and nothing is changed. This requires one request for each page of a list and
    one for each number.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._http
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [voiceops.vapi_didlogic.didlogic_numbers]
  vapi_api_key:
    description:
      - The private API key of the Vapi organisation. Vapi rejects a public key.
      - If it is not given, the environment variable E(VAPI_API_KEY) is used, then E(VAPI_TOKEN). If no key is found,
        only didlogic is read.
      - May be a template, as may O(didlogic_api_key), O(vapi_api_url) and O(didlogic_api_url). Extra variables and
        lookups can be used in it.
    required: false
    env:
      # The last one that is set is used.
      - name: VAPI_TOKEN
      - name: VAPI_API_KEY
  vapi_region:
    env:
      - name: VAPI_REGION
  vapi_api_url:
    env:
      - name: VAPI_API_URL
  didlogic_api_key:
    description:
      - The API token of the didlogic account. It must be given here or in the environment.
      - If it is not given, the environment variable E(DIDLOGIC_API_KEY) is used.
    required: false
    env:
      - name: DIDLOGIC_API_KEY
  didlogic_api_url:
    env:
      - name: DIDLOGIC_API_URL
  ca_path:
    description: Path of a file with the CA certificates to trust, in PEM format. Needed behind a proxy that intercepts
      TLS.
  numbers:
    description:
      - Only these numbers. Quote them. A leading C(+) is ignored. The destinations of other numbers are not read.
      - By default, every number of the account becomes a host.
    type: list
    elements: str
    default: []
  run_locally:
    description:
      - Whether to set C(ansible_connection=local) and the Python interpreter of Ansible as
        C(ansible_python_interpreter) for each host, because a number is not a machine to connect to.
    type: bool
    default: true
notes:
  - The cache contains no keys. Each combination of keys, services and O(numbers) has its own cache entry.
  - The label of a destination at a Vapi host is shown as V(hidden) unless it is the id of a trunk of the organisation,
    because it may be a private key. Without a Vapi key, all labels are hidden.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.routing_audit
"""

EXAMPLES = r"""
---
# numbers.didlogic_numbers.yml, with the keys in DIDLOGIC_API_KEY and VAPI_API_KEY. Show the resulting inventory:
#   ansible-inventory -i numbers.didlogic_numbers.yml --graph --vars
plugin: voiceops.vapi_didlogic.didlogic_numbers

# Keys may also be read from another source.
# didlogic_api_key: "{{ lookup('ansible.builtin.file', '/run/secrets/didlogic') }}"

# Read from the services at most once an hour. ansible-playbook --flush-cache reads again.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/didlogic_numbers

# Groups by country and by assistant, such as country_Netherlands and answered_by_Reception.
keyed_groups:
  - key: didlogic_country
    prefix: country
  - key: vapi_answered_by.name | default('nobody')
    prefix: answered_by

# Groups by a condition. vapi_imported is only set if a Vapi key is given.
groups:
  without_destination: not didlogic_destinations
  at_vapi: vapi_imported | default(false)

# Additional variables.
compose:
  calls_go_to: (didlogic_destinations | selectattr('active') | map(attribute='leads_to') | first) | default('nobody')
"""

import contextlib
import hashlib
import json
import re
import signal
import sys
import threading
import typing as t

from ansible import template
from ansible.errors import AnsibleError, AnsibleOptionsError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.module import (
    CERTIFICATES_UNVERIFIED,
    connection_spec,
    make_client,
    unexpected_error,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.secret_registry import (
    register_given,
    register_learnt,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params, as_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import MISSING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.redact import Redactor, collect_secrets
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.inventory_rows import listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot, read_call_paths
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import LABEL_IN_TEXT

NAME = "voiceops.vapi_didlogic.didlogic_numbers"
GROUP = "didlogic_numbers"
SERVICES = (CARRIER.provider, VAPI)
#: Connection options of both services, with their prefixes.
CONNECTION = tuple(connection_spec(VAPI, "vapi_") | connection_spec(CARRIER.provider, "didlogic_"))
#: Options that may be templates. :data:`ACCOUNTS`: options that identify the account.
FILLED = ("vapi_api_key", "vapi_api_url", "didlogic_api_key", "didlogic_api_url")
ACCOUNTS = (*FILLED, "vapi_region", "numbers")
#: Since ansible-core 2.19 only text that is marked as trusted is rendered as a template.
MARKED = hasattr(template, "trust_as_template")
trust_as_template: t.Callable[[str], str] = getattr(template, "trust_as_template", str)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Numbers as hosts. Their variables contain untrusted text, which is never rendered as a template."""

    NAME = NAME

    def verify_file(self, path: str) -> bool:
        ours = path.endswith((f"{GROUP}.yml", f"{GROUP}.yaml"))
        return ours and bool(super().verify_file(path))  # type: ignore[no-untyped-call]

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        for library in MISSING:
            raise AnsibleParserError(
                f"The library {library} is missing for {sys.executable}, which runs Ansible. Install it there: "
                f"{sys.executable} -m pip install httpx pydantic"
            )
        self._read(path)
        query = ListQuery(self.display.warning)
        message = None
        try:
            params = self._params()
            rows = self._rows(path, cache, params, query)
        except (OptionError, ApiError, RunInterruptedError) as error:
            message = str(error)
        except AnsibleError:
            raise
        except Exception as error:  # noqa: BLE001 - Ansible would print its text, which may quote the response
            message = unexpected_error(error)
        # Outside the handlers, because Ansible prints the cause of an error.
        if message is not None:
            raise AnsibleParserError(query.scrubber().text(named(message)))
        self._warn_of(list(map(str, as_list(params["numbers"]))), rows)
        inventory.add_group(GROUP)
        for row in rows:
            self._add(inventory, row)

    # -- options

    def _option(self, name: str) -> t.Any:
        return self.get_option(name)  # type: ignore[no-untyped-call]

    def _read(self, path: str) -> None:
        """Read the options from the file. Ansible quotes a value of the wrong type, which could be a key."""
        wrong = None
        try:
            self._read_config_data(path)  # type: ignore[no-untyped-call]
        except AnsibleOptionsError as error:
            found = [name for name in FILLED if name in str(error)]
            if not found:
                raise
            wrong = found[0]
        if wrong:
            raise AnsibleParserError(f"Option {wrong}: must be a string.")

    def _params(self) -> dict[str, object]:
        """Return the options that determine what is read. Raises :class:`OptionError`."""
        params = {name: self._option(name) for name in CONNECTION}
        params |= {name: self._filled(name, params[name]) for name in FILLED}
        if not params["didlogic_api_key"]:
            raise OptionError(
                "didlogic_api_key",
                "is required. Set it in the inventory file, or set the environment variable DIDLOGIC_API_KEY.",
            )
        return {**params, "numbers": sorted({digits(number) for number in self._option("numbers") or ()})}

    def _filled(self, name: str, value: object) -> object:
        """Return an option with its template rendered."""
        if not isinstance(value, str) or not self.templar.is_template(value):
            return value
        self.templar.available_variables = self._vars or {}
        wrong = ""
        try:
            return str(self.templar.template(value))
        except Exception as error:  # noqa: BLE001 - lookups raise any exception, and its text may quote the value
            wrong = type(error).__name__
        raise OptionError(
            name, f"its template cannot be rendered ({wrong}). Use ansible.builtin.debug to find the error."
        )

    # -- reading and caching

    def _rows(self, path: str, cache: bool, params: Params, query: ListQuery) -> list[ApiObject]:
        query.know(params)
        if not self._option("cache"):
            return query.rows(params)
        # The key depends on the account, not only on the name of the file.
        asked = json.dumps([params[name] for name in ACCOUNTS]).encode()
        key = f"{self.get_cache_key(path)}_{hashlib.sha256(asked).hexdigest()[:8]}"
        if cache:
            with contextlib.suppress(KeyError):
                return list(self._cache[key])
        rows = self._cache[key] = query.rows(params)
        return rows

    def _warn_of(self, names: list[str], rows: list[ApiObject]) -> None:
        there = {row["didlogic_number"] for row in rows}
        missing = [number for number in names if number not in there]
        if missing:
            self.display.warning(f"Option numbers: the didlogic account does not have {', '.join(missing)}.")

    # -- hosts

    def _add(self, inventory: t.Any, row: ApiObject) -> None:
        host = str(row["didlogic_number"])
        # Ansible uses host names in paths.
        if not re.fullmatch(r"[0-9]{3,15}", host):
            self.display.warning("didlogic returned an invalid number. It was skipped.")
            return
        inventory.add_host(host, GROUP)
        for name, value in row.items():
            inventory.set_variable(host, name, plain(value))
        if self._option("run_locally"):
            inventory.set_variable(host, "ansible_connection", "local")
            inventory.set_variable(
                host, "ansible_python_interpreter", trust_as_template("{{ ansible_playbook_python }}")
            )
        construct: dict[str, t.Callable[..., object]] = {
            "compose": self._set_composite_vars,
            "groups": self._add_host_to_composed_groups,
            "keyed_groups": self._add_host_to_keyed_groups,
        }
        for option, add in construct.items():
            add(self._option(option), inventory.get_host(host).get_vars(), host, strict=self._option("strict"))


class ListQuery:
    """Reads both services and collects the secrets of their responses.

    :param warn: function that shows a warning.
    """

    def __init__(self, warn: t.Callable[[str], None]) -> None:
        self._warn = warn
        self._keys: set[str] = set()
        self._seen_secrets: set[str] = set()
        self._labels: set[str] = set()

    def know(self, params: Params) -> None:
        """Store the keys as given and as used, because a key from a file often ends in a line break."""
        given = [str(params[f"{service.name}_api_key"] or "") for service in SERVICES]
        self._keys = {form for key in given if key for form in (key, key.strip())}
        # "secret: true" in the documentation has the same effect, except for the result of a template; ansible-test
        # before 2.22 rejects it.
        register_given(self._keys)

    def scrubber(self) -> Redactor:
        return Redactor(self._keys, self._seen_secrets, self._labels, label_pattern=LABEL_IN_TEXT)

    def rows(self, params: Params) -> list[ApiObject]:
        """Return the variables of each number, without secrets."""
        if not params["validate_certs"]:
            self._warn(CERTIFICATES_UNVERIFIED)
        engines: dict[str, Engine] = {}
        try:
            for service in [service for service in SERVICES if params[f"{service.name}_api_key"]]:
                client = make_client(service, params, f"{service.name}_", read_only=True)
                client.get = collect_secrets(  # type: ignore[method-assign]
                    client.get, self._seen_secrets, LABEL_IN_TEXT, register_learnt
                )
                engines[service.name] = Engine(client, check_mode=True)
            with _ended_by_hand([engine.client.interrupt_event for engine in engines.values()]):
                snapshot = self._snapshot(engines, params)
        finally:
            for engine in engines.values():
                engine.client.close()
        self._labels = {str(row["id"]) for row in snapshot.trunks}
        scrubber = self.scrubber()
        return [scrubber.value(row) for row in listed(snapshot, both="vapi" in engines)]

    @staticmethod
    def _snapshot(engines: dict[str, Engine], params: Params) -> Snapshot:
        vapi, carrier = engines.get("vapi"), engines[CARRIER.provider.name]
        key = vapi.client.connection.api_key if vapi else ""
        numbers = tuple(map(str, as_list(params["numbers"])))
        return read_call_paths(vapi, carrier, CARRIER, region=params["vapi_region"], key=key, declared_numbers=numbers)


def plain(value: object) -> object:
    """Return a value that Ansible does not render and that is safe for a terminal.

    ``ansible-inventory --graph --vars`` prints the values of variables without escaping.
    """
    value = _printable(value)
    if MARKED:
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)


def _printable(value: object) -> object:
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def named(message: str) -> str:
    """Return an error message with the option names of this plugin."""
    for service in SERVICES:
        if message.startswith(f"{service.title} "):
            return re.sub(r"\b(api_key|api_url|region)\b", rf"{service.name}_\1", message)
    return message


@contextlib.contextmanager
def _ended_by_hand(stops: list[threading.Event]) -> t.Iterator[None]:
    """Cancel the requests on Ctrl-C as well, because they run in their own threads."""

    def end(_number: int, _frame: object) -> None:
        for stop in stops:
            stop.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

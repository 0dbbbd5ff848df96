# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry points of the modules: read and check options, run the engine, return the redacted result.

The only file that uses ``AnsibleModule``.
"""

from __future__ import annotations

import contextvars
import copy
import pathlib
import re
import signal
import threading
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.rejected_values import (
    displayed_secrets,
    rejected_values,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.secret_registry import register_learnt
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client, checked_url
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import (
    AUTO,
    AdaptiveLimit,
    workers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import MISSING, LibraryMissingError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    UNSET,
    ApiError,
    Faults,
    ModuleFailureError,
    OptionError,
    RunInterruptedError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    OptionSpec,
    Spec,
    argument_spec,
    fields,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import (
    FLOAT_FOR_TEXT,
    TRUTH_FOR_TEXT,
    TYPE_RULES,
    faults_of,
    one_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_budget import ReadBudget
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.redact import (
    PIECE,
    Redactor,
    collect_secrets,
    secrets_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    Provider,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import (
    redacted,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    octal,
    rendered_objects,
    unknown,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import LABEL_IN_TEXT

#: Items of a list that the log contains.
MAX_LOGGED = 10

#: Progress callback ``(objects done, objects)``; set where progress can be displayed while a module runs.
PROGRESS: contextvars.ContextVar[t.Callable[[int, int], None]] = contextvars.ContextVar(
    "PROGRESS", default=lambda _done, _all: None
)

#: Displays a line while a module runs; set like :data:`PROGRESS`.
NOTICE: contextvars.ContextVar[t.Callable[[str], None]] = contextvars.ContextVar("NOTICE", default=lambda _text: None)

IN_OTHER_OPTION = "is a part of {other}, which results contain and in which it would have to be masked; choose another."


CERTIFICATES_UNVERIFIED = "validate_certs is false: traffic can be intercepted, exposing the API key."

TEMPLATE_RESULT = (
    "contains {0}, the result of an Ansible template. If the text contains a Vapi variable, mark it with !unsafe: "
    '!unsafe "It is {{{{ now }}}}."; in JSON, put {{% raw %}} before and {{% endraw %}} after it.'
)

Parsed = t.TypeVar("Parsed")

ID: Spec = {"id": {"type": "str"}}

#: Argument that the action plugin adds to those of a module, with information that only the controller has.
CONTROLLER = "_vapi_didlogic"

NOT_SENT = "Nothing was sent. Correct this first."
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.yaml_text import yaml_text


class Controller(t.TypedDict, total=False):
    """What the action plugin adds to the arguments of a module."""

    names: dict[str, str]
    faults: list[tuple[str, str]]
    references_exist: bool
    page: str


class Module(AnsibleModule):
    """``AnsibleModule`` that redacts secrets in all output: results, warnings, errors and log lines.

    Since ansible-core 2.19 ``no_log`` covers neither warnings nor error messages.
    """

    #: Secrets found in responses, which a text may repeat.
    seen_secrets: t.AbstractSet[str] = frozenset()
    #: Events that interrupt the clients.
    interrupt_events: tuple[threading.Event, ...] = ()
    #: Trunk ids found in responses; they are not redacted in SIP URIs.
    known_labels: t.AbstractSet[str] = frozenset()

    #: The options as they were given, before Ansible converts them.
    given: Params = {}
    #: Data of the action plugin or a playbook: ``names``, see :meth:`name_of`; ``faults``, pairs of a path and a rule;
    #: ``references_exist``, see :class:`Engine`; and ``page``, an HTML page without its data.
    controller: Controller = {}

    def __init__(self, spec: Spec) -> None:
        self._initialized = False
        self.read_budget = ReadBudget()  # shared by the clients of all services
        super().__init__(argument_spec=spec, supports_check_mode=True)  # type: ignore[no-untyped-call]
        self._initialized = True

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]
        controller: Controller | None = self.params.pop(CONTROLLER, None)
        self.controller = controller or {}
        own = {name: value for name, value in self.params.items() if not name.startswith("_ansible_")}
        self.given = copy.deepcopy(own)
        _make_iterable(self.argument_spec, self.params)

    def faults(self) -> Faults:
        """Check the form of the options: names, types, choices and required options.

        :return: the errors that were found.
        """
        faults = Faults()
        for path, rule in self.controller.get("faults", ()):
            faults.add(OptionError(path, rule))
        _judge(self.argument_spec, self.given, faults, "", getattr(self, "params", {}))
        return faults

    def name_of(self, path: str) -> str:
        """The name under which the user gave an option.

        A role or playbook passes its variables to the module as options. The action plugin passes the names of the
        variables: ``names`` maps an option to its variable, and ``""`` to the prefix of all others.

        :param path: the option's path; several are separated by `` / ``. :return: the path with the user's names.
        """
        names = self.controller.get("names") or {}
        places = []
        for place in path.split(" / "):
            option = re.split(r"[.\[]", place, maxsplit=1)[0]
            places.append(names.get(option, names.get("", "") + option) + place[len(option) :])
        return " / ".join(places)

    def sentence(self, error: Exception) -> str:
        """The message of an error.

        :param error: the error. :return: its text; it names options as the user gave them.
        """
        if not isinstance(error, OptionError):
            return str(error)
        found = [self._in_names_of_user(self._read_by_yaml(each)).sentence(self.name_of) for each in error.each]
        return found[0] if len(found) == 1 else format_errors(NOT_SENT, found)

    def _in_names_of_user(self, problem: OptionError) -> OptionError:
        """The problem with the names of other options in its rule as the user gave them.

        Only words with an underscore are treated as names of options, except after another module's name
        (``vapi_sip_trunk: gateways``).
        """
        names = [name for name in getattr(self, "argument_spec", {}) if "_" in name]
        if not names or not self.controller.get("names"):
            return problem
        pattern = rf"(?<![\w.])(?<!: )({'|'.join(map(re.escape, names))})(?![\w(])"
        rule = re.sub(pattern, lambda match: self.name_of(match[1]), problem.rule)
        return OptionError(problem.path, rule, problem.value, problem.other)

    def _read_by_yaml(self, problem: OptionError) -> OptionError:
        """The problem with a hint at the original text if YAML has read a number instead."""
        value = _at(self.given, problem.path)
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(problem.value, str):
            return OptionError(problem.path, f"{problem.rule} {octal(value)}".strip(), problem.value, problem.other)
        return problem

    def redact(self, value: Result, labels: t.Collection[str] = ()) -> Result:
        """Redact the secrets in return values.

        :param value: the return values. :param labels: labels of hosts that are public ids. :return: the same without
            secrets.
        """
        return self._scrubber(labels).value(value)

    def _scrubber(self, known: t.Collection[str] = ()) -> Redactor:
        params = getattr(self, "params", {})
        # Ansible stops collecting no_log values at the first list item that is not a dict.
        secrets = {*getattr(self, "no_log_values", ()), *_secrets(self.argument_spec, params)}
        likely = _likely_secrets(self.argument_spec, params)
        labels = _trunk_ids(params) | self.known_labels | frozenset(known)
        return Redactor(secrets, likely | self.seen_secrets, labels, label_pattern=LABEL_IN_TEXT)

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {_shortened(self._invocation(checked=False))}")

    def _invocation(self, *, checked: bool) -> object:
        """The options as they were given, except unknown ones, whose values may be secrets.

        :param checked: whether the content of free-form options has been checked.
        """
        # Unchecked input may contain secrets anywhere.
        wrong = set() if checked else {re.split(r"[.\[]", each.path)[0] for each in self.faults().found}
        params = {name: value for name, value in getattr(self, "params", {}).items() if name not in wrong}
        return _display_options(self.argument_spec, params, free=checked)

    def warn(self, warning: str, *args: t.Any, **kwargs: t.Any) -> None:
        """Report a warning, redacted.

        :param warning: the text. :param args: and ``kwargs`` are passed to ``AnsibleModule``.
        """
        super().warn(self._scrubber().text(warning), *args, **kwargs)

    def deprecate(self, msg: str, *args: t.Any, **kwargs: t.Any) -> None:
        """Report a deprecation, redacted.

        :param msg: the text. :param args: and ``kwargs`` are passed to ``AnsibleModule``.
        """
        # pylint: disable-next=ansible-deprecated-no-collection-name,ansible-deprecated-no-version
        super().deprecate(self._scrubber().text(msg), *args, **kwargs)

    def log(self, msg: object, log_args: Params | None = None) -> None:
        """Write a log line, redacted.

        :param msg: the text. :param log_args: further values of the line.
        """
        scrubber = self._scrubber()
        args = {name: scrubber.text(str(value)) for name, value in (log_args or {}).items()}
        super().log(scrubber.text(str(msg)), args)  # type: ignore[no-untyped-call]

    def exit_json(self, **kwargs: object) -> t.NoReturn:
        """Return the redacted result and exit.

        :param kwargs: the result. :raises SystemExit: always.
        """
        self._forget_short_secrets()
        super().exit_json(**self._redacted(kwargs, checked=True))
        raise SystemExit  # pragma: no cover

    def fail_json(self, msg: str, **kwargs: object) -> t.NoReturn:
        """Return the redacted error and exit.

        :param msg: the message. :param kwargs: further return values. :raises SystemExit: always.
        """
        if not self._initialized and hasattr(self, "validation_result") and self.faults().found:
            # Ansible reports the first error only; all errors are reported later.
            return  # type: ignore[misc]
        kwargs.pop("exception", None)  # contains the values of local variables, which no_log does not redact
        text = self._scrubber().text(str(msg))
        self._forget_short_secrets()
        clean: dict[str, t.Any] = {**self._redacted(kwargs, checked=False)}
        super().fail_json(msg=text, **clean)
        raise SystemExit  # pragma: no cover

    def _forget_short_secrets(self) -> None:
        """Prevent Ansible from masking a short secret in all ids and numbers of a result.

        Such a secret is rejected as input; neither the invocation nor a result contains it.
        """
        self.no_log_values = {value for value in getattr(self, "no_log_values", ()) if len(str(value)) >= PIECE}

    @property
    def wants_diff(self) -> bool:
        return bool(self._diff)

    def _redacted(self, result: Result, *, checked: bool) -> Result:
        scrubber = self._scrubber()
        given = result.get("failures")
        failures = [
            {**item, "message": scrubber.text(item["message"])} for item in (given if isinstance(given, list) else ())
        ]
        outcome_result = {**result, "failures": failures} if failures else result
        outcome_result = {**outcome_result, "invocation": {"module_args": self._invocation(checked=checked)}}
        if not self.wants_diff:
            outcome_result.pop("diff", None)
        clean = scrubber.value(outcome_result)
        # As text only now: secrets are also found by their key.
        if isinstance(diff := clean.get("diff"), list):
            clean["diff"] = [_diff_text(item) for item in diff]
        return clean


def _diff_text(item: Params) -> Result:
    return {
        name: yaml_text(value) if name in ("before", "after") and isinstance(value, dict) else value
        for name, value in item.items()
    }


def _make_iterable(spec: Spec, params: dict[str, t.Any]) -> None:
    """Replace numbers and booleans in place of dictionaries with options.

    Ansible looks for options in them and fails with a TypeError; :func:`_judge` reports them.

    :param spec: an argument spec. :param params: the options, which are changed.
    """
    for name, inner in [(name, option["options"]) for name, option in spec.items() if option.get("options")]:
        value: t.Any = params.get(name)
        if isinstance(value, (bool, int, float)):
            params[name] = value = {}
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if item is None or isinstance(item, (bool, int, float)):
                value[index] = {}
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _make_iterable(inner, item)


def _judge(spec: Spec, given: Params, faults: Faults, path: str, params: Params | None = None) -> None:
    """Check the form of options at any depth and add errors to ``faults``.

    :param spec: an argument spec. :param given: the options as they were given. :param path: their path.
    :param params: the same options with defaults and environment variables applied by Ansible.
    """
    names = {alias: name for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    for name in given:
        if name not in names:
            faults.add(OptionError(f"{path}.{name}" if path else str(name), unknown(str(name), spec)))
    for name, option in spec.items():
        where = f"{path}.{name}" if path else name
        value = next((given[alias] for alias in names if names[alias] == name and given.get(alias) is not None), None)
        if value is not None:
            _judge_value(option, value, faults, where)
        elif option.get("required") and (params or {}).get(name) is None:
            places = option["fallback"][1] if "fallback" in option else []
            more = f" It can also be set in the environment, as {' or '.join(places)}." if places else ""
            faults.add(OptionError(where, f"must be given.{more}"), unusable=True)


def _judge_value(option: OptionSpec, value: object, faults: Faults, path: str, kind: str = "") -> None:
    kind = kind or option.get("type", "str")
    displayed = UNSET if option.get("no_log") or kind in ("dict", "list", "raw") else value
    if kind == "str" and isinstance(value, bool):
        faults.add(OptionError(path, TRUTH_FOR_TEXT, displayed), unusable=True)
        return
    if kind == "str" and isinstance(value, float):
        # Without the value, which may be a person's number.
        faults.add(OptionError(path, FLOAT_FOR_TEXT), unusable=True)
        return
    if kind == "str" and isinstance(value, (dict, list)):
        faults.add(OptionError(path, TYPE_RULES["str"]), unusable=True)
        return
    if kind == "str" and option.get("no_log") and not isinstance(value, str):
        rule = "must be in quotes; YAML has read it as a number, which may differ from the text in the file."
        faults.add(OptionError(path, rule), unusable=True)
        return
    try:
        value = value if kind == "raw" else DEFAULT_TYPE_VALIDATORS[kind](value)  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):
        rule = TYPE_RULES.get(kind, "has the wrong type.")
        if kind == "dict" and option.get("options"):
            rule = f"must be a dictionary with options such as {', '.join(list(option['options'])[:3])}."
        faults.add(OptionError(path, rule, displayed), unusable=True)
        return
    choices = option.get("choices")
    if choices and kind != "list" and value not in choices:
        faults.add(OptionError(path, one_of(value, choices), displayed), unusable=True)
    if kind == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            _judge_value({**option, "type": option.get("elements", "raw")}, item, faults, f"{path}[{index}]")
    elif kind == "dict" and option.get("options") and isinstance(value, dict):
        _judge(option["options"], value, faults, path)


def _at(value: object, path: str) -> object:
    """The value at the path of an option."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    return value


def _trunk_ids(params: object) -> set[str]:
    """The trunk ids in the options and their list items; they may appear in SIP URIs of Vapi."""
    if isinstance(params, list):
        return {label for item in params for label in _trunk_ids(item)}
    if not isinstance(params, dict):
        return set()
    named = [params.get("vapi_trunk_id"), *(params.get("vapi_trunk_ids") or ())]
    return {label for label in named if isinstance(label, str)} | _trunk_ids(list(params.values()))


def _secrets(spec: Spec, params: object) -> set[str]:
    """Every secret in the options, even if the input is invalid."""
    if isinstance(params, list):
        return {found for item in params for found in _secrets(spec, item)}
    if not isinstance(params, dict):
        return set()
    found = set()
    for name, option in spec.items():
        value = params.get(name)
        found |= _texts(value) if option.get("no_log") else _secrets(option.get("options") or {}, value)
    return found


def _likely_secrets(spec: Spec, params: object) -> set[str]:
    """Every text whose name or place makes it a secret, in free-form data.

    The spec decides for an option with a scalar value (``update_password`` is no password); there only secrets in URLs
    are found.
    """
    if isinstance(params, list):
        return {found for item in params for found in _likely_secrets(spec, item)}
    if not isinstance(params, dict):
        return secrets_in(params, LABEL_IN_TEXT)
    found = set()
    for name, value in params.items():
        if not isinstance(value, (str, dict, list)):
            continue  # contains no text
        option = spec.get(name, {})
        if option.get("options"):
            found |= _likely_secrets(option["options"], value)
        elif option and not isinstance(value, (dict, list)):
            found |= secrets_in(value, LABEL_IN_TEXT)
        else:
            found |= secrets_in({name: value}, LABEL_IN_TEXT)
    return found


def _shortened(value: object) -> object:
    """The options with the beginning of each list: a line of the log is short, and searching it for secrets is slow."""
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        more = len(value) - MAX_LOGGED
        return [*map(_shortened, value[:MAX_LOGGED]), *([f"{more} more"] if more > 0 else [])]
    return value


def _texts(value: object) -> set[str]:
    if isinstance(value, (list, dict)):
        return {text for item in (value.values() if isinstance(value, dict) else value) for text in _texts(item)}
    return {value} if isinstance(value, str) else set()


def _display_options(spec: Spec, params: object, *, free: bool) -> object:
    """The options for output, without unknown ones; if ``free`` is false also without free-form ones."""
    if isinstance(params, list):
        return [_display_options(spec, item, free=free) for item in params]
    if not isinstance(params, dict):
        return params
    found = {}
    for name in [name for name in params if name in spec]:
        inner, value = spec[name].get("options"), params[name]
        if spec[name].get("no_log"):
            found[name] = REDACTED if value else value
        elif inner:
            found[name] = _display_options(inner, value, free=free)
        elif free or not _nested(value):
            found[name] = redacted(value)
    return found


def _nested(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(_nested(item) for item in value))


def connection_spec(service: Provider, prefix: str = "", *, optional: bool = False) -> Spec:
    """The argument spec of a service's connection options.

    :param service: the service. :param prefix: the prefix of the options if a module uses several services.
    :param optional: whether the API key may be missing. :return: the argument spec.
    """
    spec = argument_spec(service.connection, inherit=optional)
    for name, field in fields(service.connection).items():
        if field.option.fallback:
            spec[name]["fallback"] = (env_fallback, list(field.option.fallback))
    return {prefix + name: option for name, option in spec.items()} | argument_spec(HttpOptions)


def make_client(
    service: Provider,
    params: Params,
    prefix: str = "",
    *,
    read_only: bool,
    read_cache: ReadCache | None = None,
    read_budget: ReadBudget | None = None,
    name_of: t.Callable[[str], str] = str,
    limit: AdaptiveLimit | None = None,
) -> Client:
    """An engine for a service, with the connection options of the given prefix; raises :class:`OptionError`."""
    given = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    faults, own = Faults(), Faults()

    def option(name: str) -> str:
        return name_of(prefix + name if name in fields(service.connection) else name)

    http = faults_of(HttpOptions, params, faults)
    connection = faults_of(service.connection, given, own)
    own.of("", lambda: checked_url(service.url(connection)))
    if not faults.found and not own.found:
        client = own.of(
            "",
            lambda: Client(
                service,
                connection,
                http,
                read_only=read_only,
                read_cache=read_cache,
                read_budget=read_budget,
                option=option,
                limit=limit,
            ),
        )
    for one in own.found:
        known = one.path in fields(service.connection)
        faults.add(OptionError(prefix + one.path if known else one.path, one.rule, one.value, one.other))
    faults.end()
    return t.cast("Client", client)


def make_engine(
    module: Module,
    service: Provider,
    prefix: str = "",
    read_cache: ReadCache | None = None,
) -> Engine:
    concurrency = module.params.get("concurrency") or AUTO
    client = make_client(
        service,
        module.params,
        prefix,
        read_only=module.check_mode,
        read_cache=read_cache,
        read_budget=module.read_budget,
        name_of=module.name_of,
        limit=AdaptiveLimit() if concurrency == AUTO else None,
    )
    if not module.params["validate_certs"]:
        module.warn(CERTIFICATES_UNVERIFIED)
    client = _collecting_secrets(module, client)
    engine = Engine(
        client,
        check_mode=module.check_mode,
        concurrency=workers(concurrency),
        warn=module.warn,
        progress=PROGRESS.get(),
        references_exist=bool(module.controller.get("references_exist")),
    )
    module.interrupt_events = (*module.interrupt_events, client.interrupt_event)

    def end(_number: int, _frame: object) -> None:
        for stop in module.interrupt_events:
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return engine


def _collecting_secrets(module: Module, client: Client) -> Client:
    """A client that collects the secrets in responses, so that messages can be redacted."""
    # All clients of a module share one set.
    seen_secrets = module.seen_secrets if isinstance(module.seen_secrets, set) else set()
    module.seen_secrets = seen_secrets
    client.get = collect_secrets(client.get, seen_secrets, LABEL_IN_TEXT, register_learnt)  # type: ignore[method-assign]
    return client


def unexpected_error(error: Exception) -> str:
    """The message for an unexpected error; without the error's text, which may quote sent or received data.

    :param error: the exception. :return: the message.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Internal error of the collection, not caused by your input: {type(error).__name__} in "
        f"{pathlib.PurePath(place.filename).name} line {place.lineno}. Please report it."
    )


def run_guarded(
    module: Module,
    parse: t.Callable[[], Parsed],
    work: t.Callable[[Parsed, t.Any], Result],
    service: Provider | None = None,
) -> None:
    """Check all options, do the work, and exit with ``exit_json`` or ``fail_json`` in any case.

    :param parse: checks the options without requests; its result is the first argument of ``work``.
    :param work: ``(parsed, engine)`` -> the result. :param service: the service of the engine.
    :param module: the module.
    """
    for library, error in MISSING.items():
        module.fail_json(msg=missing_required_lib(library) + " (" + error.strip().splitlines()[-1] + ")")
    result: Result = {}
    message = None
    try:
        faults = module.faults()
        for path, text in rendered_objects(module.params):
            faults.add(OptionError(path, TEMPLATE_RESULT.format(text)))
        faults.of("", _reject_markers, module)
        parsed = _parsed(parse, faults)
        engine = faults.of("", make_engine, module, service) if service else None
        faults.end()
        # Without errors it was parsed.
        result = work(t.cast("Parsed", parsed), engine)
    except ModuleFailureError as failed:
        message, result, module.known_labels = str(failed), failed.result, failed.labels
    except (OptionError, ApiError, RunInterruptedError) as error:
        message = module.sentence(error)
    except LibraryMissingError as error:
        message = f"{missing_required_lib(error.library)} ({error.reason})"
    except Exception as error:  # noqa: BLE001 - an uncaught exception would be printed with its values
        message = unexpected_error(error)
    # Outside the handlers: ansible-core would add the text of a handled exception to the result.
    if message is not None:
        module.fail_json(msg=message, **result)
    module.exit_json(**result)


def _parsed(parse: t.Callable[[], Parsed], faults: Faults) -> Parsed | None:
    try:
        return faults.of("", parse)
    except Exception:
        # Invalid options may cause any error here; they are reported anyway.
        if not faults.found:
            raise
        return None


def _reject_markers(module: Module) -> None:
    """Reject masks and placeholders instead of values."""
    faults = Faults()
    for where, rule in rejected_values(module.argument_spec, module.params, check_mode=module.check_mode):
        faults.add(OptionError(where, rule))
    for where, other in displayed_secrets(module.argument_spec, module.params):
        faults.add(OptionError(where, IN_OTHER_OPTION, other=other))
    # A key from a file often ends in a line break; the redaction needs the key as it is used.
    module.no_log_values |= {value.strip() for value in module.no_log_values}
    faults.end()

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry points of the modules: read and check options, run the engine, return the redacted result.

The only file that uses ``AnsibleModule``.
"""

from __future__ import annotations

import copy
import dataclasses
import pathlib
import re
import signal
import threading
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import MISSING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import (
    CONCURRENCY,
    Engine,
    Failed,
    Outcome,
    listed,
    summary,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._http import (
    ApiError,
    Client,
    Shelf,
    Stopped,
    checked_url,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Want, told, wanted, wanted_parts
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    MASKED,
    TRUTH_FOR_TEXT,
    TYPE_RULES,
    Faults,
    Option,
    Problem,
    Record,
    Words,
    argument_spec,
    check_secret,
    faults_of,
    fields,
    from_options,
    one_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import (
    LATER,
    Beside,
    HttpOptions,
    Resource,
    Service,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import (
    HIDDEN,
    counted,
    octal,
    rendered_objects,
    unknown,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._scrub import (
    PIECE,
    Scrubber,
    labels_in,
    noting,
    secrets_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sensitive import is_mask, redacted, secrets_of

#: Progress callback ``(objects done, objects)``; replaced where progress can be displayed while a module runs.
TELL: t.Callable[[int, int], None] = lambda _done, _all: None  # noqa: E731
#: Ansible's replacement for a whole ``no_log`` value; never a valid value.
NOT_LOGGED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
UNCHECKED = "validate_certs is false: traffic can be intercepted, exposing the API key."
TEMPLATE_RESULT = (
    "contains {0}, the result of an Ansible template. If the text contains a Vapi variable, mark it with !unsafe: "
    '!unsafe "It is {{{{ now }}}}."; in JSON, put {{% raw %}} before and {{% endraw %}} after it.'
)
Spec = dict[str, dict[str, t.Any]]
ID: Spec = {"id": {"type": "str"}}
#: Argument that the action plugin adds to those of a module, with information that only the controller has.
CONTROLLER = "_vapi_didlogic"
NOT_SENT = "Nothing was sent. Correct this first."


class Module(AnsibleModule):
    """``AnsibleModule`` that redacts secrets in all output: results, warnings, errors and log lines.

    Since ansible-core 2.19 ``no_log`` covers neither warnings nor error messages.
    """

    #: Secrets found in responses, which a text may repeat.
    noted: t.AbstractSet[str] = frozenset()
    #: Events that interrupt the clients.
    stops: tuple[threading.Event, ...] = ()
    #: Trunk ids found in responses; they are not redacted in SIP URIs.
    labels: t.AbstractSet[str] = frozenset()

    #: The options as they were given, before Ansible converts them.
    given: t.Mapping[str, t.Any] = {}
    #: Data of the action plugin or a playbook: ``names``, see :meth:`name_of`; ``faults``, pairs of a path and a rule;
    #: and ``references_exist``, see :class:`Engine`.
    controller: t.Mapping[str, t.Any] = {}

    def __init__(self, spec: Spec) -> None:
        self._ready = False
        super().__init__(argument_spec=spec, supports_check_mode=True)  # type: ignore[no-untyped-call]
        self._ready = True

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]
        self.controller = self.params.pop(CONTROLLER, None) or {}
        own = {name: value for name, value in self.params.items() if not name.startswith("_ansible_")}
        self.given = copy.deepcopy(own)

    def faults(self) -> Faults:
        """Check the form of the options: names, types, choices and required options.

        :return: the errors that were found.
        """
        faults = Faults()
        for path, rule in self.controller.get("faults", ()):
            faults.add(Problem(path, rule))
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
        if not isinstance(error, Problem):
            return str(error)
        found = [self._in_names_of_user(self._read_by_yaml(each)).sentence(self.name_of) for each in error.each]
        return found[0] if len(found) == 1 else listed(NOT_SENT, found)

    def _in_names_of_user(self, problem: Problem) -> Problem:
        """The problem with the names of other options in its rule as the user gave them.

        Only words with an underscore are treated as names of options, except after another module's name
        (``vapi_sip_trunk: gateways``).
        """
        names = [name for name in getattr(self, "argument_spec", {}) if "_" in name]
        if not names or not self.controller.get("names"):
            return problem
        pattern = rf"(?<![\w.])(?<!: )({'|'.join(map(re.escape, names))})(?![\w(])"
        rule = re.sub(pattern, lambda match: self.name_of(match[1]), problem.rule)
        return Problem(problem.path, rule, problem.value, problem.other)

    def _read_by_yaml(self, problem: Problem) -> Problem:
        """The problem with a hint at the original text if YAML has read a number instead."""
        value = _at(self.given, problem.path)
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(problem.value, str):
            return Problem(problem.path, f"{problem.rule} {octal(value)}".strip(), problem.value, problem.other)
        return problem

    def _scrubber(self) -> Scrubber:
        params = getattr(self, "params", {})
        # Ansible stops collecting no_log values at the first list item that is not a dict.
        secrets = {*getattr(self, "no_log_values", ()), *_secrets(self.argument_spec, params)}
        likely = _likely_secrets(self.argument_spec, params)
        return Scrubber(secrets, likely | self.noted, _trunk_ids(params) | self.labels)

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {self._invocation(checked=False)}")

    def _invocation(self, *, checked: bool) -> t.Any:
        """The options as they were given, except unknown ones, whose values may be secrets.

        :param checked: whether the content of free-form options has been checked.
        """
        # Unchecked input may contain secrets anywhere.
        wrong = set() if checked else {re.split(r"[.\[]", each.path)[0] for each in self.faults().found}
        params = {name: value for name, value in getattr(self, "params", {}).items() if name not in wrong}
        return _shown(self.argument_spec, params, free=checked)

    def warn(self, warning: str, *args: t.Any, **kwargs: t.Any) -> None:
        super().warn(self._scrubber().text(warning), *args, **kwargs)

    def deprecate(self, msg: str, *args: t.Any, **kwargs: t.Any) -> None:
        # pylint: disable-next=ansible-deprecated-no-collection-name,ansible-deprecated-no-version
        super().deprecate(self._scrubber().text(msg), *args, **kwargs)

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        scrubber = self._scrubber()
        args = {name: scrubber.text(str(value)) for name, value in (log_args or {}).items()}
        super().log(scrubber.text(str(msg)), args)  # type: ignore[no-untyped-call]

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        self._forget_short_secrets()
        super().exit_json(**self._presentable(kwargs, checked=True))
        raise SystemExit  # pragma: no cover

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        if not self._ready and hasattr(self, "validation_result") and self.faults().found:
            # Ansible reports the first error only; all errors are reported later.
            return  # type: ignore[misc]
        kwargs.pop("exception", None)  # contains the values of local variables, which no_log does not redact
        text = self._scrubber().text(str(msg))
        self._forget_short_secrets()
        super().fail_json(msg=text, **self._presentable(kwargs, checked=False))
        raise SystemExit  # pragma: no cover

    def _forget_short_secrets(self) -> None:
        """Prevent Ansible from masking a short secret in all ids and numbers of a result.

        Such a secret is rejected as input; neither the invocation nor a result contains it.
        """
        self.no_log_values = {value for value in getattr(self, "no_log_values", ()) if len(str(value)) >= PIECE}

    @property
    def wants_diff(self) -> bool:
        return bool(self._diff)

    def _presentable(self, result: dict[str, t.Any], *, checked: bool) -> dict[str, t.Any]:
        scrubber = self._scrubber()
        failures = [{**item, "message": scrubber.text(item["message"])} for item in result.get("failures", ())]
        told = {**result, "failures": failures} if failures else result
        told = {**told, "invocation": {"module_args": self._invocation(checked=checked)}}
        if not self.wants_diff:
            told.pop("diff", None)
        clean: dict[str, t.Any] = scrubber.value(told)
        return clean


def _judge(spec: Spec, given: t.Mapping[str, t.Any], faults: Faults, path: str, params: t.Any = None) -> None:
    """Check the form of options at any depth and add errors to ``faults``.

    :param spec: an argument spec. :param given: the options as they were given. :param path: their path.
    :param params: the same options with defaults and environment variables applied by Ansible.
    """
    names = {alias: name for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    for name in given:
        if name not in names:
            faults.add(Problem(f"{path}.{name}" if path else str(name), unknown(str(name), spec)))
    for name, option in spec.items():
        where = f"{path}.{name}" if path else name
        value = next((given[alias] for alias in names if names[alias] == name and given.get(alias) is not None), None)
        if value is not None:
            _judge_value(option, value, faults, where)
        elif option.get("required") and (params or {}).get(name) is None:
            places = option.get("fallback", (None, ()))[1]
            more = f" It can also be set in the environment, as {' or '.join(places)}." if places else ""
            faults.add(Problem(where, f"must be given.{more}"), unusable=True)


def _judge_value(option: dict[str, t.Any], value: t.Any, faults: Faults, path: str, kind: str = "") -> None:
    kind = kind or option.get("type", "str")
    shown = {} if option.get("no_log") or kind in ("dict", "list", "raw") else {"value": value}
    if kind == "str" and isinstance(value, bool):
        faults.add(Problem(path, TRUTH_FOR_TEXT, **shown), unusable=True)
        return
    if kind == "str" and isinstance(value, (dict, list)):
        faults.add(Problem(path, TYPE_RULES["str"]), unusable=True)
        return
    if kind == "str" and option.get("no_log") and not isinstance(value, str):
        rule = "must be in quotes; YAML has read it as a number, which may differ from the text in the file."
        faults.add(Problem(path, rule), unusable=True)
        return
    try:
        value = value if kind == "raw" else DEFAULT_TYPE_VALIDATORS[kind](value)  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):
        faults.add(Problem(path, TYPE_RULES.get(kind, "has the wrong type."), **shown), unusable=True)
        return
    choices = option.get("choices")
    if choices and kind != "list" and value not in choices:
        faults.add(Problem(path, one_of(value, choices), **shown), unusable=True)
    if kind == "list":
        for index, item in enumerate(value):
            _judge_value({**option, "type": option.get("elements", "raw")}, item, faults, f"{path}[{index}]")
    elif kind == "dict" and option.get("options"):
        _judge(option["options"], value, faults, path)


def _at(value: t.Any, path: str) -> t.Any:
    """The value at the path of an option."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    return value


def _trunk_ids(params: t.Any) -> set[str]:
    """The trunk ids in the options and their list items; they may appear in SIP URIs of Vapi."""
    if isinstance(params, list):
        return {label for item in params for label in _trunk_ids(item)}
    if not isinstance(params, dict):
        return set()
    named = [params.get("vapi_trunk_id"), *(params.get("vapi_trunk_ids") or ())]
    return {label for label in named if isinstance(label, str)} | _trunk_ids(list(params.values()))


def _secrets(spec: Spec, params: t.Any) -> set[str]:
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


def _likely_secrets(spec: Spec, params: t.Any) -> set[str]:
    """Every text whose name or place makes it a secret, in free-form data.

    The spec decides for an option with a scalar value (``update_password`` is no password); there only secrets in URLs
    are found.
    """
    if isinstance(params, list):
        return {found for item in params for found in _likely_secrets(spec, item)}
    if not isinstance(params, dict):
        return secrets_in(params)
    found = set()
    for name, value in params.items():
        option = spec.get(name, {})
        if option.get("options"):
            found |= _likely_secrets(option["options"], value)
        elif option and not isinstance(value, (dict, list)):
            found |= secrets_in(value)
        else:
            found |= secrets_in({name: value})
    return found


def _texts(value: t.Any) -> set[str]:
    if isinstance(value, (list, dict)):
        return {text for item in (value.values() if isinstance(value, dict) else value) for text in _texts(item)}
    return {value} if isinstance(value, str) else set()


def _shown(spec: Spec, params: t.Any, *, free: bool) -> t.Any:
    """The options for output, without unknown ones; if ``free`` is false also without free-form ones."""
    if isinstance(params, list):
        return [_shown(spec, item, free=free) for item in params]
    if not isinstance(params, dict):
        return params
    found = {}
    for name in [name for name in params if name in spec]:
        inner, value = spec[name].get("options"), params[name]
        if spec[name].get("no_log"):
            found[name] = HIDDEN if value else value
        elif inner:
            found[name] = _shown(inner, value, free=free)
        elif free or not _nested(value):
            found[name] = redacted(value)
    return found


def _nested(value: t.Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(_nested(item) for item in value))


def connection_spec(service: Service, prefix: str = "", *, optional: bool = False) -> Spec:
    """The argument spec of a service's connection options.

    :param service: the service. :param prefix: the prefix of the options if a module uses several services.
    :param optional: whether the API key may be missing. :return: the argument spec.
    """
    spec = argument_spec(service.connection, inherit=optional)
    for name, field in fields(service.connection).items():
        if field.option.fallback:
            spec[name]["fallback"] = (env_fallback, list(field.option.fallback))
    return {prefix + name: option for name, option in spec.items()} | argument_spec(HttpOptions)


# ---------------------------------------------------------------------------------------------- one object, a list


def run(resource: Resource) -> None:
    """Run a module that manages one object.

    :param resource: the object's kind.
    """
    spec = connection_spec(resource.service) | argument_spec(resource.record) | argument_spec(resource.ask)
    module = Module(spec | (ID if resource.by_id and resource.keys else {}))
    _guarded(
        module,
        lambda: wanted_parts(resource, module.params),
        lambda parts, engine: _one(module, resource, parts, engine),
        resource.service,
    )


def run_many(resource: Resource, option: str) -> None:
    """Run a module that manages several objects of a kind.

    :param resource: the objects' kind.
    :param option: the list option; options at the top level are defaults for its items.
    """
    # Items have no defaults of their own, because these would hide the values of the top level.
    item = argument_spec(resource.record, inherit=True) | argument_spec(resource.ask, inherit=True)
    top = argument_spec(resource.record) | argument_spec(resource.ask)
    for name in resource.keys:
        item[name] = top.pop(name)
    spec = connection_spec(resource.service) | top | argument_spec(Bulk)
    spec[option] = {"type": "list", "elements": "dict", "required": True}
    spec[option]["options"] = item | (ID if resource.by_id else {})
    module = Module(spec)
    _guarded(
        module,
        lambda: _wants(module, resource, option),
        lambda wants, engine: _many(module, resource, wants, engine),
        resource.service,
    )


def run_info(resource: Resource) -> None:
    """Run an info module.

    :param resource: the kind of the objects.
    """
    sought = {} if resource.single else {name: {"type": "str"} for name in resource.keys}
    spec = connection_spec(resource.service) | sought | argument_spec(resource.seek)
    if resource.beside:
        other = resource.beside.resource.service
        spec |= connection_spec(other, f"{other.name}_", optional=True)
    module = Module(spec | (ID if resource.by_id and not resource.single else {}))
    _guarded(
        module,
        lambda: _sought(module, resource),
        lambda sought, engine: _info(module, resource, sought, engine),
        resource.service,
    )


def run_across(
    services: tuple[Service, ...],
    ask: type[Record],
    work: t.Callable[[dict[str, Engine], t.Any], dict[str, t.Any]],
    parse: t.Callable[[dict[str, t.Any], Words], t.Any] | None = None,
) -> None:
    """Run a module that uses several services.

    :param ask: the record of the options. :param services: the services.
    :param work: ``(engines by the services' names, options)`` -> result; ``labels`` in it are trunk ids.
    :param parse: converts the options if the record is not sufficient; also gets the names of options for messages.
    """
    spec = argument_spec(ask)
    for service in services:
        spec |= connection_spec(service, f"{service.name}_")
    module = Module(spec)

    def parts() -> tuple[t.Any, dict[str, Engine]]:
        faults = Faults()
        given = faults.of(
            "",
            lambda: (
                parse(module.params, Words(module.name_of, module.sentence))
                if parse
                else from_options(ask, module.params)
            ),
        )
        engines = {s.name: faults.of("", _connected, module, s, None, f"{s.name}_", Shelf()) for s in services}
        faults.end()
        return given, engines

    def act(given: tuple[t.Any, dict[str, Engine]], _engine: None) -> dict[str, t.Any]:
        result = work(given[1], given[0])
        module.labels = frozenset(result.pop("labels", ()))
        return result

    _guarded(module, parts, act)


def run_plain(
    record: type[Record], work: t.Callable[[t.Any, t.Callable[[str], None]], tuple[dict[str, t.Any], str | None]]
) -> None:
    """Run a module that uses no service.

    :param ask: the record of the options.
    :param work: ``(options, warn)`` -> the result and the error message, empty on success.
    """
    module = Module(argument_spec(record))

    def act(options: t.Any, _engine: None) -> dict[str, t.Any]:
        told, trouble = work(options, module.warn)
        result = {"changed": False, **told}
        if trouble is not None:
            raise Failed(trouble, result)
        return result

    _guarded(module, lambda: from_options(record, module.params), act)


class Bulk(Record):
    """Options of the modules that manage several objects."""

    concurrency: t.Annotated[int, Option(between=(1, 32))] = CONCURRENCY
    exclusive: bool = False


def _one(
    module: Module, resource: Resource, parts: tuple[list[Want], dict[str, t.Any], tuple[str, ...]], engine: Engine
) -> dict[str, t.Any]:
    wants, facts, advice = parts
    for text in advice:
        module.warn(text)
    outcomes = engine.ensure(resource, wants)
    for warning in dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings):
        module.warn(warning)
    changed = any(outcome.changed for outcome in outcomes)
    failed = [outcome.error for outcome in outcomes if outcome.error]
    extra = {name: value for outcome in outcomes for name, value in outcome.extra.items()}
    if failed:
        made = [outcome.want.label for outcome in outcomes if outcome.changed and not outcome.error]
        done = f" Done before that: {', '.join(made)}." if made else ""
        if resource.once:
            extra["outcome_unknown"] = any(outcome.unknown for outcome in outcomes)
        raise Failed(f"{module.sentence(failed[0])}{done}", {"changed": changed, **extra})
    results = engine.with_names(resource, [outcome.result for outcome in outcomes])
    told = resource.gather(results, facts) if resource.gather else results[0]
    result = {"changed": changed, resource.noun: told, **extra}
    result["diff"] = outcomes[0].sides if len(outcomes) == 1 else _diff(outcomes)
    return result


def _diff(outcomes: list[Outcome]) -> dict[str, t.Any]:
    """The state before and after of every object that changes, by its label."""
    found = [
        (outcome.want.label, outcome.sides) for outcome in outcomes if outcome.plan and outcome.plan.verb != "none"
    ]
    return {side: {label: sides[side] for label, sides in found} for side in ("before", "after")}


def _wants(module: Module, resource: Resource, option: str) -> list[Want]:
    """The desired objects of a list option; raises :class:`Problem` with all errors."""
    faults, wants = Faults(), []
    faults_of(Bulk, module.params, faults)
    for index, item in enumerate(module.params[option]):
        if not isinstance(item, dict):
            continue  # already reported with the form of the options
        taken = resource.choices if any(item.get(name) for name in resource.choices) else ()
        names = [name for name in item if name in module.params and name != "id" and name not in taken]
        inherited = {name: module.params[name] for name in names}
        merged = inherited | {name: value for name, value in item.items() if value is not None}
        wants.append(faults.of(f"{option}[{index}]", wanted, resource, merged))
    _refuse_doubles(resource, option, wants, faults)
    if module.params["exclusive"] and not resource.ordered and not module.params.get(resource.exclusive_by or ""):
        rule = f"needs {resource.exclusive_by} too: only objects that use it are removed."
        faults.add(Problem("exclusive", rule))
    faults.end()
    return [dataclasses.replace(want, path=f"{option}[{index}]") for index, want in enumerate(wants)]


def _many(module: Module, resource: Resource, wants: list[Want], engine: Engine) -> dict[str, t.Any]:
    scope = _scope(engine, resource, module.params) if module.params["exclusive"] else None
    outcomes = engine.ensure(resource, wants, exclusive=scope)
    for outcome in outcomes:
        for warning in outcome.warnings:
            module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": any(outcome.changed for outcome in outcomes),
        resource.plural: engine.with_names(resource, [o.result for o in outcomes if o.result and not o.error]),
        "summary": summary(outcomes),
        "diff": _diff(outcomes),
    }
    failures = [{"item": o.want.label, "message": module.sentence(o.error)} for o in outcomes if o.error]
    if failures:
        text = (
            f"{len(failures)} of {counted(len(outcomes), resource.title)} failed; the first: {failures[0]['message']}"
        )
        raise Failed(text, {**result, "failures": failures})
    return result


def _sought(module: Module, resource: Resource) -> tuple[dict[str, str], t.Any]:
    """The filters of an info module: the identifying options, and a record of the others."""
    faults = Faults()
    names = [] if resource.single else [*resource.keys, "id"]
    sought = {name: module.params[name] for name in names if module.params.get(name)}
    if "id" in sought and sought["id"] != LATER:
        faults.of("id", resource.service.check_id, str(sought["id"]))
    seek = faults_of(resource.seek, module.params, faults)
    faults.end()
    return sought, seek


def _info(module: Module, resource: Resource, given: tuple[dict[str, str], t.Any], engine: Engine) -> dict[str, t.Any]:
    sought, seek = given
    found = [told(resource, row, seek) for row in engine.info(resource, sought, seek)]
    if resource.beside:
        found = _joined(module, resource.beside, found)
    found = engine.with_names(resource, found, read=True)
    if resource.enrich:
        found = resource.enrich(engine.rows, found)
    return {"changed": False, **({resource.noun: found[0]} if resource.single else {resource.plural: found})}


def _joined(module: Module, beside: Beside, items: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Add the data of another service to the items, if that service's key is given."""
    other = beside.resource.service
    if not items or not module.params.get(f"{other.name}_api_key"):
        return items
    engine = _connected(module, other, prefix=f"{other.name}_")
    return beside.join(items, engine.rows(beside.resource, beside.query(items)))


# --------------------------------------------------------------------------------------------------------- helpers


def _refuse_doubles(resource: Resource, option: str, wants: list[Want | None], faults: Faults) -> None:
    seen: dict[t.Any, int] = {}
    for index, want in enumerate(wants):
        if want is None:
            continue
        keys = resource.ordered.same(want.record, want.ask) if resource.ordered else (resource.normal(want.label),)
        for key in keys:
            if seen.setdefault(key, index) != index:
                rule = f"declares the same {resource.title} as {option}[{seen[key]}]; keep one."
                faults.add(Problem(f"{option}[{index}]", rule, want.label))


def _scope(engine: Engine, resource: Resource, params: t.Mapping[str, t.Any]) -> t.Any:
    """The scope of ``exclusive``."""
    if resource.ordered:
        return params
    name = resource.exclusive_by or ""
    target = fields(resource.record)[name].option.ref
    return engine.find(target, name, params[name], engine.rows(target))


def client_of(
    service: Service,
    params: t.Mapping[str, t.Any],
    prefix: str = "",
    *,
    read_only: bool,
    shelf: Shelf | None = None,
    name_of: t.Callable[[str], str] = str,
) -> Client:
    """An engine for a service, with the connection options of the given prefix; raises :class:`Problem`."""
    given = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    faults, own = Faults(), Faults()

    def option(name: str) -> str:
        return name_of(prefix + name if name in fields(service.connection) else name)

    http = faults_of(HttpOptions, params, faults)
    connection = faults_of(service.connection, given, own)
    own.of("", lambda: checked_url(service.url(connection)))
    if not faults.found and not own.found:
        client = own.of("", lambda: Client(service, connection, http, read_only=read_only, shelf=shelf, option=option))
    for one in own.found:
        known = one.path in fields(service.connection)
        faults.add(Problem(prefix + one.path if known else one.path, one.rule, one.value, one.other))
    faults.end()
    return t.cast("Client", client)


def _connected(
    module: Module, service: Service, concurrency: int | None = None, prefix: str = "", shelf: Shelf | None = None
) -> Engine:
    if concurrency is None:
        asked = module.params.get("concurrency")
        concurrency = asked if isinstance(asked, int) else CONCURRENCY
    client = client_of(service, module.params, prefix, read_only=module.check_mode, shelf=shelf, name_of=module.name_of)
    if not module.params["validate_certs"]:
        module.warn(UNCHECKED)
    client = _watched(module, client)
    engine = Engine(
        client,
        check_mode=module.check_mode,
        concurrency=concurrency,
        warn=module.warn,
        tell=TELL,
        references_exist=bool(module.controller.get("references_exist")),
    )
    module.stops = (*module.stops, client.stop)

    def end(_number: int, _frame: t.Any) -> None:
        for stop in module.stops:
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return engine


def _watched(module: Module, client: Client) -> Client:
    """A client that collects the secrets in responses, so that messages can be redacted."""
    # All clients of a module share one set.
    noted = module.noted if isinstance(module.noted, set) else set()
    module.noted = noted
    client.get = noting(client.get, noted)  # type: ignore[method-assign]
    return client


def fault(error: Exception) -> str:
    """The message for an unexpected error; without the error's text, which may quote sent or received data."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Internal error of the collection, not caused by your input: {type(error).__name__} in "
        f"{pathlib.PurePath(place.filename).name} line {place.lineno}. Please report it."
    )


def _guarded(
    module: Module,
    parse: t.Callable[[], t.Any],
    work: t.Callable[[t.Any, t.Any], dict[str, t.Any]],
    service: Service | None = None,
) -> None:
    """Check all options, do the work, and exit with ``exit_json`` or ``fail_json`` in any case.

    :param parse: checks the options without requests; its result is the first argument of ``work``.
    :param work: ``(parsed, engine)`` -> the result. :param service: the service of the engine.
    """
    for library, error in MISSING.items():
        module.fail_json(msg=missing_required_lib(library) + " (" + error.strip().splitlines()[-1] + ")")
    result, message = {}, None
    try:
        faults = module.faults()
        for path, text in rendered_objects(module.params):
            faults.add(Problem(path, TEMPLATE_RESULT.format(text)))
        faults.of("", _clean_input, module)
        parsed = _parsed(parse, faults)
        engine = faults.of("", _connected, module, service) if service else None
        faults.end()
        result = work(parsed, engine)
    except Failed as failed:
        message, result, module.labels = str(failed), failed.result, failed.labels
    except (Problem, ApiError, Stopped) as error:
        message = module.sentence(error)
    except Exception as error:  # noqa: BLE001 - an uncaught exception would be printed with its values
        message = fault(error)
    # Outside the handlers: ansible-core would add the text of a handled exception to the result.
    if message is not None:
        module.fail_json(msg=message, **result)
    module.exit_json(**result)


def _parsed(parse: t.Callable[[], t.Any], faults: Faults) -> t.Any:
    try:
        return faults.of("", parse)
    except Exception:
        # Invalid options may cause any error here; they are reported anyway.
        if not faults.found:
            raise
        return None


def _clean_input(module: Module) -> None:
    """Reject masks and placeholders instead of values."""
    faults = Faults()
    for where, rule in _masks(module.argument_spec, module.params, check_mode=module.check_mode):
        faults.add(Problem(where, rule))
    # A key from a file often ends in a line break; the redaction needs the key as it is used.
    module.no_log_values |= {value.strip() for value in module.no_log_values}
    faults.end()


def _masks(spec: Spec, params: t.Any, path: str = "", *, check_mode: bool) -> t.Iterator[tuple[str, str]]:
    """The path of every input that is a mask or placeholder, and the reason why it is rejected.

    In free-form options :data:`HIDDEN` is allowed: the planner keeps the object's current secret.
    """
    for name in [name for name in params if name in spec]:
        where, value, option = f"{path}{name}", params[name], spec[name]
        items = [(f"{where}[{at}]", item) for at, item in enumerate(value)] if isinstance(value, list) else []
        for place, item in items or [(where, value)]:
            if option.get("options") and isinstance(item, dict):
                yield from _masks(option["options"], item, f"{place}.", check_mode=check_mode)
                continue
            secret = bool(option.get("no_log"))
            texts = list(_placed(item, place))
            if secret:
                yield from ((p, rule) for p, text in texts if text and (rule := _no_secret(text)))
            else:
                yield from ((p, MASKED) for p, text in secrets_of(item, place) if is_mask(text) and text != HIDDEN)
            for p, text in texts:
                if text == NOT_LOGGED:
                    yield p, MASKED
                elif any(is_mask(label) for label in labels_in(text)):
                    yield p, "contains the redaction marker of a result; provide the actual value."
                elif LATER in text and not check_mode:
                    yield p, f'contains the check-mode placeholder "{LATER}"; provide the actual value.'


def _no_secret(text: str) -> str:
    """The reason why a text cannot be a secret; empty if it can."""
    try:
        check_secret(text)
    except ValueError as error:
        return str(error)
    return ""


def _placed(value: t.Any, path: str) -> t.Iterator[tuple[str, str]]:
    """Every text of a value with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _placed(item, f"{path}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _placed(item, f"{path}[{at}]")
    elif isinstance(value, str):
        yield path, value

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to Ansible: the only file that knows ``AnsibleModule``. Options in, engine, scrubbed result out."""

from __future__ import annotations

import pathlib
import signal
import threading
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import MISSING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import (
    CONCURRENCY,
    Engine,
    Failed,
    Outcome,
    summary,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._http import ApiError, Client, Shelf, Stopped
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Want, told, wanted, wanted_parts
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    Option,
    Problem,
    Record,
    argument_spec,
    fields,
    from_options,
    show,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import (
    LATER,
    Beside,
    HttpOptions,
    Resource,
    Service,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._scrub import (
    HIDDEN_LABEL,
    MASKED,
    Scrubber,
    holding,
    noting,
    secrets_in,
)

#: ``(objects done, objects)``: set by whoever can show it while a module runs.
TELL: t.Callable[[int, int], None] = lambda _done, _all: None  # noqa: E731
UNCHECKED = "validate_certs is false: anybody on the way can read the key and change the answers."
Spec = dict[str, dict[str, t.Any]]
ID: Spec = {"id": {"type": "str"}}


class Module(AnsibleModule):
    """``AnsibleModule`` whose every way out goes through the scrubber.

    Since ansible-core 2.19 ``no_log`` covers neither warnings nor the error line.
    """

    #: Secrets that services have told: a text may repeat them.
    noted: t.AbstractSet[str] = frozenset()
    #: What ends the work of each client.
    stops: tuple[threading.Event, ...] = ()
    #: Ids of trunks that services have told: they may be shown where they stand in SIP URIs.
    labels: t.AbstractSet[str] = frozenset()

    def __init__(self, spec: Spec) -> None:
        super().__init__(argument_spec=spec, supports_check_mode=True)  # type: ignore[no-untyped-call]

    def _scrubber(self) -> Scrubber:
        params = getattr(self, "params", {})
        # Ansible's own collection of secrets ends at the first list item that is no dict.
        secrets = {*getattr(self, "no_log_values", ()), *_secrets(self.argument_spec, params)}
        return Scrubber(secrets, secrets_in(params) | self.noted, _trunk_ids(params) | self.labels)

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {self._invocation(checked=False)}")

    def _invocation(self, *, checked: bool) -> t.Any:
        """The options as they were given, but for misspelt ones: their value may be a secret.

        :param checked: whether the insides of options that Ansible does not know are known to be right.
        """
        return show(_known(self.argument_spec, getattr(self, "params", {}), free=checked))

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
        super().exit_json(**self._presentable(kwargs, checked=True))
        raise SystemExit  # pragma: no cover

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        kwargs.pop("exception", None)  # holds the values of local variables' texts, and no_log does not reach it
        text = self._scrubber().text(str(msg)) + self._elsewhere(str(msg))
        super().fail_json(msg=text, **self._presentable(kwargs, checked=False))
        raise SystemExit  # pragma: no cover

    def _elsewhere(self, msg: str) -> str:
        """Where options that Ansible misses may stand instead."""
        names = msg.removeprefix("missing required arguments: ").split(", ") if msg.startswith("missing req") else []
        places = {name: self.argument_spec.get(name, {}).get("fallback", (None, ()))[1] for name in names}
        told = [f"{name} in {' or '.join(found)}" for name, found in places.items() if found]
        return f". The environment may hold them instead: {', '.join(told)}." if told else ""

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


def _trunk_ids(params: t.Any) -> set[str]:
    """The labels at Vapi's SIP host that the options name as trunk ids, those of list items included."""
    if isinstance(params, list):
        return {label for item in params for label in _trunk_ids(item)}
    if not isinstance(params, dict):
        return set()
    named = [params.get("vapi_trunk_id"), *(params.get("vapi_trunk_ids") or ())]
    return {label for label in named if isinstance(label, str)} | _trunk_ids(list(params.values()))


def _secrets(spec: Spec, params: t.Any) -> set[str]:
    """Every text in an option that is a secret, whatever else is wrong with the input."""
    if isinstance(params, list):
        return {found for item in params for found in _secrets(spec, item)}
    if not isinstance(params, dict):
        return set()
    found = set()
    for name, option in spec.items():
        value = params.get(name)
        found |= _texts(value) if option.get("no_log") else _secrets(option.get("options") or {}, value)
    return found


def _texts(value: t.Any) -> set[str]:
    if isinstance(value, (list, dict)):
        return {text for item in (value.values() if isinstance(value, dict) else value) for text in _texts(item)}
    return {value} if isinstance(value, str) else set()


def _known(spec: Spec, params: t.Any, *, free: bool) -> t.Any:
    """Options without those that the spec does not know; without ``free`` also without those of free form."""
    if isinstance(params, list):
        return [_known(spec, item, free=free) for item in params]
    if not isinstance(params, dict):
        return params
    found = {}
    for name in [name for name in params if name in spec]:
        inner, value = spec[name].get("options"), params[name]
        if inner:
            found[name] = _known(inner, value, free=free)
        elif free or not _nested(value):
            found[name] = value
    return found


def _nested(value: t.Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(_nested(item) for item in value))


def connection_spec(service: Service, prefix: str = "", *, optional: bool = False) -> Spec:
    """The options that say how to reach a service; with a prefix where a module reads several."""
    spec = argument_spec(service.connection, inherit=optional)
    for name, field in fields(service.connection).items():
        if field.option.fallback:
            spec[name]["fallback"] = (env_fallback, list(field.option.fallback))
    return {prefix + name: option for name, option in spec.items()} | argument_spec(HttpOptions)


# ---------------------------------------------------------------------------------------------- one object, a list


def run(resource: Resource) -> None:
    """A module that manages one object."""
    spec = connection_spec(resource.service) | argument_spec(resource.record) | argument_spec(resource.ask)
    module = Module(spec | (ID if resource.by_id and resource.keys else {}))
    _guarded(module, lambda: _one(module, resource))


def run_many(resource: Resource, option: str) -> None:
    """A module that manages many objects of a kind.

    :param option: the list option; what stands beside it holds for every item that does not say otherwise.
    """
    # A default stands at the top, where an item inherits it: in an item it would hide what the top says.
    item = argument_spec(resource.record, inherit=True) | argument_spec(resource.ask, inherit=True)
    top = argument_spec(resource.record) | argument_spec(resource.ask)
    for name in resource.keys:
        item[name] = top.pop(name)
    spec = connection_spec(resource.service) | top | argument_spec(Bulk)
    spec[option] = {"type": "list", "elements": "dict", "required": True}
    spec[option]["options"] = item | (ID if resource.by_id else {})
    module = Module(spec)
    _guarded(module, lambda: _many(module, resource, option))


def run_info(resource: Resource) -> None:
    """A module that reads the objects of a kind."""
    sought = {} if resource.single else {name: {"type": "str"} for name in resource.keys}
    spec = connection_spec(resource.service) | sought | argument_spec(resource.seek)
    if resource.beside:
        other = resource.beside.resource.service
        spec |= connection_spec(other, f"{other.name}_", optional=True)
    module = Module(spec | (ID if resource.by_id and not resource.single else {}))
    _guarded(module, lambda: _info(module, resource))


def run_across(
    services: tuple[Service, ...],
    ask: type[Record],
    work: t.Callable[[dict[str, Engine], t.Any], dict[str, t.Any]],
    parse: t.Callable[[dict[str, t.Any]], t.Any] | None = None,
) -> None:
    """A module of several services.

    :param work: ``(engines by the services' names, options)`` -> result; ``labels`` in it are ids of trunks.
    :param parse: makes ``options`` of what was given, where that is more than the record.
    """
    spec = argument_spec(ask)
    for service in services:
        spec |= connection_spec(service, f"{service.name}_")
    module = Module(spec)

    def act() -> dict[str, t.Any]:
        given = parse(module.params) if parse else from_options(ask, module.params)
        many = module.params.get("concurrency", CONCURRENCY)
        engines = {s.name: _connected(module, s, many, f"{s.name}_", Shelf()) for s in services}
        result = work(engines, given)
        module.labels = frozenset(result.pop("labels", ()))
        return result

    _guarded(module, act)


def run_plain(
    record: type[Record], work: t.Callable[[t.Any, t.Callable[[str], None]], tuple[dict[str, t.Any], str | None]]
) -> None:
    """A module of no service.

    :param work: ``(options, warn)`` -> result, and why the task fails.
    """
    module = Module(argument_spec(record))

    def act() -> dict[str, t.Any]:
        told, trouble = work(from_options(record, module.params), module.warn)
        result = {"changed": False, **told}
        if trouble is not None:
            raise Failed(trouble, result)
        return result

    _guarded(module, act)


class Bulk(Record):
    """Options of the modules that manage many objects."""

    concurrency: t.Annotated[int, Option(between=(1, 32))] = CONCURRENCY
    exclusive: bool = False


def _one(module: Module, resource: Resource) -> dict[str, t.Any]:
    wants, facts, advice = wanted_parts(resource, module.params)
    for text in advice:
        module.warn(text)
    outcomes = _engine(module, resource).ensure(resource, wants)
    for warning in dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings):
        module.warn(warning)
    changed = any(outcome.changed for outcome in outcomes)
    failed = [outcome for outcome in outcomes if outcome.error]
    extra = {name: value for outcome in outcomes for name, value in outcome.extra.items()}
    if failed:
        made = [outcome.want.label for outcome in outcomes if outcome.changed and not outcome.error]
        done = f" Done before that: {', '.join(made)}." if made else ""
        raise Failed(f"{failed[0].error}{done}", {"changed": changed, **extra})
    results = [outcome.result for outcome in outcomes]
    told = resource.gather(results, facts) if resource.gather else results[0]
    result = {"changed": changed, resource.noun: told, **extra}
    single = outcomes[0].plan if len(outcomes) == 1 else None
    result["diff"] = {"before": single.before, "after": single.after} if single else _diff(outcomes)
    return result


def _diff(outcomes: list[Outcome]) -> dict[str, t.Any]:
    """Before and after of every object that changes, by its label."""
    plans = [(outcome.want.label, outcome.plan) for outcome in outcomes if outcome.plan and outcome.plan.verb != "none"]
    return {side: {label: getattr(plan, side) for label, plan in plans} for side in ("before", "after")}


def _many(module: Module, resource: Resource, option: str) -> dict[str, t.Any]:
    bulk = from_options(Bulk, module.params)
    items, wants = module.params[option], []
    for index, item in enumerate(items):
        taken = resource.choices if any(item.get(name) for name in resource.choices) else ()
        names = [name for name in item if name in module.params and name != "id" and name not in taken]
        inherited = {name: module.params[name] for name in names}
        merged = inherited | {name: value for name, value in item.items() if value is not None}
        try:
            wants.append(wanted(resource, merged))
        except Problem as problem:
            raise problem.under(f"{option}[{index}]") from None
    _refuse_doubles(resource, option, wants)
    engine = _engine(module, resource, bulk.concurrency)
    scope = _scope(engine, resource, module.params) if bulk.exclusive else None
    outcomes = engine.ensure(resource, wants, exclusive=scope)
    for outcome in outcomes:
        for warning in outcome.warnings:
            module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": any(outcome.changed for outcome in outcomes),
        resource.plural: [outcome.result for outcome in outcomes if outcome.result and not outcome.error],
        "summary": summary(outcomes),
        "diff": _diff(outcomes),
    }
    failures = [{"item": o.want.label, "message": str(o.error)} for o in outcomes if o.error]
    if failures:
        text = f"{len(failures)} of {len(outcomes)} {resource.title}s failed; the first: {failures[0]['message']}"
        raise Failed(text, {**result, "failures": failures})
    return result


def _info(module: Module, resource: Resource) -> dict[str, t.Any]:
    names = [] if resource.single else [*resource.keys, "id"]
    sought = {name: module.params[name] for name in names if module.params.get(name)}
    seek = from_options(resource.seek, module.params)
    found = [told(resource, row, seek) for row in _engine(module, resource).info(resource, sought, seek)]
    if resource.beside:
        found = _joined(module, resource.beside, found)
    return {"changed": False, **({resource.noun: found[0]} if resource.single else {resource.plural: found})}


def _joined(module: Module, beside: Beside, items: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Items with what another service knows of them, where that service's key is given."""
    other = beside.resource.service
    if not items or not module.params.get(f"{other.name}_api_key"):
        return items
    engine = _engine(module, beside.resource, prefix=f"{other.name}_")
    return beside.join(items, engine.rows(beside.resource, beside.query(items)))


# --------------------------------------------------------------------------------------------------------- helpers


def _refuse_doubles(resource: Resource, option: str, wants: list[Want]) -> None:
    seen: dict[t.Any, int] = {}
    for index, want in enumerate(wants):
        keys = resource.ordered.same(want.record, want.ask) if resource.ordered else (resource.normal(want.label),)
        for key in keys:
            if key in seen:
                raise Problem(
                    f"{option}[{index}]", f"declares the same {resource.title} as {option}[{seen[key]}]; keep one."
                )
            seen[key] = index


def _scope(engine: Engine, resource: Resource, params: t.Mapping[str, t.Any]) -> t.Any:
    """What ``exclusive`` is limited to."""
    if resource.ordered:
        return params
    name = resource.exclusive_by or ""
    if not params.get(name):
        raise Problem("exclusive", f"needs {name} beside it: only objects that use it are removed.")
    target = fields(resource.record)[name].option.ref
    return engine.find(target, name, params[name], engine.rows(target))


def client_of(
    service: Service,
    params: t.Mapping[str, t.Any],
    prefix: str = "",
    *,
    read_only: bool,
    shelf: Shelf | None = None,
) -> Client:
    """A connection as the options say, those of the service with a prefix; raises :class:`Problem`."""
    given = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    http = from_options(HttpOptions, params)
    try:
        return Client(service, from_options(service.connection, given), http, read_only=read_only, shelf=shelf)
    except Problem as problem:
        path = prefix + problem.path if problem.path in fields(service.connection) else problem.path
        raise Problem(path, problem.rule) from None


def _engine(module: Module, resource: Resource, concurrency: int = CONCURRENCY, prefix: str = "") -> Engine:
    return _connected(module, resource.service, concurrency, prefix)


def _connected(
    module: Module, service: Service, concurrency: int = CONCURRENCY, prefix: str = "", shelf: Shelf | None = None
) -> Engine:
    client = client_of(service, module.params, prefix, read_only=module.check_mode, shelf=shelf)
    if not module.params["validate_certs"]:
        module.warn(UNCHECKED)
    client = _watched(module, client)
    engine = Engine(client, check_mode=module.check_mode, concurrency=concurrency, warn=module.warn, tell=TELL)
    module.stops = (*module.stops, client.stop)

    def end(_number: int, _frame: t.Any) -> None:
        for stop in module.stops:
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return engine


def _watched(module: Module, client: Client) -> Client:
    """The client, from now on noting the secrets that stand in answers, so that no message repeats them."""
    # One set for all clients of a module.
    noted = module.noted if isinstance(module.noted, set) else set()
    module.noted = noted
    client.get = noting(client.get, noted)  # type: ignore[method-assign]
    return client


def fault(error: Exception) -> str:
    """An error that nobody foresaw, for people; never its own text, which may quote what was sent or received."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"This is a fault of the collection, not of your input: {type(error).__name__} in "
        f"{pathlib.PurePath(place.filename).name} line {place.lineno}. Please report it."
    )


def _guarded(module: Module, work: t.Callable[[], dict[str, t.Any]]) -> None:
    """Run ``work`` and leave by one of two doors, whatever happens."""
    for library, error in MISSING.items():
        module.fail_json(msg=missing_required_lib(library) + " (" + error.strip().splitlines()[-1] + ")")
    result, message = {}, None
    try:
        _clean_input(module)
        result = work()
    except Failed as failed:
        message, result, module.labels = str(failed), failed.result, failed.labels
    except (Problem, ApiError, Stopped) as error:
        message = str(error)
    except Exception as error:  # noqa: BLE001 - the last door: what passes here is printed with its values
        message = fault(error)
    # Outside the handlers: ansible-core would add a pending exception's text to the result.
    if message is not None:
        module.fail_json(msg=message, **result)
    module.exit_json(**result)


def _clean_input(module: Module) -> None:
    """Refuse masks and placeholders where values belong."""
    where = holding(module.params, MASKED)
    if where:
        raise Problem(
            where, "holds a mask instead of a value: the output of another task was fed back. Give the value itself."
        )
    where = holding(module.params, (HIDDEN_LABEL,))
    if where:
        raise Problem(where, "holds what a result shows in place of a label; give the value itself.")
    where = None if module.check_mode else holding(module.params, (LATER,))
    if where:
        raise Problem(where, f"holds {LATER}, which stands for a value in dry runs only; give the value itself.")
    # A key from a file often ends in a line break; the mask must know the key as it is used.
    module.no_log_values |= {value.strip() for value in module.no_log_values}

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry points of the modules: one object, many objects, an info module, several services, no service."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.module import (
    ID,
    NOTICE,
    Module,
    connection_spec,
    make_engine,
    run_guarded,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.changes import changes, diffs
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import (
    AUTO,
    check_concurrency,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    Faults,
    ModuleFailureError,
    OptionError,
    OptionNames,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    Desired,
    desired_batches,
    desired_from_options,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    Model,
    Option,
    Spec,
    argument_spec,
    fields,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import (
    check_value,
    faults_of,
    from_options,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import summary
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    Enrichment,
    KeyedResource,
    OneShotResource,
    OrderedResource,
    Provider,
    RecordT,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    counted,
)


@dataclasses.dataclass(frozen=True)
class Output:
    """What a module needs to write files.

    :param page: the HTML page without its data, from the action plugin. :param redact: removes secrets from a result.
    :param check_mode: whether nothing is written.
    """

    page: str
    redact: t.Callable[[Result], Result]
    check_mode: bool


def run(resource: Resource) -> None:
    """Run a module that manages one object.

    :param resource: the object's kind.
    """
    spec = connection_spec(resource.provider) | argument_spec(resource.record) | argument_spec(resource.options)
    module = Module(spec | (ID if resource.by_id and resource.keys else {}))
    run_guarded(
        module,
        lambda: desired_batches(resource, module.params),
        lambda parse_options, engine: _one(module, resource, parse_options, engine),
        resource.provider,
    )


def run_many(resource: Resource, option: str) -> None:
    """Run a module that manages several objects of a kind.

    :param resource: the objects' kind.
    :param option: the list option; options at the top level are defaults for its items.
    """
    # Items have no defaults of their own, because these would hide the values of the top level.
    item = argument_spec(resource.record, inherit=True) | argument_spec(resource.options, inherit=True)
    top = argument_spec(resource.record) | argument_spec(resource.options)
    for name in resource.keys:
        item[name] = top.pop(name)
    spec = connection_spec(resource.provider) | top | argument_spec(Bulk)
    spec[option] = {"type": "list", "elements": "dict", "required": True}
    spec[option]["options"] = item | (ID if resource.by_id else {})
    module = Module(spec)
    run_guarded(
        module,
        lambda: _desired_objects(module, resource, option),
        lambda desired_objects, engine: _many(module, resource, desired_objects, engine),
        resource.provider,
    )


def run_info(resource: Resource) -> None:
    """Run an info module.

    :param resource: the kind of the objects.
    """
    key_options: Spec = {} if resource.view.single else {name: {"type": "str"} for name in resource.keys}
    spec = connection_spec(resource.provider) | key_options | argument_spec(resource.view.filters)
    if resource.view.enrichment:
        other = resource.view.enrichment.resource.provider
        spec |= connection_spec(other, f"{other.name}_", optional=True)
    module = Module(spec | (ID if resource.by_id and not resource.view.single else {}))
    run_guarded(
        module,
        lambda: _info_filters(module, resource),
        lambda given, engine: _info(module, resource, given, engine),
        resource.provider,
    )


def run_operation(
    service: Provider,
    options: type[RecordT],
    parse: t.Callable[[RecordT], RecordT],
    work: t.Callable[[Engine, RecordT, t.Callable[[str], None]], Result],
) -> None:
    """Run a module that performs an operation at one service.

    :param service: the service. :param options: the record of the options. :param parse: checks the options further.
    :param work: ``(engine, options, notice)`` -> the result; ``notice`` displays a line while the module runs.
    """
    module = Module(connection_spec(service) | argument_spec(options))

    def notice(text: str) -> None:
        NOTICE.get()(str(module.redact({"text": text})["text"]))

    run_guarded(
        module,
        lambda: _checked_options(module, options, parse),
        lambda given, engine: work(engine, given, notice),
        service,
    )


def run_with_optional(
    service: Provider,
    other: Provider,
    options: type[RecordT],
    parse: t.Callable[[RecordT], RecordT],
    work: t.Callable[[t.Mapping[str, Engine], RecordT], Result],
    hidden: t.Callable[[RecordT], t.Collection[str]],
) -> None:
    """Run a module that performs an operation at one service, and also reads from another one if its key is given.

    :param service: the service. :param other: the other service; its options have its name as prefix.
    :param options: the record of the options. :param parse: checks the options further.
    :param work: ``(engines by the services' names, options)`` -> the result.
    :param hidden: options -> further texts that no output may contain.
    """
    prefix = f"{other.name}_"
    module = Module(connection_spec(service) | connection_spec(other, prefix, optional=True) | argument_spec(options))

    def parse_options() -> RecordT:
        given = _checked_options(module, options, parse)
        module.seen_secrets = set(hidden(given))
        return given

    def act(given: RecordT, engine: Engine) -> Result:
        return work(_with_optional(module, service, other, engine), given)

    run_guarded(module, parse_options, act, service)


def run_report(
    service: Provider,
    other: Provider,
    options: type[RecordT],
    work: t.Callable[[t.Mapping[str, Engine], RecordT, Output], Result],
) -> None:
    """Run a module that writes what it reads to files, at one service and, if its key is given, at another one.

    :param service: the service. :param other: the other service; its options have its name as prefix.
    :param options: the record of the options. :param work: ``(engines by the services' names, options, output)`` ->
        the result.
    """
    prefix = f"{other.name}_"
    module = Module(connection_spec(service) | connection_spec(other, prefix, optional=True) | argument_spec(options))

    def act(given: RecordT, engine: Engine) -> Result:
        output = Output(module.controller.get("page", ""), module.redact, check_mode=bool(module.check_mode))
        return work(_with_optional(module, service, other, engine), given, output)

    run_guarded(module, lambda: from_options(options, module.params), act, service)


def run_across(
    services: tuple[Provider, ...],
    options: type[Model],
    work: t.Callable[[dict[str, Engine], t.Any], Result],
    parse: t.Callable[[Params, OptionNames], object] | None = None,
) -> None:
    """Run a module that uses several services.

    :param options: the record of the options. :param services: the services.
    :param work: ``(engines by the services' names, options)`` -> result; ``labels`` in it are trunk ids.
    :param parse: converts the options if the record is not sufficient; also gets the names of options for messages.
    """
    spec = argument_spec(options)
    for service in services:
        spec |= connection_spec(service, f"{service.name}_")
    module = Module(spec)

    def parse_options() -> tuple[object, dict[str, Engine]]:
        faults = Faults()
        given = faults.of(
            "",
            lambda: (
                parse(module.params, OptionNames(module.name_of, module.sentence, module.redact))
                if parse
                else from_options(options, module.params)
            ),
        )
        made = [faults.of("", make_engine, module, s, f"{s.name}_", ReadCache()) for s in services]
        faults.end()
        return given, {s.name: engine for s, engine in zip(services, made, strict=True) if engine}

    def act(given: tuple[object, dict[str, Engine]], _engine: None) -> Result:
        result = work(given[1], given[0])
        labels = result.pop("labels", ())
        module.known_labels = frozenset(map(str, labels) if isinstance(labels, t.Collection) else ())
        return result

    run_guarded(module, parse_options, act)


def run_plain(
    record: type[RecordT], work: t.Callable[[RecordT, t.Callable[[str], None]], tuple[Result, str | None]]
) -> None:
    """Run a module that uses no service.

    :param record: the record of the options.
    :param work: ``(options, warn)`` -> the result and the error message, empty on success.
    :raises ModuleFailure: if ``work`` returns an error message.
    """
    module = Module(argument_spec(record))

    def act(options: RecordT, _engine: None) -> Result:
        rendered, trouble = work(options, module.warn)
        result = {"changed": False, **rendered}
        if trouble is not None:
            raise ModuleFailureError(trouble, result)
        return result

    run_guarded(module, lambda: from_options(record, module.params), act)


def _with_optional(module: Module, service: Provider, other: Provider, engine: Engine) -> dict[str, Engine]:
    """The engines of both services; without the other one if its key is not given."""
    engines = {service.name: engine}
    if module.params.get(f"{other.name}_api_key"):
        engines[other.name] = make_engine(module, other, prefix=f"{other.name}_")
    return engines


def _checked_options(module: Module, options: type[RecordT], parse: t.Callable[[RecordT], RecordT]) -> RecordT:
    """The options, with all errors of both checks at once."""
    faults = Faults()
    given = faults_of(options, module.params, faults)
    checked = faults.of("", parse, given)
    faults.end()
    return checked or given


class Bulk(Model):
    """Options of the modules that manage several objects."""

    concurrency: t.Annotated[str, Option(check=check_concurrency)] = AUTO
    exclusive: bool = False


def _one(
    module: Module,
    resource: Resource,
    parse_options: tuple[list[Desired], Result, tuple[str, ...]],
    engine: Engine,
) -> Result:
    desired_objects, facts, advice = parse_options
    for text in advice:
        module.warn(text)
    outcomes = engine.ensure(resource, desired_objects)
    for warning in dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings):
        module.warn(warning)
    changed = any(outcome.changed for outcome in outcomes)
    failed = [outcome.error for outcome in outcomes if outcome.error]
    extra = {name: value for outcome in outcomes for name, value in outcome.extra.items()}
    if failed:
        made = [outcome.desired.label for outcome in outcomes if outcome.changed and not outcome.error]
        done = f" Done before that: {', '.join(made)}." if made else ""
        if isinstance(resource, OneShotResource):
            extra["outcome_unknown"] = any(outcome.unknown for outcome in outcomes)
        facts_of_failure = {"changed": changed, "changes": changes(resource, outcomes), **extra}
        raise ModuleFailureError(f"{module.sentence(failed[0])}{done}", facts_of_failure)
    results = engine.with_names(resource, [outcome.result for outcome in outcomes])
    merge = resource.merge_results if isinstance(resource, OneShotResource) else None
    rendered = merge(results, facts) if merge else results[0]
    return {
        "changed": changed,
        resource.name: rendered,
        **extra,
        "changes": changes(resource, outcomes),
        "diff": diffs(resource, outcomes),
    }


def _desired_objects(module: Module, resource: Resource, option: str) -> list[Desired]:
    """The desired objects of a list option; raises :class:`OptionError` with all errors."""
    faults, desired_objects = Faults(), []
    faults_of(Bulk, module.params, faults)
    for index, item in enumerate(module.params[option]):
        if not isinstance(item, dict):
            continue  # already reported with the form of the options
        taken = resource.choices if any(item.get(name) for name in resource.choices) else ()
        names = [name for name in item if name in module.params and name != "id" and name not in taken]
        inherited = {name: module.params[name] for name in names}
        merged = inherited | {name: value for name, value in item.items() if value is not None}
        desired_objects.append(faults.of(f"{option}[{index}]", desired_from_options, resource, merged))
    _reject_duplicates(resource, option, desired_objects, faults)
    scope = resource.exclusive_by if isinstance(resource, KeyedResource) else None
    if module.params["exclusive"] and isinstance(resource, KeyedResource) and not module.params.get(scope or ""):
        rule = f"needs {scope} too: only objects that use it are removed."
        faults.add(OptionError("exclusive", rule))
    faults.end()
    return [
        dataclasses.replace(desired, path=f"{option}[{index}]")
        for index, desired in enumerate(desired_objects)
        if desired
    ]


def _many(module: Module, resource: Resource, desired_objects: list[Desired], engine: Engine) -> Result:
    scope = _scope(engine, resource, module.params) if module.params["exclusive"] else None
    outcomes = engine.ensure(resource, desired_objects, exclusive=scope)
    for outcome in outcomes:
        for warning in outcome.warnings:
            module.warn(warning)
    result: Result = {
        "changed": any(outcome.changed for outcome in outcomes),
        resource.plural: engine.with_names(resource, [o.result for o in outcomes if o.result and not o.error]),
        "summary": summary(outcomes),
        "changes": changes(resource, outcomes),
        "diff": diffs(resource, outcomes),
    }
    failures = [{"item": o.desired.label, "message": module.sentence(o.error)} for o in outcomes if o.error]
    if failures:
        text = (
            f"{len(failures)} of {counted(len(outcomes), resource.title)} failed; the first: {failures[0]['message']}"
        )
        raise ModuleFailureError(text, {**result, "failures": failures})
    return result


def _info_filters(module: Module, resource: Resource) -> tuple[dict[str, str], Model]:
    """The filters of an info module: the identifying options, and a record of the others."""
    faults = Faults()
    names = [] if resource.view.single else [*resource.keys, "id"]
    key_filters = {name: module.params[name] for name in names if module.params.get(name)}
    if "id" in key_filters and key_filters["id"] != UNKNOWN_ID:
        faults.of("id", resource.provider.check_id, str(key_filters["id"]))
    for name in [name for name in key_filters if name != "id"]:
        check_value(fields(resource.record)[name], key_filters[name], faults, name)
    filters = faults_of(resource.view.filters, module.params, faults)
    faults.end()
    return key_filters, filters


def _info(module: Module, resource: Resource, given: tuple[dict[str, str], Model], engine: Engine) -> Result:
    key_filters, filters = given
    found = [to_result(resource, row, filters) for row in engine.info(resource, key_filters, filters)]
    found = engine.with_names(resource, found, read=True)
    if resource.view.enrichment:
        found = _enriched(module, resource.view.enrichment, found)
    if resource.view.enrich:
        found = resource.view.enrich(engine.rows, found)
    return {"changed": False, **({resource.name: found[0]} if resource.view.single else {resource.plural: found})}


def _enriched(module: Module, enrichment: Enrichment, items: list[Result]) -> list[Result]:
    """Add the data of another service to the items, if that service's key is given."""
    other = enrichment.resource.provider
    if not items or not module.params.get(f"{other.name}_api_key"):
        return items
    engine = make_engine(module, other, prefix=f"{other.name}_")
    return enrichment.join(items, engine.rows(enrichment.resource, enrichment.query(items)))


def _reject_duplicates(resource: Resource, option: str, desired_objects: list[Desired | None], faults: Faults) -> None:
    seen: dict[t.Hashable, int] = {}
    for index, desired in enumerate(desired_objects):
        if desired is None:
            continue
        keys = (
            resource.ordered.unique_keys(desired.record, desired.options)
            if isinstance(resource, OrderedResource)
            else (resource.normalize_key(desired.label),)
        )
        for key in keys:
            if seen.setdefault(key, index) != index:
                rule = f"declares the same {resource.title} as {option}[{seen[key]}]; keep one."
                faults.add(OptionError(f"{option}[{index}]", rule, desired.label))


def _scope(engine: Engine, resource: Resource, params: Params) -> str | Params:
    """The scope of ``exclusive``."""
    name = resource.exclusive_by if isinstance(resource, KeyedResource) else None
    target = fields(resource.record)[name].option.ref if name else None
    if not name or not target:
        return params
    return engine.find(target, name, str(params[name]), engine.rows(target))

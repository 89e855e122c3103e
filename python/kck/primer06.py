"""`KCKPrimer`: a product of a class as KCK 0.6.3 had it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from kck import _module_calls, _product_fields
from kck._actor06 import Actor06, event_hooks, file_name
from kck._definitions import Definition, caller, define, description_of
from kck._hooks import PRODUCT_HOOKS, Hooks
from kck._parameters import fault, of_option, of_signature
from kck.errors import NoValue
from kck.keys import key
from kck.lib import _registry
from kck.lib.exceptions import AugmentNotNecessaryException, ComputeAugmentedValueNotImplemented
from kck.lib.hints import HintsManager, manager_of, record_of
from kck.lib.kck_cache import KCKCache, augmented
from kck.processes import make_process
from kck.products import Computation

QUERY_TYPE_ROWS = 1
QUERY_TYPE_DICTS = 2
_PROCESS_SECONDS = 60  # between two runs of what `processes` has beside the domain


def refresh_for_param_dict_list(primer_obj: KCKPrimer, param_dict_list: Sequence[Mapping[str, Any]]) -> None:
    """Has the primer's keys of these parameters computed again."""
    for param_dict in param_dict_list:
        path = primer_obj.param_dict_to_key(param_dict)
        _module_calls.refresh(f"{primer_obj.name}/{path}" if path else str(primer_obj.name))


class KCKPrimer(Actor06):
    """`keys`: the names of its products, that of the file unless given. `compute` takes the whole key; without one,
    the server runs the SQL of `query_template`, and `result_filter` makes the value of its rows. `expire`: a timedelta
    or seconds. Options of `kck.product` may stand here as well."""

    keys: Any = None
    expire: timedelta | int | float | None = None
    query_template: str | None = None
    query_type: Any = QUERY_TYPE_ROWS
    result_filter: Any = None
    domain_key: Any = None
    processes: ClassVar[Mapping[str, Any]] = {
        "refresh__over_domain": {"type": "key", "key_attribute": "domain_key",
                                 "hooks": {"pre": None, "value": [refresh_for_param_dict_list], "post": None}}
    }  # fmt: skip

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.compute is KCKPrimer.compute and cls.query_template is None:
            return  # a class that others derive from
        names = [cls.keys] if isinstance(cls.keys, str) else cls.keys or [file_name(cls)]
        for name in names:
            define(lambda name=name: _definition(cls, name))  # type: ignore[misc]
            for process in cls.processes or ():
                if not _is_of_domain(process, cls.processes[process]):
                    define(lambda name=name, process=process: _process(cls, name, process))  # type: ignore[misc]

    def compute(self, keystr: str) -> Any:
        """The value of a key. Raise `kck.NoValue` where there is none. This one runs the SQL in this process, for those
        that override it."""
        result = self.query(self.query_template, self.key_to_param_dict(keystr))
        of_dicts = _query_type(self.query_type) == "dicts"
        rows: Any = [dict(row.items()) if of_dicts else list(row) for row in result.fetchall()]
        return _filtered(rows if self.result_filter is None else self.result_filter(rows))

    def compute_augmented_value(self, keystr: str, hints: HintsManager) -> Any:
        """The value of a key by what is known of a change: `hints` has the value that was computed for it, and the
        values of other keys."""
        raise ComputeAugmentedValueNotImplemented(keystr)

    def augment(self, key: str, hints: HintsManager, **options: Any) -> None:
        """Sets the key, which has to be `settable`, to what compute_augmented_value makes of the hints."""
        if not hints.count(exclude_keys=[key]):
            raise AugmentNotNecessaryException(key)
        hints.set_hint_key(hints.get(key))
        self.cache_obj.set(key, self.compute_augmented_value(key, hints))


def _is_of_domain(name: str, process: Mapping[str, Any]) -> bool:
    """The refresh over the domain, which `domain_key` stands for."""
    hooks = (process.get("hooks") or {}).get("value") or ()
    return process.get("type") == "key" and all(hook is refresh_for_param_dict_list for hook in hooks)


def _made(cls: type[KCKPrimer], name: str) -> KCKPrimer:
    primer = cls()
    primer.set_name(name)
    return primer


def _definition(cls: type[KCKPrimer], name: str) -> Definition:
    primer = _made(cls, name)
    of_python = cls.compute is not KCKPrimer.compute
    options = {one: getattr(primer, one, None) for one in _product_fields.OPTIONS - {"name", "keys", "parameters"}}
    options["description"] = options["description"] or (description_of(cls) if cls.__doc__ else None)
    if callable(options["domain_key"]):
        options["domain_key"] = options["domain_key"]()
    fields = {"name": name, **_product_fields.fields_of(options)}
    parameters = of_option(primer.parameters or ())
    if parameters:
        fields["parameters"] = [one.fields() for one in parameters]
    takes_hints = of_python and of_signature(primer.compute).takes_hints
    target = Computation(name, _of_texts(primer), parameters, many=False, takes_hints=takes_hints, passing=None,
                         hooks={})  # fmt: skip
    target.read = tuple  # the key is given as text
    if not of_python:
        fields["query"] = {"template": primer.query_template, "type": _query_type(primer.query_type)}
    file, line = caller()
    made = Definition("product", name, file, line, cls.__qualname__, False, fields, target, of_06=True)
    _registry.add(primer, made, lambda: hooks_of_primer(primer, of_python))
    return made


def hooks_of_primer(primer: Actor06, of_python: bool) -> tuple[Hooks, list[str]]:
    """Its hooks, and the names of those that the server calls."""
    hooks = event_hooks(primer, PRODUCT_HOOKS)
    if isinstance(primer, KCKPrimer):
        hooks |= dict(_value_hooks(primer, of_python))
    return hooks, [one for one in hooks if not (of_python and one in ("pre_prime", "post_prime"))]


def _of_texts(primer: KCKPrimer) -> Callable[..., Any]:
    return lambda *texts, **hints: primer.compute(key(str(primer.name), *texts), **hints)


def _value_hooks(primer: KCKPrimer, of_python: bool) -> Iterator[tuple[str, Any]]:
    """What the server asks for a value: of rows that its SQL had, and of hints."""
    if primer.result_filter is not None and not of_python:
        yield "result_filter", [lambda facts: _filtered(primer.result_filter(facts["value"]))]
    if type(primer).compute_augmented_value is not KCKPrimer.compute_augmented_value:
        yield "compute_augmented_value", [lambda facts: _augmented(primer, facts)]


def _augmented(primer: KCKPrimer, facts: Mapping[str, Any]) -> Any:
    """What the primer makes of the value that was computed, and the hints; that value where they tell of no key."""
    name, value = facts["key"], facts["value"]
    manager = manager_of(facts["hints"], KCKCache.get_instance())
    if not manager.count(exclude_keys=[name]):
        return value
    record = record_of(name, value)
    manager.set_hint_key(record)
    before = augmented.set(record)
    try:
        return primer.compute_augmented_value(name, manager)
    except (ComputeAugmentedValueNotImplemented, AugmentNotNecessaryException):
        return value
    finally:
        augmented.reset(before)


def _filtered(value: Any) -> Any:
    if not value:
        raise NoValue
    return value


def _query_type(value: Any) -> str:
    if value not in (QUERY_TYPE_ROWS, QUERY_TYPE_DICTS, "rows", "dicts"):
        raise fault(f"query_type is {value!r}", "kck.QUERY_TYPE_ROWS or kck.QUERY_TYPE_DICTS")
    return "dicts" if value in (QUERY_TYPE_DICTS, "dicts") else "rows"


def _process(cls: type[KCKPrimer], name: str, process_name: str) -> Definition:
    process = cls.processes[process_name]
    kind = process.get("type")
    if kind not in ("key", "sql"):
        raise fault(f"the process {process_name} of {name} has the type {kind!r}", "key or sql")
    primer = _made(cls, name)
    hooks: Hooks = {one: list((process.get("hooks") or {}).get(one) or ()) for one in ("pre", "value", "row", "post")}

    def run_key() -> None:
        _call(hooks["pre"], primer.cache_obj)
        source = getattr(primer, process["key_attribute"], None)
        source = source() if callable(source) else source
        value = None if source is None else _module_calls.get(source, default=None)
        if value is not None:
            _call(hooks["value"], primer, value)
        _call(hooks["post"], primer.cache_obj)

    def run_sql() -> None:
        from kck.lib.kck_database import KCKDatabase

        _call(hooks["pre"], primer.cache_obj)
        for row in KCKDatabase.query(process["database"], process["query"]) if hooks["row"] else ():
            _call(hooks["row"], primer.cache_obj, row)
        _call(hooks["post"], primer.cache_obj)

    run = run_key if kind == "key" else run_sql
    made = make_process(run, f"{name}.{process_name}", {"every": _PROCESS_SECONDS})
    made.of_06 = True
    return made


def _call(functions: Sequence[Callable[..., Any]], *arguments: Any) -> None:
    for function in functions:
        function(*arguments)

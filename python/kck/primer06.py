"""`KCKPrimer`: a product of a class as KCK 0.6.3 had it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from kck import _module_calls, _product_fields
from kck._actor06 import Actor06
from kck._definitions import Definition, caller, define, description_of
from kck._hooks import PRODUCT_HOOKS, Hooks, hooks_of
from kck._parameters import fault, of_option, of_signature
from kck.errors import KCKError, NoValue
from kck.keys import key
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
    """`keys`: the names of its products, that of the class unless given. `compute` takes the whole key; without one,
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
        names = [cls.keys] if isinstance(cls.keys, str) else cls.keys or [cls.__name__]
        for name in names:
            define(lambda name=name: _definition(cls, name))  # type: ignore[misc]
            for process in cls.processes or ():
                if not _is_of_domain(process, cls.processes[process]):
                    define(lambda name=name, process=process: _process(cls, name, process))  # type: ignore[misc]

    def compute(self, keystr: str) -> Any:
        """The value of a key. Raise `kck.NoValue` where there is none."""
        raise KCKError(f"{self.name}: its SQL is run by the server, which compute() cannot ask for rows")

    def compute_augmented_value(self, keystr: str, hints: Any) -> Any:
        """The value of a key by what is known of a change, without asking the source."""
        raise KCKError(f"{self.name} has no compute_augmented_value")


def _is_of_domain(name: str, process: Mapping[str, Any]) -> bool:
    """The refresh over the domain, which `domain_key` stands for."""
    hooks = (process.get("hooks") or {}).get("value") or ()
    return process.get("type") == "key" and all(hook is refresh_for_param_dict_list for hook in hooks)


def _made(cls: type[KCKPrimer], name: str) -> KCKPrimer:
    primer = cls()
    primer.set_name(name)
    primer.register_hooks()
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
    hooks = hooks_of(primer, PRODUCT_HOOKS, False) | dict(_value_hooks(primer, of_python))
    takes_hints = of_python and of_signature(primer.compute).takes_hints
    target = Computation(name, _of_texts(primer), parameters, many=False, takes_hints=takes_hints, by_name=False,
                         hooks=hooks)  # fmt: skip
    target.read = tuple  # the key is given as text
    of_server = [one for one in hooks if not (of_python and one in ("pre_prime", "post_prime"))]
    if not of_python:
        fields["query"] = {"template": primer.query_template, "type": _query_type(primer.query_type)}
    file, line = caller()
    return Definition("product", name, file, line, cls.__qualname__, False, fields, target, False, of_server)


def _of_texts(primer: KCKPrimer) -> Callable[..., Any]:
    return lambda *texts, **hints: primer.compute(key(str(primer.name), *texts), **hints)


def _value_hooks(primer: KCKPrimer, of_python: bool) -> Iterator[tuple[str, Any]]:
    """What the server asks for a value: of rows that its SQL had, and of hints."""
    if primer.result_filter is not None and not of_python:
        yield "result_filter", [lambda facts: _filtered(primer.result_filter(facts["value"]))]
    if type(primer).compute_augmented_value is not KCKPrimer.compute_augmented_value:
        yield "compute_augmented_value", [lambda facts: primer.compute_augmented_value(facts["key"], facts["hints"])]


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
    if process.get("type") != "key":
        raise fault(f"the process {process_name} of {name} has the type {process.get('type')!r}",
                    "write a process of its own: a .yml file in processes, or kck.process")  # fmt: skip
    primer = _made(cls, name)
    hooks: Hooks = {one: list((process.get("hooks") or {}).get(one) or ()) for one in ("pre", "value", "post")}

    def run() -> None:
        _call(hooks["pre"], primer)
        source = getattr(primer, process["key_attribute"], None)
        source = source() if callable(source) else source
        value = None if source is None else _module_calls.get(source, default=None)
        if value is not None:
            _call(hooks["value"], primer, value)
        _call(hooks["post"], primer)

    return make_process(run, f"{name}.{process_name}", {"every": _PROCESS_SECONDS})


def _call(functions: Sequence[Callable[..., Any]], *arguments: Any) -> None:
    for function in functions:
        function(*arguments)

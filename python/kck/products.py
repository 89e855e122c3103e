"""Products that Python computes: `product` makes one of a function, `Primer` one of a class."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from kck import _product_fields
from kck._definitions import Definition, caller, define, description_of
from kck._durations import Duration
from kck._hooks import PRIME_HOOKS, Hooks
from kck._parameters import Parameter, Signature, fault, of_option, of_signature, reader
from kck._passing import Binding, Passing, passing_of
from kck._runtime import current

P = ParamSpec("P")
R = TypeVar("R")

ParametersOption = Iterable[str | Mapping[str, Any]]
KeyTemplates = str | Sequence[str]


class Computation:
    """How a product's keys are computed. `read` makes Python's values of a key's canonical texts; `passing` says how
    the function gets them: None, by place and as they stand."""

    def __init__(
        self, name: str, function: Callable[..., Any], parameters: list[Parameter], *, many: bool, takes_hints: bool,
        passing: Passing | None, hooks: Hooks,
    ) -> None:  # fmt: skip
        self.name, self.function, self.parameters = name, function, parameters
        self.many, self.takes_hints, self.passing, self.hooks = many, takes_hints, passing, hooks
        self.is_async = inspect.iscoroutinefunction(function)
        self.read = reader(parameters)
        self.item = _item_of([one.name for one in parameters])

    def one(self, texts: Sequence[str | None], hints: list[Any]) -> Any:
        """The function's result for one key: of an async function an awaitable."""
        return self.of_values(self.read(texts), hints)

    def of_values(self, values: Sequence[Any], hints: list[Any]) -> Any:
        """As `one`, of Python's values."""
        more = {"hints": hints} if self.takes_hints else {}
        if self.passing is not None:
            return self.passing.call(self.function, values, more)
        return self.function(*values, **more)

    def all(self, keys: Sequence[Sequence[str | None]], hints: list[list[Any]]) -> tuple[list[Any], Any]:
        """Of a function that takes many keys: what it was given for each, and its result."""
        given = [self.read(texts) for texts in keys]
        items = [self.item(values) for values in given]
        return items, self.function(items, hints=hints) if self.takes_hints else self.function(items)


def _item_of(names: list[str]) -> Callable[[tuple[Any, ...]], Any]:
    """What a function of many keys gets for one of them: the parameter, or a named tuple of several."""
    if len(names) == 1:
        return lambda values: values[0]
    kind: Any = namedtuple("Key", names, rename=True)  # type: ignore[misc]  # the names are known only here
    make: Callable[[Iterable[Any]], Any] = kind._make
    return make


class Product(Generic[P, R]):
    """A decorated function: called, it reads the cache, and the function computes only what is not there.
    `function` is the function itself; `compute` is another name for it."""

    def __init__(
        self, function: Callable[P, R], name: str, computation: Computation, fields: Mapping[str, Any]
    ) -> None:
        self.function = self.compute = function
        self.name, self.computation, self.fields = name, computation, fields
        self.__doc__, self.__name__ = function.__doc__, getattr(function, "__name__", name)
        self.__module__, self.__qualname__ = function.__module__, getattr(function, "__qualname__", name)
        self.__wrapped__ = function
        self._binding = Binding(name, function, computation.parameters, computation.many)
        self._in_order = self._binding.in_order

    @property
    def parameters(self) -> list[Parameter]:
        return self.computation.parameters

    @property
    def is_async(self) -> bool:
        return self.computation.is_async

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = current().call(self, self.values(*args, **kwargs))
        return result

    def values(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The parameters of a call, whose arguments are those of the function, in the key's order. Raises TypeError."""
        if not kwargs and len(args) == self._in_order:
            return args
        return self._binding.values(args, kwargs)

    def __repr__(self) -> str:
        return f"<kck.product {self.name}>"


@overload
def product(function: Callable[P, R], /) -> Product[P, R]: ...
@overload
def product(
    *, name: str | None = ..., keys: Iterable[str] | None = ..., parameters: ParametersOption | None = ...,
    every: Duration | None = ..., cron: str | None = ..., timezone: str | None = ..., jitter: float | None = ...,
    expire: Duration | None = ..., stale: Duration | None = ..., on_stale: Literal["serve", "wait"] | None = ...,
    wait: Duration | None = ..., on_miss: Literal["prime", "error"] | None = ...,
    empty: Literal["error", "value"] | Mapping[str, Any] | None = ..., after_primes: KeyTemplates | None = ...,
    after_updates: KeyTemplates | None = ..., domain_key: str | None = ..., on_boot: bool | None = ...,
    fresh: Duration | None = ..., access: str | Mapping[str, Any] | None = ..., settable: bool | None = ...,
    cache_control: Mapping[str, Any] | None = ..., compress: bool | None = ..., database: str | None = ...,
    timeout: Duration | None = ..., description: str | None = ..., many: Literal[False] = ...,
) -> Callable[[Callable[P, R]], Product[P, R]]: ...  # fmt: skip
@overload
def product(*, many: bool, **options: Any) -> Callable[[Callable[..., Any]], Product[..., Any]]: ...
def product(function: Callable[..., Any] | None = None, /, *, many: bool = False, **options: Any) -> Any:
    """Makes a product of a function: docs/python.md lists the options."""
    if function is not None:
        return product()(function)
    unknown = [name for name in options if name not in _product_fields.OPTIONS]
    if unknown:
        raise TypeError(f"kck.product() has no option {unknown[0]!r}")

    def decorate(function: Callable[..., Any]) -> Any:
        made = define(lambda: _of_function(function, many, options))
        # Where faults are collected, the module is only read for more of them.
        return function if made is None else Product(function, made.name, made.target, made.fields)

    return decorate


def _of_function(function: Callable[..., Any], many: bool, options: Mapping[str, Any]) -> Definition:
    if not callable(function) or isinstance(function, type):
        raise fault(f"{function!r} is no function", "decorate a function; for a class, derive from kck.Primer")
    name = options.get("name") or function.__name__
    description = options.get("description") or description_of(function)
    return make_product(function, name, many, {**options, "description": description}, {})


def make_product(
    function: Callable[..., Any], name: str, many: bool, options: Mapping[str, Any], hooks: Hooks
) -> Definition:
    """Raises KCKDefinitionError."""
    qualified = getattr(function, "__qualname__", name)
    parameters, takes_hints = _arguments(function, many, options)
    passing = None if many else passing_of(function, [one.name for one in parameters])
    fields = {"name": name, **_product_fields.fields_of(options)}
    if parameters:
        fields["parameters"] = [one.fields() for one in parameters]
    computation = Computation(
        name, function, parameters, many=many, takes_hints=takes_hints, passing=passing, hooks=hooks
    )
    file, line = caller()
    told = [hook for hook in hooks if hook not in PRIME_HOOKS]
    return Definition("product", name, file, line, qualified, computation.is_async, fields, computation, many, told)


def _arguments(
    function: Callable[..., Any], many: bool, options: Mapping[str, Any]
) -> tuple[list[Parameter], bool]:
    """The parameters, and whether the function takes hints."""
    signature = of_signature(function, skip=_all_names(function) if many else ())
    given = options.get("parameters")
    if given is None:
        given = options.get("keys")
    if many:
        _check_many(function, given)
        return of_option(given or ()), signature.takes_hints
    if given is None:
        if signature.open:
            raise fault(f"{function.__qualname__} takes any number of arguments", "name each, or give parameters=")
        return signature.parameters, signature.takes_hints
    parameters = of_option(given, signature.parameters)
    _check_names(function, signature, parameters)
    return parameters, signature.takes_hints


def _all_names(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _check_many(function: Callable[..., Any], given: Any) -> None:
    if not given:
        raise fault(f"{function.__qualname__} takes many keys, of parameters that nothing names",
                    'give parameters=, as [{"name": "id", "type": "int"}]')  # fmt: skip
    positional = [one for one in _all_names(function) if one != "hints"]
    if len(positional) != 1:
        raise fault(f"{function.__qualname__} takes {len(positional)} arguments, and with many=True gets one",
                    "let it take the list of keys, and hints if it wants them")  # fmt: skip


def _check_names(function: Callable[..., Any], signature: Signature, parameters: list[Parameter]) -> None:
    names = [one.name for one in parameters]
    known = [one.name for one in signature.parameters]
    missing = sorted(signature.required - set(names))
    if missing:
        raise fault(f"{function.__qualname__} needs {missing[0]}, which is no parameter", "name it in parameters= too")
    unknown = [name for name in names if name not in known]
    if unknown and not signature.open:
        raise fault(f"{function.__qualname__} has no argument {unknown[0]}", f"it has {', '.join(known) or 'none'}")

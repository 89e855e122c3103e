"""The decorators of KCK 0.6, with their names and arguments."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from kck._definitions import definitions
from kck._runtime import current
from kck.products import Computation, Product, product

P = ParamSpec("P")
R = TypeVar("R")


def kckprime(
    *, name: str, keys: Iterable[str] | None = None, **options: Any
) -> Callable[[Callable[P, R]], Product[P, R]]:
    """As `product`, whose options it takes as well: a call reads the cache, and computes what is not there."""
    return product(name=name, keys=keys, **{"on_miss": "prime", **options})


def kckrefresh(
    *, name: str, keys: Iterable[str] = (), param_keys: Mapping[str, str] | None = None,
    compute: Callable[..., Any] | None = None, queued: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:  # fmt: skip
    """For a function that writes: once it has run, the product's key is computed again. `keys`: the product's
    parameters in their order; `param_keys`: of each the argument of the decorated function that has its value, where
    that is called otherwise. `compute`: what computes the product, where nothing else says so. `queued`: without
    waiting for it."""
    names = list(keys)
    arguments = {**dict(zip(names, names, strict=True)), **(param_keys or {})}
    if compute is not None and _defined(name) is None:
        product(name=name, keys=names, on_miss="prime")(compute)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        def values(args: Any, kwargs: Any) -> list[Any]:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            known = dict(given.arguments)
            for one in signature.parameters.values():
                if one.kind is one.VAR_KEYWORD:
                    known.update(known.pop(one.name))
            return [known[arguments[one]] for one in names]

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                result = await function(*args, **kwargs)
                await _renew(name, values(args, kwargs), queued, True)
                return result

            return call_async  # type: ignore[return-value]

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            _renew(name, values(args, kwargs), queued, False)
            return result

        return call

    return decorate


@dataclass(frozen=True)
class _Computed:
    name: str
    computation: Computation
    fields: Mapping[str, Any]


def _defined(name: str) -> _Computed | None:
    """What this process knows of the product."""
    for made in reversed(definitions):
        if made.kind == "product" and made.name == name:
            return _Computed(name, made.target, made.fields)
    return None


def _renew(name: str, values: list[Any], queued: bool, is_async: bool) -> Any:
    runtime = current()
    renew = getattr(runtime, "renew", None)
    if renew is not None:
        return renew(_defined(name), name, values, queued, is_async)
    return (runtime.aio if is_async else runtime).refresh(name, *values)  # in a worker the server computes it

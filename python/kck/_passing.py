"""How the values of a key get into a function, and the arguments of a call into a key: both as the function's signature
has them, whatever the key's order is. Nothing changes once it is made; any thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kck._parameters import HINTS, Parameter, fault

_EMPTY = inspect.Parameter.empty
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_MANY = inspect.Parameter("keys", inspect.Parameter.VAR_POSITIONAL)


class Passing(NamedTuple):
    """Which of a key's values a function gets by place, and which by name."""

    places: tuple[int, ...]
    names: tuple[tuple[str, int], ...]

    def call(self, function: Callable[..., Any], values: Sequence[Any], more: Mapping[str, Any]) -> Any:
        by_name = {name: values[place] for name, place in self.names}
        return function(*[values[place] for place in self.places], **by_name, **more)


def passing_of(function: Callable[..., Any], names: Sequence[str]) -> Passing | None:
    """None: all by place, in the key's order. Raises KCKDefinitionError for what can be given neither way."""
    by_place = _by_place(function, names)
    if by_place == list(names):
        return None
    by_name = [name for name in names if name not in by_place]
    check_by_name(function, by_name)
    return Passing(tuple(map(names.index, by_place)), tuple((name, names.index(name)) for name in by_name))


def check_by_name(function: Callable[..., Any], names: Iterable[str]) -> None:
    """Raises KCKDefinitionError where the function takes one of them not by its name."""
    arguments = inspect.signature(function).parameters.values()
    known = _named(arguments)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in arguments)
    for name in names:
        if known[name].kind not in _BY_NAME if name in known else not takes_any:
            raise fault(f"{function.__qualname__} cannot be given {name}: it takes it by its place alone",
                        "let it take it by name")  # fmt: skip


def _by_place(function: Callable[..., Any], names: Sequence[str]) -> list[str]:
    """The names that stand before the function's first argument that none of them is, in the function's order."""
    arguments = inspect.signature(function).parameters.values()
    known = _named(arguments)
    found: list[str] = []
    for one in arguments:
        if one.kind is one.VAR_POSITIONAL:
            return found + [name for name in names if name not in known]
        if one.kind not in _BY_PLACE or one.name not in names:
            break
        found.append(one.name)
    return found


def _named(arguments: Iterable[inspect.Parameter]) -> dict[str, inspect.Parameter]:
    return {one.name: one for one in arguments if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}


class Binding:
    """Makes the values of a key of a call's arguments: the function's without `hints`. What is left out has the
    function's default; without one, it is None where that is allowed. Of a function of many keys the arguments are the
    key's parameters. `in_order`: so many arguments, all given by place, are the values as they stand; -1 for none."""

    def __init__(self, name: str, function: Callable[..., Any], parameters: Sequence[Parameter], many: bool) -> None:
        own = [_MANY] if many else inspect.signature(function).parameters.values()
        self._name, self._names = name, [one.name for one in parameters]
        arguments = list(_arguments_of_call(own, self._names))
        self._defaults: dict[str, Any] = {one.name: None for one in parameters if one.nullable}
        self._defaults |= {one.name: one.default for one in arguments if one.default is not _EMPTY}
        self._signature = inspect.Signature([one.replace(default=_EMPTY) for one in arguments])
        by_place = [one.name for one in arguments if one.kind in _BY_PLACE]
        self.in_order = len(parameters) if by_place[: len(parameters)] == self._names else -1

    def values(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """In the key's order. Raises TypeError."""
        given = self._signature.bind_partial(*args, **kwargs).arguments
        for name in given:
            if name not in self._names:  # what is computed with it would be kept as of its default
                raise TypeError(f"{self._name}: {name} is no parameter of the key")
        return tuple([self._value(name, given) for name in self._names])

    def _value(self, name: str, given: Mapping[str, Any]) -> Any:
        if name in given:
            return given[name]
        if name in self._defaults:
            return self._defaults[name]
        raise TypeError(f"{self._name} needs the parameter {name}")


def _arguments_of_call(own: Collection[inspect.Parameter], names: Iterable[str]) -> Iterator[inspect.Parameter]:
    """The function's own, and in place of its *args or **kwargs those of the names that it has not."""
    known = _named(own)
    others = [name for name in names if name not in known]
    for one in own:
        if one.kind is one.VAR_POSITIONAL:
            yield from [inspect.Parameter(other, one.POSITIONAL_OR_KEYWORD) for other in others]
            others = []
        elif one.kind is one.VAR_KEYWORD:
            yield from [inspect.Parameter(other, one.KEYWORD_ONLY) for other in others]
        elif one.name != HINTS:
            yield one

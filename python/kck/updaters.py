"""Writes that Python does: `updater` makes an updater of a function, `Updater` one of a class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from kck._definitions import Definition, caller, define, description_of, without_none
from kck._durations import Duration, seconds
from kck._hooks import UPDATE_HOOKS, Hooks, hooks_of
from kck._parameters import Parameter, fault, of_option, of_signature
from kck._passing import check_by_name

ACTIONS = ("insert", "update", "delete")
_ACTION = "action"  # the argument that a function takes it as
_NAMES = ("name", "description", "database", "access", "parameters", "primary_key", "timeout")


class Write:
    """How a worker writes. `functions`: for each action the function, and the names of what it takes."""

    def __init__(
        self, functions: Mapping[str, tuple[Callable[..., Any], frozenset[str]]], parameters: Sequence[Parameter],
        hooks: Hooks,
    ) -> None:  # fmt: skip
        self._functions, self.hooks = functions, hooks
        self.parameters = list(parameters)
        self._by_name = {one.name: one for one in parameters}

    def values(self, texts: Mapping[str, str | None]) -> dict[str, Any]:
        return {name: self._by_name[name].value(text) for name, text in texts.items()}

    def write(self, action: str, texts: Mapping[str, str | None]) -> Any:
        """What the function returns; of an async one an awaitable."""
        function, takes = self._functions[action]
        given = self.values(texts)
        if _ACTION in takes:
            given[_ACTION] = action
        return function(**{name: value for name, value in given.items() if name in takes})


def updater(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None,
    primary_key: str | Iterable[str] = (), actions: Iterable[str] | None = None,
    parameters: Iterable[str | Mapping[str, Any]] | None = None, database: str | None = None,
    access: str | Mapping[str, Any] | None = None, timeout: Duration | None = None, description: str | None = None,
) -> Any:  # fmt: skip
    """Makes an updater of a function; it stays what it is, and may be called. Its arguments are what a write gives. One
    that takes an argument `action` serves insert, update and delete, any other one insert and, with a primary key,
    update; `actions` chooses among them."""
    options = {"primary_key": primary_key, "parameters": parameters, "database": database, "access": access,
               "timeout": timeout, "description": description}  # fmt: skip

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        define(lambda: _of_function(function, name or function.__name__, actions, options))
        return function

    return decorate if function is None else decorate(function)


def _of_function(
    function: Callable[..., Any], name: str, actions: Iterable[str] | None, options: dict[str, Any]
) -> Definition:
    takes_action = _ACTION in inspect.signature(function).parameters
    if actions is None:
        actions = ACTIONS if takes_action else ACTIONS[: 2 if options["primary_key"] else 1]
    described = options["description"] or description_of(function)
    functions = {_known(action): function for action in actions}
    return make_updater(functions, name, {**options, "description": described}, {})


def _known(action: str) -> str:
    if action not in ACTIONS:
        raise fault(f"{action!r} is no action", f"one of {', '.join(ACTIONS)}")
    return action


class Updater:
    """An updater of a class: its methods insert, update and delete, of which it has one at least, take what a write
    gives, and may be async, all of them or none. The options of `kck.updater` are attributes; `name` is the class's
    unless given. `abstract = True`: no updater, a class that others derive from; so is one with none of the methods.

    Hooks: pre_update and post_update take what they want of key, action, params, value, hints."""

    name: ClassVar[str]
    primary_key: ClassVar[str | Iterable[str]] = ()
    abstract: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if not cls.__dict__.get("abstract", False) and any(hasattr(cls, action) for action in ACTIONS):
            define(lambda: _of_class(cls))


def _of_class(cls: type[Updater]) -> Definition:
    made = cls()
    functions = {action: getattr(made, action) for action in ACTIONS if hasattr(made, action)}
    options = {name: getattr(cls, name) for name in _NAMES if hasattr(cls, name)}
    options.setdefault("description", description_of(cls) if cls.__doc__ else None)
    hooks = hooks_of(made, UPDATE_HOOKS, any(map(inspect.iscoroutinefunction, functions.values())))
    return make_updater(functions, options.get("name", cls.__name__), options, hooks, cls.__qualname__)


def make_updater(
    functions: Mapping[str, Callable[..., Any]], name: str, options: Mapping[str, Any], hooks: Hooks,
    qualified: str | None = None,
) -> Definition:  # fmt: skip
    """Raises KCKDefinitionError."""
    is_async = {inspect.iscoroutinefunction(function) for function in functions.values()}
    if len(is_async) > 1:
        raise fault(f"of the methods of {name} some are async, and some are not", "let all of them be async, or none")
    key = options.get("primary_key") or ()
    key = [key] if isinstance(key, str) else list(key)
    parameters, taken = _parameters(functions, key, options.get("parameters"))
    fields = without_none({
        "name": name, **{one: options.get(one) for one in ("description", "database", "access")},
        "parameters": [one.fields() for one in parameters],
        "actions": {action: [one.name for one in parameters if one.name in taken[action]] for action in functions},
    })  # fmt: skip
    if options.get("timeout") is not None:
        fields["timeout_ms"] = round(seconds(options["timeout"], "timeout") * 1000)
    file, line = caller()
    target = Write({action: (function, taken[action]) for action, function in functions.items()}, parameters, hooks)
    first = next(iter(functions.values()))
    return Definition("updater", name, file, line, qualified or first.__qualname__, is_async.pop(), fields, target)


def _parameters(
    functions: Mapping[str, Callable[..., Any]], key: Sequence[str], given: Any
) -> tuple[list[Parameter], dict[str, frozenset[str]]]:
    """The parameters, the key's first, and what each action's function takes of them."""
    known: dict[str, Parameter] = {}
    taken: dict[str, frozenset[str]] = {}
    listed = None if given is None else of_option(given)
    for action, function in functions.items():
        signature = of_signature(function, skip=[_ACTION])
        names = {one.name for one in (listed or [] if signature.open else signature.parameters)}
        for one in signature.parameters:
            known.setdefault(one.name, one)
        taken[action] = frozenset(names | (inspect.signature(function).parameters.keys() & {_ACTION}))
        if signature.open and listed is None:
            raise fault(f"{function.__qualname__} takes any number of arguments", "name each one, or give parameters=")
    parameters = list(known.values()) if given is None else of_option(given, known.values())
    marked = [*key, *[one.name for one in parameters if one.primary_key]]
    _check(functions, parameters, marked, taken)
    made = [_with_marks(one, marked) for one in parameters]
    return sorted(made, key=lambda one: not one.primary_key), taken


def _check(
    functions: Mapping[str, Callable[..., Any]], parameters: Sequence[Parameter], key: Sequence[str],
    taken: Mapping[str, frozenset[str]],
) -> None:  # fmt: skip
    names = {one.name for one in parameters}
    for name in key:
        if name not in names:
            raise fault(f"the primary key has {name}, which is no parameter", f"one of {', '.join(sorted(names))}")
    for action, function in functions.items():
        unknown = sorted(taken[action] - names - {_ACTION})
        if unknown:
            raise fault(f"{function.__qualname__} takes {unknown[0]}, which is no parameter",
                        "name it in parameters= too")  # fmt: skip
        check_by_name(function, sorted(taken[action]))
        missing = [name for name in key if name not in taken[action]]
        if missing and action != "insert":
            raise fault(f"{function.__qualname__} does not take {missing[0]} of the primary key",
                        "without it, it would write to rows of other keys")  # fmt: skip


def _with_marks(one: Parameter, key: Sequence[str]) -> Parameter:
    """What has a default may be left out: it is NULL to the server, and the default to the function."""
    optional = one.nullable or one.default is not inspect.Parameter.empty
    return replace(one, nullable=optional and one.name not in key, primary_key=one.name in key)

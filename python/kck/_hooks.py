"""Hooks: functions of a class that are called before and after what happens to its keys."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kck._parameters import fault

PRIME_HOOKS = ("pre_prime", "post_prime")  # a worker calls these, around the function
VALUE_HOOKS = ("result_filter", "compute_augmented_value")  # of these the server takes what they return
UPDATE_HOOKS = ("pre_update", "post_update")
PRODUCT_HOOKS = (*PRIME_HOOKS, "pre_set", "post_set", "pre_refresh", "post_refresh", "pre_purge", "post_purge")

Hook = Callable[[Mapping[str, Any]], Any]
Hooks = dict[str, list[Hook]]


def hooks_of(owner: Any, names: tuple[str, ...], is_async: bool) -> Hooks:
    """The methods of these names, and what its attribute `hooks` lists: {name: [function or (key, function)]}. Raises
    KCKDefinitionError."""
    hooks: Hooks = {}
    listed = getattr(owner, "hooks", None) or {}
    for name in names:
        for function, param_key in _functions(owner, listed, name):
            if inspect.iscoroutinefunction(function) and not is_async:
                raise fault(f"the hook {name} is async, and what it belongs to is not",
                            f"write def {name}, not async def")  # fmt: skip
            hooks.setdefault(name, []).append(_hook(function, param_key))
    return hooks


def _functions(owner: Any, listed: Mapping[str, Any], name: str) -> Iterator[tuple[Callable[..., Any], str | None]]:
    method = getattr(owner, name, None)
    if callable(method):
        yield method, None
    for item in listed.get(name) or ():
        yield (item, None) if callable(item) else (item[1], item[0])


def _hook(function: Callable[..., Any], param_key: str | None) -> Hook:
    """Calls it with what it takes of key, params, value, hints and param_key."""
    arguments = inspect.signature(function).parameters.values()
    takes_all = any(one.kind is one.VAR_KEYWORD for one in arguments)
    names = {one.name for one in arguments}

    def call(facts: Mapping[str, Any]) -> Any:
        known = facts if param_key is None else {**facts, "param_key": param_key}
        return function(**{name: value for name, value in known.items() if takes_all or name in names})

    return call

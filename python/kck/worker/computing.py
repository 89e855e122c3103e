"""What a call becomes: the arguments of the user's function before it, the items of the result after it. No threads, no
sockets. A call is a dict as the server sent it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kck import keys
from kck._definitions import Definition
from kck._hooks import VALUE_HOOKS, Hook, Hooks
from kck.errors import KCKError, KCKKeyNotSetException
from kck.products import Computation
from kck.values import encode
from kck.worker.errors import item_of

Message = dict[str, Any]
Item = dict[str, Any]
_NO_VALUE: Item = {"empty": True}


class Begun:
    """A call whose function was called. `result`: of an async one an awaitable; `items`: what the result says."""

    __slots__ = ("result", "items")

    def __init__(self, result: Any, items: Callable[[Any], list[Item]]) -> None:
        self.result, self.items = result, items


def begin(definition: Definition, call: Message) -> Begun:
    """Raises what the user's code raises."""
    return _BEGIN[call["kind"]](definition, call)


def hooks_before(definition: Definition, call: Message) -> tuple[list[Hook], Message]:
    """Those that come before the function, and what they are told."""
    hooks: Hooks = getattr(definition.target, "hooks", {})
    if not hooks or call["kind"] not in ("prime", "update"):
        return [], {}
    return hooks.get(f"pre_{call['kind']}", []), _facts(definition, call)


def hooks_after(definition: Definition, call: Message, value: Any) -> tuple[list[Hook], Message]:
    hooks: Hooks = getattr(definition.target, "hooks", {})
    if not hooks or call["kind"] not in ("prime", "update"):
        return [], {}
    return hooks.get(f"post_{call['kind']}", []), {**_facts(definition, call), "value": value}


def _facts(definition: Definition, call: Message) -> Message:
    if call["kind"] == "update":
        params = definition.target.values(call["params"])
        return {"key": definition.name, "params": params, "action": call["action"], "hints": []}
    texts = call["keys"][0]
    return {"key": keys.key(definition.name, *texts), "params": params_of(definition, texts),
            "hints": hints_of(call["hints"])}  # fmt: skip


def params_of(definition: Definition, texts: Sequence[str | None]) -> dict[str, Any]:
    parameters = definition.target.parameters
    return {one.name: one.value(text) for one, text in zip(parameters, texts, strict=not definition.hooks_only)}


def hints_of(listed: Sequence[Sequence[str]]) -> list[Any]:
    """Of the first key."""
    return [json.loads(hint) for hint in listed[0]] if listed and listed[0] else []


def _prime(definition: Definition, call: Message) -> Begun:
    computation: Computation = definition.target
    if computation.many:
        hints = [[json.loads(hint) for hint in one] for one in call["hints"]] if computation.takes_hints else []
        given, result = computation.all(call["keys"], hints)
        return Begun(result, lambda value: _items_of_many(given, value))
    hints = hints_of(call["hints"]) if computation.takes_hints else []
    return Begun(computation.one(call["keys"][0], hints), lambda value: [{"value": encode(value)}])


def _items_of_many(given: Sequence[Any], value: Any) -> list[Item]:
    if isinstance(value, Mapping):
        return [_item(value[one]) if one in value else dict(_NO_VALUE) for one in given]
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise KCKError(f"a function of many keys returned a {type(value).__name__}: let it be a dict, or a list in "
                       "the order of the keys")  # fmt: skip
    if len(value) != len(given):
        raise KCKError(f"a function of many keys returned {len(value)} values for {len(given)} keys: let it return a "
                       "dict where some have none")  # fmt: skip
    return [_item(one) for one in value]


def _item(value: Any) -> Item:
    if isinstance(value, BaseException):
        return failed(value)
    try:
        return {"value": encode(value)}
    except KCKError as error:
        return failed(error)


def failed(error: BaseException) -> Item:
    return dict(_NO_VALUE) if isinstance(error, KCKKeyNotSetException) else item_of(error)


def _update(definition: Definition, call: Message) -> Begun:
    return Begun(definition.target.write(call["action"], call["params"]), lambda value: [_written(value)])


def _written(value: Any) -> Item:
    """Of what an updater's function returned: how many rows, or the rows that it wrote."""
    if value is None:
        return {"rows": 1, "returning": b"[]"}
    if isinstance(value, int):
        return {"rows": int(value), "returning": b"[]"}
    rows = [value] if isinstance(value, Mapping) else list(value) if isinstance(value, (list, tuple)) else None
    if rows is None:
        raise KCKError(f"an updater returned a {type(value).__name__}: let it be the number of rows, the row that it "
                       "wrote as a dict, or a list of those")  # fmt: skip
    return {"rows": len(rows), "returning": encode(rows)}


def _run(definition: Definition, call: Message) -> Begun:
    return Begun(definition.target.function(), lambda value: [{"value": encode(value)}])


def _hook(definition: Definition, call: Message) -> Begun:
    given = call.get("params") or []
    of_updater = isinstance(given, Mapping)
    params = definition.target.values(given) if of_updater else params_of(definition, given)
    value = call.get("value")
    facts = {"key": call.get("key", definition.name), "params": params, "hints": hints_of([call.get("hints") or []]),
             "value": None if value is None else json.loads(value)}  # fmt: skip
    functions = definition.target.hooks.get(call["hook"])
    if functions is None:
        raise KCKError(f"{definition.name} has no hook {call['hook']}")
    has_value = call["hook"] in VALUE_HOOKS
    results = [function(facts) if has_value else _try(function, facts) for function in functions]
    return Begun(_last(results) if definition.is_async else results[-1],
                 lambda value: [{"value": encode(value if has_value else None)}])  # fmt: skip


def _try(hook: Hook, facts: Message) -> Any:
    """One that raises keeps none of the others from being called."""
    try:
        return hook(facts)
    except Exception:
        traceback.print_exc()
        return None


async def _last(results: Sequence[Any]) -> Any:
    values = [await one if isinstance(one, Awaitable) else one for one in results]
    return values[-1]


_BEGIN: dict[str, Callable[[Definition, Message], Begun]] = {
    "prime": _prime, "update": _update, "run": _run, "hook": _hook,
}  # fmt: skip

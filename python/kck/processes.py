"""What Python does at its times: `process`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from kck._definitions import Definition, caller, define, description_of, without_none
from kck._durations import Duration, seconds
from kck._hooks import Hooks
from kck._parameters import fault
from kck._product_fields import duration

F = TypeVar("F", bound=Callable[[], Any])


class Run:
    """How a worker runs a process."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.hooks: Hooks = {}


def process(
    *, name: str | None = None, every: Duration | None = None, cron: str | None = None, timezone: str | None = None,
    jitter: float | None = None, missed: Literal["skip", "once", "all"] | None = None, timeout: Duration | None = None,
    description: str | None = None,
) -> Callable[[F], F]:  # fmt: skip
    """Makes a process of a function without parameters, which may be async; it stays what it is. The options are the
    fields of docs/reference/processes.md."""
    fields = {"every": every, "cron": cron, "timezone": timezone, "jitter": jitter, "missed": missed}

    def decorate(function: F) -> F:
        described = description or description_of(function)
        define(lambda: make_process(function, name or function.__name__, {**fields, "description": described}, timeout))
        return function

    return decorate


def make_process(
    function: Callable[[], Any], name: str, fields: dict[str, Any], timeout: Duration | None = None
) -> Definition:
    """Raises KCKDefinitionError."""
    required = [one.name for one in inspect.signature(function).parameters.values()
                if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]  # fmt: skip
    if required:
        raise fault(f"{function.__qualname__} takes {required[0]}: nobody gives a process arguments", "leave it out")
    if (fields.get("every") is None) == (fields.get("cron") is None):
        raise fault(f"the process {name} has no time, or two", "give every or cron")
    if fields.get("every") is not None:
        fields["every"] = duration(fields["every"], "every")
    if timeout is not None:
        fields["timeout_ms"] = round(seconds(timeout, "timeout") * 1000)
    file, line = caller()
    is_async = inspect.iscoroutinefunction(function)
    return Definition("process", name, file, line, function.__qualname__, is_async,
                      without_none({"name": name, **fields}), Run(function))  # fmt: skip

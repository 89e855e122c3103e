"""What decorators and classes define, in the order of their making. A worker reads it after it imported the user's
files; elsewhere it is only kept. Definitions are made while modules are imported, by one thread."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from kck._parameters import fault
from kck.errors import KCKDefinitionError

_NAME = re.compile(r"[A-Za-z0-9._-]+").fullmatch
_PACKAGE = __name__.partition(".")[0]


@dataclass
class Definition:
    """`kind`: "product", "updater" or "process"; `function`: its qualified name; `fields`: as a file in YAML has them;
    `hooks`: those that the server calls; `target`: what runs it, of the kind's class."""

    kind: str
    name: str
    file: str
    line: int
    function: str
    is_async: bool
    fields: dict[str, Any]
    target: Any
    many: bool = False
    hooks: list[str] = field(default_factory=list)
    # A class of 0.6.3: of two without a name of their own in one file the last by its class's name is taken.
    of_06: bool = False
    hooks_only: bool = False  # the hooks of what another file defines


@dataclass
class Fault:
    """`line`: 0 for none."""

    file: str
    line: int
    message: str
    cure: str = ""


definitions: list[Definition] = []
_faults: list[Fault] | None = None  # None: a fault is raised


def collect_faults() -> list[Fault]:
    """From now on a fault of a definition joins this list, so that all of them are found."""
    global _faults
    _faults = []
    return _faults


def define(make: Callable[[], Definition]) -> Definition | None:
    """Keeps what `make` makes. None where it raised KCKDefinitionError and faults are collected."""
    try:
        made = make()
        check_name(made.name)
    except KCKDefinitionError as error:
        if _faults is None:
            raise
        file, line = caller()
        _faults.append(Fault(file, line, str(error), error.cure))
        return None
    definitions.append(made)
    return made


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME(name):
        raise fault(f"{name!r} is no name", "a name has letters, digits, _, - and .")


def caller() -> tuple[str, int]:
    """File and line of the user's code that called into this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def description_of(documented: Any) -> str | None:
    """The first paragraph of its own docstring, on one line."""
    text = inspect.cleandoc(documented.__doc__ or "").partition("\n\n")[0]
    return " ".join(text.split()) or None


def without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

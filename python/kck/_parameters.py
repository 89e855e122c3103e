"""Parameters of products and updaters: from a function's signature, and from canonical text to Python's values."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kck.errors import KCKDefinitionError

HINTS = "hints"  # the argument of this name is no parameter: it takes what is known of the change


def _timestamp(text: str) -> datetime:
    text = text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else "")
    moment, dot, rest = text.partition(".")
    if not dot:
        return datetime.fromisoformat(text)
    digits, plus, zone = rest.partition("+")
    return datetime.fromisoformat(f"{moment}.{digits:0<6}{plus}{zone}")


_READERS: dict[str, Callable[[str], Any]] = {
    "int": int, "float": float, "string": str, "date": date.fromisoformat, "timestamp": _timestamp, "uuid": UUID,
    "bool": lambda text: text == "true",
}  # fmt: skip
_OF_ANNOTATION: dict[Any, str] = {
    int: "int", float: "float", str: "string", bool: "bool", date: "date", datetime: "timestamp", UUID: "uuid",
    Any: "string", object: "string",
}  # fmt: skip
_FIELDS = ("name", "type", "nullable", "primary_key", "description", "example")


@dataclass(frozen=True)
class Parameter:
    """`default`: what stands for NULL, in place of None; inspect.Parameter.empty where there is none."""

    name: str
    type: str = "string"
    nullable: bool = False
    primary_key: bool = False
    description: str | None = None
    example: Any = None
    default: Any = field(default=inspect.Parameter.empty, compare=False)

    def value(self, text: str | None) -> Any:
        """Python's value of a canonical spelling."""
        if text is None:
            return None if self.default is inspect.Parameter.empty else self.default
        return _READERS[self.type](text)

    def fields(self) -> dict[str, Any]:
        """As a definition in YAML has them, without what is as it would be anyway."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in fields.items() if value not in (None, False)}


def reader(parameters: Sequence[Parameter]) -> Callable[[Sequence[str | None]], tuple[Any, ...]]:
    """What makes Python's values of a key's parameters."""
    if all(one.type == "string" and not one.nullable for one in parameters):
        return tuple
    readers = [one.value for one in parameters]
    return lambda texts: tuple([read(text) for read, text in zip(readers, texts, strict=True)])


def fault(message: str, cure: str = "") -> KCKDefinitionError:
    error = KCKDefinitionError(message)
    error.message, error.cure = message, cure
    return error


@dataclass(frozen=True)
class Signature:
    """`parameters`: without `hints` and what was skipped. `required`: names of those without a default. `open`: it
    takes any number more."""

    parameters: list[Parameter]
    required: frozenset[str]
    takes_hints: bool
    open: bool


def of_signature(function: Callable[..., Any], *, skip: Iterable[str] = ()) -> Signature:
    """What a function takes. Raises KCKDefinitionError for what can be no parameter."""
    name = getattr(function, "__qualname__", repr(function))
    arguments = inspect.signature(function).parameters
    try:
        annotations = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise fault(f"{name}: an annotation is not known: {error}", "import it, at run time too") from error
    parameters, required, is_open = [], set(), False
    for argument in arguments.values():
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            is_open = True
        elif argument.name != HINTS and argument.name not in skip:
            parameters.append(_of_argument(name, argument, annotations))
            if argument.default is argument.empty:
                required.add(argument.name)
    return Signature(parameters, frozenset(required), HINTS in arguments, is_open)


def _of_argument(function: str, argument: inspect.Parameter, annotations: Mapping[str, Any]) -> Parameter:
    kind, nullable = _of_annotation(annotations.get(argument.name, str))
    if kind is None:
        shown = getattr(annotations[argument.name], "__name__", annotations[argument.name])
        raise fault(
            f"{function}: {argument.name} is a {shown}, which no parameter can be",
            "parameters are int, float, str, bool, date, datetime and UUID, or one of these or None",
        )
    if argument.default is None:
        nullable = True
    return Parameter(argument.name, kind, nullable, default=argument.empty if nullable else argument.default)


def _of_annotation(annotation: Any) -> tuple[str | None, bool]:
    """The type of a parameter, and whether it is nullable."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = annotation.__origin__
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [one for one in typing.get_args(annotation) if one is not type(None)]
        return (_of_annotation(members[0])[0] if len(members) == 1 else None), True
    while hasattr(annotation, "__supertype__"):
        annotation = annotation.__supertype__
    return _OF_ANNOTATION.get(annotation), False


def of_option(given: Iterable[str | Mapping[str, Any]], known: Iterable[Parameter] = ()) -> list[Parameter]:
    """What `parameters=` or `keys=` say: names, whose types are those of `known`, or mappings as in YAML."""
    by_name = {one.name: one for one in known}
    if isinstance(given, (str, Mapping)):
        given = [given]
    return [_of_item(item, by_name) for item in given]


def _of_item(item: str | Mapping[str, Any], known: Mapping[str, Parameter]) -> Parameter:
    if isinstance(item, str):
        return known.get(item, Parameter(item))
    unknown = [key for key in item if key not in _FIELDS]
    if unknown or not isinstance(item.get("name"), str):
        raise fault(
            f"a parameter has no field {unknown[0]!r}" if unknown else f"the parameter {dict(item)!r} has no name",
            "parameters have name, type, nullable, primary_key, description and example",
        )
    if item.get("type", "string") not in _READERS and item.get("type") != "str":
        raise fault(f"{item['name']}: no parameter has the type {item['type']!r}", f"one of {', '.join(_READERS)}")
    made = {**item, "type": "string" if item.get("type") == "str" else item.get("type", "string")}
    if item["name"] in known:
        made["default"] = known[item["name"]].default
    return Parameter(**made)

"""The JSON of a product's value, spelled as docs/reference/types.md says. `encode` is all; no state; any thread.

Plain values go through json's encoder in C, with `_reduced` for what it does not know. It cannot write a Decimal's
digits or name the place of a fault, so a value that it refuses is written by `_Writer`, which can."""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from math import isfinite
from typing import Any
from uuid import UUID

from kck import _arrays
from kck.errors import KCKValueError

_NOT_PLAIN = object()
# What the makers of values raise of one that has no form: a date that UTC puts outside of its years, bytes with gaps.
_FAULTS = (TypeError, ValueError, OverflowError, BufferError)


class _Fields(dict[str, Any]):
    """What had its values as attributes: faults name them so."""


def encode(value: Any) -> bytes:
    """The value's JSON in UTF-8. Raises KCKValueError, which names the place inside of the value."""
    try:
        return _encode(value).encode()
    except (*_FAULTS, RecursionError, _NeedsWriterError):
        return _Writer().encode(value)


class _NeedsWriterError(Exception):
    pass


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        raise _NeedsWriterError
    plain = _reduced(value)
    if plain is _NOT_PLAIN:
        raise _NeedsWriterError
    return plain


_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_default
).encode


def _reduced(value: Any) -> Any:
    """One step towards what JSON has: a value of None, bool, int, float, str, dict or list, whose parts may be
    anything."""
    if isinstance(value, (date, time, timedelta)):
        return _time_text(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _Fields({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None and isinstance(value, pydantic.BaseModel):
        dumped = value.model_dump()
        return _Fields(dumped) if isinstance(dumped, dict) else dumped
    reduced = _arrays.reduced(value)
    if reduced is not _arrays.UNKNOWN:
        return reduced
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return _sorted(value)
    if isinstance(value, Sequence):
        return list(value)
    return _NOT_PLAIN


def _sorted(members: Set[Any]) -> list[Any]:
    """In their own order where they have one, else in that of their JSON: a set has the same JSON each time."""
    if not any(isinstance(member, Set) for member in members):
        try:
            return sorted(members)
        except TypeError:
            pass
    try:
        return sorted(members, key=encode)
    except KCKValueError:
        return list(members)  # the writer will name the member


def _time_text(value: date | time | timedelta) -> str | None:
    if value != value:
        return None  # pandas' NaT
    if isinstance(value, timedelta):
        return _interval(value)
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(timezone.utc)
        text = datetime.isoformat(value.replace(tzinfo=None))
        return _short(text) + ("" if value.tzinfo is None else "+00:00")
    if isinstance(value, date):
        return value.isoformat()
    text = _short(value.replace(tzinfo=None).isoformat())
    offset = value.isoformat()[len(value.replace(tzinfo=None).isoformat()) :]
    return text + offset.removesuffix(":00")


def _short(text: str) -> str:
    return text.rstrip("0") if "." in text else text


def _interval(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    second = _short(f"{seconds}.{value.microseconds:06}").rstrip(".")
    parts = [sign + str(count) + unit for count, unit in ((hours, "H"), (minutes, "M")) if count]
    if second != "0":
        parts.append(f"{sign}{second}S")
    days = f"{sign}{value.days}D" if value.days else ""
    return f"P{days}T{''.join(parts)}" if parts else f"P{days or 'T0S'}"


class _Writer:
    """Writes any value, and knows where it is. One per value."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._path: list[str] = ["value"]
        self._open: set[int] = set()  # the containers that are being written

    def encode(self, value: Any) -> bytes:
        try:
            self._write(value)
        except RecursionError:
            raise KCKValueError(f"{''.join(self._path[:4])}…: it is nested too deeply") from None
        return "".join(self._out).encode()

    def _fault(self, what: str) -> KCKValueError:
        return KCKValueError(f"{''.join(self._path)}: {what}")

    def _write(self, value: Any) -> None:
        if value is None or value is True or value is False:
            self._out.append("null" if value is None else "true" if value else "false")
        elif isinstance(value, str):
            self._out.append(self._string(value))
        elif isinstance(value, int):
            self._out.append(self._integer(value))
        elif isinstance(value, (float, Decimal)):
            self._out.append(_number(value))
        elif isinstance(value, (dict, list, tuple)):
            self._container(value)
        else:
            self._other(value)

    def _string(self, value: str) -> str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise self._fault(f"a str with a lone surrogate at {error.start}, which UTF-8 has not") from None
        return encode_basestring(value)

    def _integer(self, value: int) -> str:
        try:
            return int.__repr__(value)
        except ValueError:
            raise self._fault("an int with more digits than Python turns into text") from None

    def _container(self, value: Any) -> None:
        self._enter(value)
        if isinstance(value, dict):
            self._object(value)
        else:
            self._list(value)
        self._open.discard(id(value))

    def _enter(self, value: Any) -> None:
        if id(value) in self._open:
            raise self._fault(f"a {type(value).__name__} that contains itself")
        self._open.add(id(value))

    def _object(self, value: dict[Any, Any]) -> None:
        of_attributes = isinstance(value, _Fields)
        before, names = "{", set()
        for key, part in value.items():
            name = key if type(key) is str else self._key(key)
            if name in names:
                raise self._fault(f"two keys that are {name!r} as text")
            names.add(name)
            self._out.append(f"{before}{self._string(name)}:")
            self._path.append(f".{name}" if of_attributes else f"[{key!r}]" if type(key) is not str else f'["{key}"]')
            self._write(part)
            self._path.pop()
            before = ","
        self._out.append("}" if value else "{}")

    def _list(self, value: Sequence[Any]) -> None:
        before = "["
        for at, part in enumerate(value):
            self._out.append(before)
            self._path.append(f"[{at}]")
            self._write(part)
            self._path.pop()
            before = ","
        self._out.append("]" if value else "[]")

    def _other(self, value: Any) -> None:
        try:
            reduced = _reduced(value)
        except _FAULTS as error:
            raise self._fault(str(error)) from error
        if reduced is _NOT_PLAIN:
            raise self._fault(
                f"a {_type_name(value)}, which has no form in JSON: make it a str, a number, a list or a dict"
            )
        self._enter(value)
        self._write(reduced)
        self._open.discard(id(value))

    def _key(self, key: Any) -> str:
        """As json spells keys, and dates, UUIDs and Enums too."""
        if isinstance(key, Enum):
            key = key.value
        if isinstance(key, str):
            return str.__str__(key)
        if key is None or isinstance(key, bool):
            return json.dumps(key)
        if isinstance(key, int):
            return self._integer(key)
        if isinstance(key, (float, Decimal)):
            return _number(key).strip('"')
        if isinstance(key, (date, time, UUID)) or _arrays.is_scalar(key):
            reduced = _reduced(key)
            if reduced is not None and reduced is not _NOT_PLAIN:
                return self._key(reduced)
        raise self._fault(f"a key of type {_type_name(key)}: make it a str")


def _number(value: float | Decimal) -> str:
    if isinstance(value, Decimal):
        if value.is_finite():
            return format(value, "f")
        return '"NaN"' if value.is_nan() else '"Infinity"' if value > 0 else '"-Infinity"'
    if isfinite(value):
        return float.__repr__(value)
    return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"

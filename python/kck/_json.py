"""JSON in and out. No state; any thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

Loads = Callable[[bytes], Any]

_decode = json.JSONDecoder().decode


def loads(text: bytes) -> Any:
    """As json.loads, without its guesses at encodings: KCK speaks UTF-8 only. Raises ValueError."""
    return _decode(text.decode())


def dumps(value: Any) -> bytes:
    """The value's JSON. Dates, times and UUIDs become text as ISO 8601 and RFC 9562 spell them, Decimals their digits
    as text, what has a `tolist` (numpy, pandas) what that returns. Raises TypeError and, for NaN and infinities,
    ValueError."""
    return _encode(value).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    tolist = getattr(value, "tolist", None)
    if tolist is None:
        raise TypeError(f"{type(value).__name__} has no form in JSON: make it a str, number, list or dict")
    return tolist()


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode

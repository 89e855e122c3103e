"""Keys: `name/param1/param2`, as the server spells them (docs/reference/keys.md). No state; any thread."""

from __future__ import annotations

import operator
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID


class _Integer(Protocol):
    """An integer of any library: numpy's are."""

    def __index__(self) -> int: ...


Parameter = str | _Integer | float | Decimal | date | datetime | UUID | None

_UNRESERVED = "!$'()*+,;=:@"  # beside letters, digits and -._~: what canonical keys leave as it is
_SPELLED = re.compile(r"[A-Za-z0-9\-._~!$'()*+,;=:@/%]*").fullmatch  # a key that needs no more encoding
_PLAIN = re.compile(r"[A-Za-z0-9\-._~:]*").fullmatch  # a parameter that needs none


def key(name: str, *parameters: Parameter) -> str:
    """The key of a product's name and parameters, each percent-encoded: key("item", "a/b") is "item/a%2Fb". Without
    parameters: the key as it is written in `name`, with what may not stand in a path encoded ("item/ä" too).

    Raises TypeError for a parameter of a type that keys have not."""
    if parameters:
        return "/".join([_segment(name), *map(_segment, parameters)])
    return name if _SPELLED(name) else quote(name, safe=_UNRESERVED + "/%")


def _segment(parameter: Any) -> str:
    text = _text(parameter)
    if _PLAIN(text):
        return text
    # A star alone would stand for all keys of the product.
    return "%2A" if text == "*" else quote(text, safe=_UNRESERVED)


def _text(parameter: Any) -> str:
    if isinstance(parameter, str):
        return parameter
    if parameter is None:
        return "\0"
    if isinstance(parameter, bool):
        return "true" if parameter else "false"
    if isinstance(parameter, float):
        return repr(float(parameter))
    if isinstance(parameter, date):
        return parameter.isoformat()
    if isinstance(parameter, (Decimal, UUID)):
        return str(parameter)
    try:
        return str(operator.index(parameter))
    except TypeError:
        raise TypeError(f"a key has no parameters of type {type(parameter).__name__}: make it a str") from None

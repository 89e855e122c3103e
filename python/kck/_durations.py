"""Durations as docs/reference/products.md spells them. No state; any thread."""

from __future__ import annotations

import re
from datetime import timedelta

from kck.errors import KCKDefinitionError

Duration = int | float | str | timedelta

_SPELLED = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?").fullmatch
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


def seconds(value: Duration, what: str) -> int | float:
    """The duration in seconds. Raises KCKDefinitionError, which calls it `what`."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    elif isinstance(value, str):
        spelled = _SPELLED(value.strip())
        if spelled is None:
            raise _fault(value, what)
        value = float(spelled[1]) * _SECONDS[spelled[2]]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise _fault(value, what)
    return int(value) if value == int(value) else round(value, 6)


def _fault(value: object, what: str) -> KCKDefinitionError:
    error = KCKDefinitionError(f"{what}: {value!r} is no duration")
    error.message = str(error)
    error.cure = 'write seconds, a timedelta, or text as "500ms", "2s", "5m", "1h", "1d"'
    return error

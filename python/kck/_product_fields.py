"""The options of a product in Python, as the fields that a product in YAML has (docs/reference/products.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kck._definitions import without_none
from kck._durations import seconds
from kck._parameters import fault

_PLAIN = ("description", "database", "on_stale", "on_miss", "access", "settable", "cache_control", "compress")
_SECONDS = {"expire": "expire_seconds", "stale": "stale_seconds"}
_MILLISECONDS = {"wait": "wait_ms", "timeout": "timeout_ms"}
_REFRESH = ("after_primes", "after_updates", "domain_key", "on_boot", "every", "cron", "timezone", "jitter", "fresh")
OPTIONS = frozenset({"name", "keys", "parameters", "empty", *_PLAIN, *_SECONDS, *_MILLISECONDS, *_REFRESH})


def fields_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Raises KCKDefinitionError."""
    fields = {name: options.get(name) for name in _PLAIN}
    for name, field in _SECONDS.items():
        if options.get(name) is not None:
            fields[field] = seconds(options[name], name)
    for name, field in _MILLISECONDS.items():
        if options.get(name) is not None:
            fields[field] = round(seconds(options[name], name) * 1000)
    empty = options.get("empty")
    fields["empty"] = {"as": empty} if isinstance(empty, str) else empty
    refresh = without_none({name: options.get(name) for name in _REFRESH})
    for name in ("every", "fresh"):
        if name in refresh:
            refresh[name] = duration(refresh[name], name)
    if "every" in refresh and "cron" in refresh:
        raise fault("every and cron say two things", "leave one of them out")
    if refresh:
        fields["refresh"] = refresh
    return without_none(fields)


def duration(value: Any, what: str) -> Any:
    """As YAML spells it: text stays as it is."""
    number = seconds(value, what)
    return number if isinstance(value, timedelta) else value

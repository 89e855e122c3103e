"""Hints of 0.6.3: what is known of keys, so that it need not be looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

Record = dict[str, Any]


def now() -> datetime:
    """Without a zone, in UTC, as all times of 0.6.3."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def record_of(key: str, value: Any, version: Any = None, modified: datetime | None = None) -> Record:
    """An entry as 0.6.3 had it."""
    return {"success": True, "version": version, "key": key, "value": value, "tbl": None, "modified": modified or now()}


class HintsManager:
    """Records of keys, and when keys were purged. `get` answers with the newest record of a key, and asks the cache
    where there is none, or it was purged since. Each manager has its own; one thread at a time."""

    def __init__(self, cache_obj: Any = None) -> None:
        self._cache_obj = cache_obj
        self._records: dict[str, list[Record]] = {}
        self._purged: dict[str, list[datetime]] = {}

    def set_hint_key(self, cache_entry: Mapping[str, Any]) -> None:
        record = {**cache_entry, "modified": _time(cache_entry.get("modified"))}
        self._records.setdefault(record["key"], []).append(record)

    def unset_hint_key(self, key: str, unset_datetime: datetime | None = None) -> None:
        self._purged.setdefault(key, []).append(_time(unset_datetime))

    def count(self, since: datetime | None = None, exclude_keys: Collection[str] | None = None) -> int:
        """How many records there are, of other keys, that are not older."""
        return sum(1 for key, records in self._records.items() if key not in (exclude_keys or ())
                   for record in records if since is None or record["modified"] >= since)  # fmt: skip

    def get(self, key: str, prime_on_cache_miss: bool = False) -> Record:
        purged = max(self._purged.get(key, ()), default=datetime.min)
        records = [record for record in self._records.get(key, ()) if record["modified"] >= purged]
        if records:
            return max(records, key=lambda record: record["modified"])
        cache = self._cache_obj
        if cache is None:
            from kck.lib.kck_cache import KCKCache

            cache = KCKCache.get_instance()
        record: Record = cache.get(key, prime_on_cache_miss=prime_on_cache_miss)
        return record

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        hints = {key: [{**one, "modified": one["modified"].isoformat()} for one in records]
                 for key, records in self._records.items()}  # fmt: skip
        return {"hints": hints, "purged": {key: [one.isoformat() for one in times]
                                           for key, times in self._purged.items()}}  # fmt: skip

    def from_dict(self, d: Mapping[str, Any]) -> None:
        """In place of what there is."""
        self._records, self._purged = {}, {}
        self.import_from_dict(d)

    def import_from_dict(self, hints_dict: Mapping[str, Any]) -> None:
        """Beside what there is."""
        for records in (hints_dict.get("hints") or {}).values():
            for record in records:
                self.set_hint_key(record)
        for key, times in (hints_dict.get("purged") or {}).items():
            for time in times:
                self.unset_hint_key(key, _time(time))

    update_from_dict = import_from_dict


def manager_of(hints: Iterable[Any], cache_obj: Any = None) -> HintsManager:
    """Of what the server tells of the change: managers that a refresh was given, and values of other keys."""
    manager = HintsManager(cache_obj)
    for hint in hints:
        if not isinstance(hint, Mapping):
            continue
        if "primed" in hint and "value" in hint:
            manager.set_hint_key(record_of(hint["primed"], hint["value"]))
        else:
            manager.import_from_dict(hint)
    return manager


def _time(time: Any) -> datetime:
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if not isinstance(time, datetime):
        return now()
    return time if time.tzinfo is None else time.astimezone(timezone.utc).replace(tzinfo=None)

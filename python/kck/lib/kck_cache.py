"""`KCKCache` of 0.6.3, over what this process is connected to."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kck import errors
from kck._runtime import current
from kck.keys import key as spelled
from kck.lib import _registry
from kck.lib.exceptions import KCKKeyNotSetException, KCKUnknownKey, VersionedRefreshMismatchException
from kck.lib.hints import HintsManager, Record, now, record_of

if TYPE_CHECKING:
    from kck._actor06 import Actor06
    from kck.lib.kck_data import KCKData

# What a key holds that is being augmented: reading it from the cache would wait for itself.
augmented: ContextVar[Record | None] = ContextVar("kck_augmented", default=None)


class KCKCache:
    """Keys are given whole, entries are dicts: success, key, value, version, modified. One for the process; any thread.
    What 0.6.3's own workers were called for, `perform_queued_refreshes` and `do_processes`, the server does by itself,
    so that here these do nothing."""

    keysep = "/"
    key_ver_sep = ":"
    prim_cache_name = sec_cache_name = "kck"
    prime_on_cache_miss = False

    _instance: KCKCache | None = None

    def __init__(self, **options: Any) -> None:
        """The options of 0.6.3 are taken, and say nothing here."""

    @classmethod
    def get_instance(cls, new_instance: bool = False, **options: Any) -> KCKCache:
        if KCKCache._instance is None or new_instance:
            KCKCache._instance = cls(**options)
        return KCKCache._instance

    @property
    def data_obj(self) -> KCKData:
        from kck.lib.kck_data import KCKData

        return KCKData.get_instance()

    def get(self, key: str, prime_on_cache_miss: bool = False) -> Record:
        """The entry. What is not there is computed, unless its product says otherwise and `prime_on_cache_miss` is
        false. Raises KCKKeyNotSetException, KCKUnknownKey."""
        held = augmented.get()
        if held is not None and held["key"] == spelled(key):
            return held
        try:
            return _record(key, _calls().entry(key))
        except errors.KCKUnknownKey as error:
            raise _as(KCKUnknownKey(key), error) from error
        except errors.KCKKeyNotSetException as error:
            if prime_on_cache_miss:
                return self._computed(key)
            raise _as(KCKKeyNotSetException(key, self.prim_cache_name), error) from error

    def mget(self, key_list: Iterable[str], prime_on_cache_miss: bool = False) -> list[Record]:
        """An unknown key has {"success": False, "key": …, "exception": …}."""
        found: list[Record] = []
        for key in key_list:
            try:
                found.append(self.get(key, prime_on_cache_miss=prime_on_cache_miss))
            except KCKUnknownKey as error:
                found.append({"success": False, "key": key, "exception": error})
        return found

    def set(self, key: str, val: Any, expire: timedelta | None = None, version: Any = None) -> None:
        """`expire`: of a key without a product; those of a product live as it says. `version`: the server gives it."""
        _calls().set(key, val, **({} if expire is None else {"expire": expire}))

    def purge(self, key: str, version: Any = None) -> bool:
        if version is not None and self.get(key)["version"] != version:
            raise VersionedRefreshMismatchException(key)
        _calls().purge(key)
        return True

    def refresh(
        self, key: str, hints: HintsManager | None = None, queued: bool = False, version: Any = None,
        force_prime: bool = False,
    ) -> Any:  # fmt: skip
        """Has the key computed again. `queued`: once its turn comes, with the hints, and returns True; else at once,
        and returns the entry. `version`: only where the key has it, or VersionedRefreshMismatchException."""
        if queued:
            current().refresh(key, hint=hints.to_dict() if hints else None)
            return True
        if version is not None and self._version(key) != version:
            raise VersionedRefreshMismatchException(key)
        return self._computed(key)

    def _computed(self, key: str) -> Record:
        try:
            return _record(key, _calls().refresh(key, wait=True))
        except errors.KCKUnknownKey as error:
            raise _as(KCKUnknownKey(key), error) from error
        except errors.KCKKeyNotSetException as error:
            raise _as(KCKKeyNotSetException(key, self.prim_cache_name), error) from error

    def _version(self, key: str) -> Any:
        try:
            return self.get(key)["version"]
        except KCKKeyNotSetException:
            return None

    def primer_obj(self, key: str) -> Actor06:
        """The primer of that name or key, for `add_hook`: of a file in YAML or a function too."""
        return _registry.primer(key)

    def updater_obj(self, key: str) -> Actor06:
        return _registry.updater(key)

    def primer_registered(self, name: str) -> bool:
        """Whether this process has it: what YAML defines, the server knows."""
        return name in _registry.primers

    def perform_queued_refreshes(self, refresh_batch_size: int | None = None) -> None:
        """The server does it."""

    def do_processes(self) -> None:
        """The server does it."""

    @classmethod
    def build_cache_entry_dict(
        cls, key: str, version: Any, value: Any, tbl: Any = None, modified: datetime | None = None, ttl: Any = None
    ) -> Record:
        made = {**record_of(key, value, version, modified), "tbl": tbl}
        return {**made, "ttl": ttl} if ttl else made


def _calls() -> Any:
    """Calls as of `kck.Client`, with `entry`; in a worker its own."""
    runtime = current()
    return getattr(runtime, "client", runtime)


def _record(key: str, entry: Any) -> Record:
    return record_of(key, entry.value, entry.version, entry.modified.replace(tzinfo=None) if entry.modified else now())


def _as(made: Any, error: errors.KCKError) -> Any:
    made.name, made.status, made.message = error.name, error.status, error.message
    return made

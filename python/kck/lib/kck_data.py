"""`KCKData` of 0.6.3: writes through updaters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kck._runtime import current
from kck.lib import _registry
from kck.lib.kck_cache import KCKCache

if TYPE_CHECKING:
    from kck._actor06 import Actor06


class KCKData:
    """One for the process; any thread."""

    keysep = "/"
    _instance: KCKData | None = None

    def __init__(self, **options: Any) -> None:
        """The options of 0.6.3 are taken, and say nothing here."""

    @classmethod
    def get_instance(cls, **options: Any) -> KCKData:
        if KCKData._instance is None:
            KCKData._instance = cls(**options)
        return KCKData._instance

    @property
    def cache_obj(self) -> KCKCache:
        return KCKCache.get_instance()

    def update(self, keystr: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Writes through the updater that `keystr` names: an update where its primary key is in `keystr` or `data`,
        else an insert. {"success": True, "rows": …, "returning": …}."""
        name, *key = [unquote(part) for part in keystr.split(self.keysep)]
        written = current().update(name, data, *key)
        return {"success": True, "rows": written.rows, "returning": written.returning}

    def updater(self, name: str) -> Actor06:
        return _registry.updater(name)

    updater_obj = updater

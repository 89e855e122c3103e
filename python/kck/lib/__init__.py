"""The modules of KCK 0.6.3 by their names, for folders that were written for it (docs/compat.md)."""

from kck.lib.kck_cache import KCKCache

__all__ = ["KCKCache"]

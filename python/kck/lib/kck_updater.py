"""`KCKUpdater` of 0.6.3."""

from kck.updater06 import KCKUpdater

__all__ = ["KCKUpdater"]

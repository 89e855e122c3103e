"""What begins anew in a forked process: locks that a thread of the parent may have held, connections that are the
parent's."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class BeginsAnew(Protocol):
    def begin_anew(self) -> None:
        """In the forked process, before anything else of it runs."""


_all: weakref.WeakSet[BeginsAnew] = weakref.WeakSet()


def begin_anew_after_fork(one: BeginsAnew) -> None:
    """From now on, for as long as there is one. In no order."""
    _all.add(one)


def _after_fork() -> None:
    for one in list(_all):
        one.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

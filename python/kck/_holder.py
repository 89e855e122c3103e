"""This process as a holder of leases: a connection on which nothing else is asked. The server learns by its end that
the process has ended, however that came about, and gives its leases to the next ones."""

from __future__ import annotations

import copy
import itertools
import threading

from kck import _lease_calls
from kck._base import tls_context
from kck._forks import begin_anew_after_fork
from kck._pool import Pool
from kck.client import Client


class Holder:
    """Any thread. In a forked process it is another holder: the pool closes the child's copy of the connection."""

    def __init__(self, client: Client) -> None:
        self._client = copy.copy(client)
        self._client._pool = Pool(client._address, tls_context(client._address, client._tls), 1)
        self._numbers = itertools.count(1)
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._name = ""

    @property
    def is_known(self) -> bool:
        return bool(self._name)

    def new_lease(self) -> str:
        """A name for a lease, or for a wish for one, that no other has. Asks the server where this is no holder yet."""
        with self._lock:
            if not self._name:
                self._name = self._client._run(_lease_calls.become_holder())
            return f"{self._name}-{next(self._numbers)}"

    def forget(self, lease: str) -> None:
        """The server does not know the holder of that lease: it has closed the connection."""
        with self._lock:
            if lease.rpartition("-")[0] == self._name:
                self._name = ""

    def close(self) -> None:
        self._client.close()

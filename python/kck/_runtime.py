"""What the calls of this process reach: in a worker of `kck serve` its server, in an application what `kck.connect`
made. `get`, `mget`, … of the package and decorated functions go through it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from kck._calls import MISSING, Written
from kck._durations import Duration
from kck.errors import KCKError
from kck.keys import Parameter


class Calls(Protocol):
    """Calls as of `kck.Client`; they wait."""

    def get(self, name: str, *parameters: Parameter, default: Any = MISSING) -> Any: ...
    def mget(self, keys: Iterable[str], *, default: Any = MISSING) -> list[Any]: ...
    def set(self, name: str, value: Any, *, expire: Duration | None = None) -> Any: ...
    def purge(self, name: str, *parameters: Parameter) -> Any: ...
    def refresh(self, name: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None) -> Any: ...
    def create(self, updater: str, values: Mapping[str, Any]) -> Written: ...
    def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written: ...
    def delete(self, updater: str, *primary_key: Parameter) -> Written: ...


class AsyncCalls(Protocol):
    """The same as coroutines, as of `kck.AsyncClient`."""

    async def get(self, name: str, *parameters: Parameter, default: Any = MISSING) -> Any: ...
    async def mget(self, keys: Iterable[str], *, default: Any = MISSING) -> list[Any]: ...
    async def set(self, name: str, value: Any, *, expire: Duration | None = None) -> Any: ...
    async def purge(self, name: str, *parameters: Parameter) -> Any: ...
    async def refresh(self, name: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None) -> Any: ...
    async def create(self, updater: str, values: Mapping[str, Any]) -> Written: ...
    async def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written: ...
    async def delete(self, updater: str, *primary_key: Parameter) -> Written: ...


class Runtime(Calls, Protocol):
    @property
    def aio(self) -> AsyncCalls: ...

    def call(self, product: Any, parameters: Sequence[Parameter]) -> Any:
        """The value of a decorated function (`kck.products.Product`) for these parameters; of an async one an
        awaitable of it."""


_current: Runtime | None = None
_connecting = threading.Lock()


def current() -> Runtime:
    """Raises KCKError where nothing is connected, and the environment has no KCK_URL."""
    if _current is None and os.environ.get("KCK_URL"):
        from kck._application import connect  # which needs this module

        with _connecting:
            if _current is None:
                connect()
    if _current is None:
        raise KCKError(
            "this process is not connected to KCK: call kck.connect(url) first. "
            "f.function(…) calls the function of a product f without KCK"
        )
    return _current


def set_current(runtime: Runtime | None) -> None:
    global _current
    _current = runtime

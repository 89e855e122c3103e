"""The client for asyncio."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, overload

from kck import _calls
from kck._aio_pool import Pool
from kck._base import Base, tls_context
from kck._calls import MISSING, Body, Call, Entry, Login, Written
from kck._conversation import Pause, Send
from kck._durations import Duration
from kck._json import Loads, loads
from kck._session import Token
from kck.errors import KCKError, KCKNotFound
from kck.keys import Parameter

T = TypeVar("T")


class AsyncClient(Base):
    """As `Client`, with coroutines for calls. Event loops of several threads may use it: each, and a forked
    process, has connections of its own, `pool_size` at most. A call that is cancelled closes its connection."""

    def __init__(
        self,
        url: str,
        *,
        token: Token = None,
        timeout: float = 20.0,
        pool_size: int = 16,
        writes_life: float = 300.0,
        tls: ssl.SSLContext | None = None,
        loads: Loads = loads,
    ) -> None:
        super().__init__(url, token, timeout, writes_life, loads)
        self._pool = Pool(self._address, tls_context(self._address, tls), pool_size)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections, those of all sessions. Calls under way end first."""
        self._pool.close()

    # Reading.

    async def get(self, key: str, *parameters: Parameter, default: Any = MISSING, wait: float | None = None) -> Any:
        """The value: get("item", 7), or get("item/7"). Computed where it is not there, for which it waits, but no
        longer than `wait` seconds. Where there is none, `default`, or KCKNotFound is raised."""
        try:
            return await self._run(_calls.get(key, parameters, wait))
        except KCKNotFound:
            if default is MISSING:
                raise
            return default

    async def entry(
        self, key: str, *parameters: Parameter, known: Entry | None = None, wait: float | None = None
    ) -> Entry:
        """The value with what is known of it. `known`: where it is unchanged, the content is not sent again."""
        return await self._run(_calls.entry(key, parameters, wait, known))

    async def mget(self, keys: Iterable[str], *, default: Any = MISSING, wait: float | None = None) -> list[Any]:
        """The values of the keys, in their order. Raises the first error, but for what has no value where there is a
        `default`."""
        found: list[Any] = []
        for call in _calls.mget(keys, wait, _calls.value_or(default)):
            found.extend(await self._run(call))
        return found

    async def entries(self, keys: Iterable[str], *, wait: float | None = None) -> list[Entry | KCKError]:
        """Of each key its entry, or the error that it has instead, in their order."""
        found: list[Entry | KCKError] = []
        for call in _calls.mget(keys, wait, _calls.entry_or_error):
            found.extend(await self._run(call))
        return found

    # Writing.

    async def set(
        self, key: str, value: Any, *, if_match: str | None = None, expire: Duration | None = None,
        stale: Duration | None = None,
    ) -> str:  # fmt: skip
        """Keeps a value under a key without a product, or of one that is `settable`; returns its version. With
        `if_match`, only where the entry has that version: else VersionMismatch is raised. `expire` and `stale`, in
        seconds, as "5m" or as a timedelta, are for keys without a product: after the one it is gone, after the other
        it is served as stale."""
        return await self._run(_calls.set_(key, value, if_match, expire, stale))

    async def purge(self, key: str, *parameters: Parameter, if_match: str | None = None) -> None:
        """Forgets a key, or all of a product: purge("item/*")."""
        await self._run(_calls.purge(key, parameters, if_match))

    @overload
    async def refresh(
        self, key: str, *parameters: Parameter, wait: Literal[False] = False, hint: Mapping[str, Any] | None = None
    ) -> None: ...

    @overload
    async def refresh(self, key: str, *parameters: Parameter, wait: Literal[True]) -> Entry: ...

    async def refresh(
        self, key: str, *parameters: Parameter, wait: bool = False, hint: Mapping[str, Any] | None = None
    ) -> Entry | None:
        """Marks a key stale, or all of a product ("item/*"), and has it computed again; with `wait`, returns the new
        entry."""
        if wait:
            return await self._run(_calls.refreshed(key, parameters))
        await self._run(_calls.refresh(key, parameters, hint))
        return None

    async def create(self, updater: str, values: Mapping[str, Any]) -> Written:
        """Inserts by an updater. Reads of this session show it from then on, as they do other writes by updaters."""
        return await self._run(_calls.create(updater, values))

    async def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
        """Updates by an updater: update("item", {"price": 2.5}, 7). The primary key may stand among the values
        instead."""
        return await self._run(_calls.update(updater, values, primary_key))

    async def delete(self, updater: str, *primary_key: Parameter) -> Written:
        """Deletes by an updater: delete("item", 7)."""
        return await self._run(_calls.delete(updater, primary_key))

    # Who asks.

    async def login(self, user: str, password: str) -> Login:
        """Logs in: this session's token is the user's from then on, and renewed by itself once it is past its life."""
        found = await self._run(_calls.login(user, password))
        self._session.take(found)
        return found

    async def logout(self) -> None:
        """Ends the user's session at the server, and forgets the token."""
        await self._run(_calls.logout(self._session.refresh_token))
        self._session.forget_login()

    # Looking after it.

    async def explain(self, key: str, *parameters: Parameter) -> Body:
        """Why the key is as it is (docs/reference/http.md)."""
        return await self._run(_calls.explain(key, parameters))

    async def call(self, method: str, path: str, body: Any = None) -> Body:
        """Any other call that answers with a JSON object: call("GET", "/queue?keys=5")."""
        return await self._run(_calls.other(method, path, body))

    async def _run(self, call: Call[T]) -> T:
        deadline = time.monotonic() + self._timeout
        conversation = self._converse(call)
        try:
            step = next(conversation)
            while True:
                try:
                    answer = await self._do(step, deadline)
                except KCKError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _do(self, step: Send | Pause, deadline: float) -> Any:
        if isinstance(step, Send):
            return await self._pool.exchange(step, deadline)
        if time.monotonic() + step.seconds >= deadline:
            raise step.error
        await asyncio.sleep(step.seconds)
        return None

"""The client for threads."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, overload

from kck import _calls
from kck._base import Base, tls_context
from kck._calls import MISSING, Body, Call, Entry, Login, Written
from kck._conversation import Pause, Send
from kck._durations import Duration
from kck._json import Loads, loads
from kck._pool import Pool
from kck._session import Token
from kck.errors import KCKError, KCKNotFound
from kck.keys import Parameter

T = TypeVar("T")


class Client(Base):
    """A server, its connections, and a session: reads show the writes that were made through the same client.

    Any thread may use it; it may be made before a fork. Every call may raise KCKError, and is over within `timeout`
    seconds, retries and waiting for a connection included.

    `url`: http://host:port, https://host:port or unix:/path/kck.sock. `token`: of the user, or what is called for
    it before each request. `pool_size`: connections at most. `writes_life`: for so many seconds reads show a write.
    `tls`: what to trust. `loads`: reads an answer, from bytes (orjson.loads will do)."""

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
        self._tls = tls
        self._pool = Pool(self._address, tls_context(self._address, tls), pool_size)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections, those of all sessions. Calls under way end first."""
        self._pool.close()

    # Reading.

    def get(self, key: str, *parameters: Parameter, default: Any = MISSING, wait: float | None = None) -> Any:
        """The value: get("item", 7), or get("item/7"). Computed where it is not there, for which it waits, but no
        longer than `wait` seconds. Where there is none, `default`, or KCKNotFound is raised."""
        try:
            return self._run(_calls.get(key, parameters, wait))
        except KCKNotFound:
            if default is MISSING:
                raise
            return default

    def entry(
        self, key: str, *parameters: Parameter, known: Entry | None = None, wait: float | None = None
    ) -> Entry:
        """The value with what is known of it. `known`: where it is unchanged, the content is not sent again."""
        return self._run(_calls.entry(key, parameters, wait, known))

    def mget(self, keys: Iterable[str], *, default: Any = MISSING, wait: float | None = None) -> list[Any]:
        """The values of the keys, in their order. Raises the first error, but for what has no value where there is a
        `default`."""
        found: list[Any] = []
        for call in _calls.mget(keys, wait, _calls.value_or(default)):
            found.extend(self._run(call))
        return found

    def entries(self, keys: Iterable[str], *, wait: float | None = None) -> list[Entry | KCKError]:
        """Of each key its entry, or the error that it has instead, in their order."""
        found: list[Entry | KCKError] = []
        for call in _calls.mget(keys, wait, _calls.entry_or_error):
            found.extend(self._run(call))
        return found

    # Writing.

    def set(
        self, key: str, value: Any, *, if_match: str | None = None, expire: Duration | None = None,
        stale: Duration | None = None,
    ) -> str:  # fmt: skip
        """Keeps a value under a key without a product, or of one that is `settable`; returns its version. With
        `if_match`, only where the entry has that version: else VersionMismatch is raised. `expire` and `stale`, in
        seconds, as "5m" or as a timedelta, are for keys without a product: after the one it is gone, after the other
        it is served as stale."""
        return self._run(_calls.set_(key, value, if_match, expire, stale))

    def purge(self, key: str, *parameters: Parameter, if_match: str | None = None) -> None:
        """Forgets a key, or all of a product: purge("item/*")."""
        self._run(_calls.purge(key, parameters, if_match))

    @overload
    def refresh(
        self, key: str, *parameters: Parameter, wait: Literal[False] = False, hint: Mapping[str, Any] | None = None
    ) -> None: ...

    @overload
    def refresh(self, key: str, *parameters: Parameter, wait: Literal[True]) -> Entry: ...

    def refresh(
        self, key: str, *parameters: Parameter, wait: bool = False, hint: Mapping[str, Any] | None = None
    ) -> Entry | None:
        """Marks a key stale, or all of a product ("item/*"), and has it computed again; with `wait`, returns the new
        entry."""
        if wait:
            return self._run(_calls.refreshed(key, parameters))
        self._run(_calls.refresh(key, parameters, hint))
        return None

    def create(self, updater: str, values: Mapping[str, Any]) -> Written:
        """Inserts by an updater. Reads of this session show it from then on, as they do other writes by updaters."""
        return self._run(_calls.create(updater, values))

    def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
        """Updates by an updater: update("item", {"price": 2.5}, 7). The primary key may stand among the values
        instead."""
        return self._run(_calls.update(updater, values, primary_key))

    def delete(self, updater: str, *primary_key: Parameter) -> Written:
        """Deletes by an updater: delete("item", 7)."""
        return self._run(_calls.delete(updater, primary_key))

    # Who asks.

    def login(self, user: str, password: str) -> Login:
        """Logs in: this session's token is the user's from then on, and renewed by itself once it is past its life."""
        found = self._run(_calls.login(user, password))
        self._session.take(found)
        return found

    def logout(self) -> None:
        """Ends the user's session at the server, and forgets the token."""
        self._run(_calls.logout(self._session.refresh_token))
        self._session.forget_login()

    # Looking after it.

    def explain(self, key: str, *parameters: Parameter) -> Body:
        """Why the key is as it is (docs/reference/http.md)."""
        return self._run(_calls.explain(key, parameters))

    def call(self, method: str, path: str, body: Any = None) -> Body:
        """Any other call that answers with a JSON object: call("GET", "/queue?keys=5")."""
        return self._run(_calls.other(method, path, body))

    def _run(self, call: Call[T]) -> T:
        deadline = time.monotonic() + self._timeout
        conversation = self._converse(call)
        try:
            step = next(conversation)
            while True:
                try:
                    answer = self._do(step, deadline)
                except KCKError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    def _do(self, step: Send | Pause, deadline: float) -> Any:
        if isinstance(step, Send):
            return self._pool.exchange(step, deadline)
        if time.monotonic() + step.seconds >= deadline:
            raise step.error
        time.sleep(step.seconds)
        return None

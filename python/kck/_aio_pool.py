"""Connections for asyncio: one request at a time each, kept for the next one of the same event loop."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import deque
from collections.abc import Awaitable
from typing import TypeVar

from kck._address import Address
from kck._conversation import Send
from kck._http import Answer, AnswerReader
from kck.errors import KCKConnectionError, KCKError, KCKTimeout

T = TypeVar("T")


class Connection(asyncio.Protocol):
    """Times are those of time.monotonic."""

    def __init__(self) -> None:
        self.reused = False
        self.is_quiet = True  # False: the server has closed it, or said something unasked
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answer: asyncio.Future[Answer] | None = None

    async def exchange(self, data: bytes, deadline: float) -> Answer:
        """Sends a request and reads its answer. After an error the connection is of no more use."""
        if not self.is_quiet or self._transport is None:
            raise KCKConnectionError("the server closed an idle connection", sent=True, reused=self.reused)
        loop = asyncio.get_running_loop()
        self._reader, self._answer = AnswerReader(), loop.create_future()
        timer = loop.call_later(deadline - time.monotonic(), self._end_in, _late())
        self._transport.write(data)
        try:
            return await self._answer
        finally:
            timer.cancel()
            self._reader = self._answer = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self.is_quiet = False
            return
        try:
            answer = self._reader.feed(data)
        except KCKConnectionError as error:
            self._end_in(error)
            return
        if answer is not None:
            self._reader = None
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(answer)

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def _end(self, cause: Exception | None) -> None:
        self.is_quiet = False
        reader, self._reader = self._reader, None
        if reader is None:
            return
        try:
            if cause is not None:
                raise KCKConnectionError(f"the connection failed: {cause}", sent=True, began=reader.began)
            answer = reader.feed(b"")
        except KCKConnectionError as error:
            error.reused = self.reused
            self._end_in(error)
            return
        if answer is not None and self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _end_in(self, error: KCKError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class _Places:
    """Up to `size` connections of one event loop in one process, and who waits for one. Used by that loop alone: a call
    leaves what it entered, whatever other loops do meanwhile."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Connection] = []
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, deadline: float) -> None:
        if self._used < self._size:
            self._used += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            # Whoever leaves hands over its place.
            await _within(turn, deadline, f"all {self._size} connections were in use")
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._hand_over()
            raise

    def leave(self, connection: Connection | None, keep: bool) -> None:
        if connection is not None:
            if keep:
                self._idle.append(connection)
            else:
                connection.close()
        self._hand_over()

    def idle_connection(self, send: Send) -> Connection | None:
        if send.fresh:
            self.drop_idle()  # they are as old as the one that failed
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet:
                return connection
            connection.close()
        return None

    def drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _hand_over(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._used -= 1


_Owner = tuple[asyncio.AbstractEventLoop, int]  # a loop, and the process: a fork copies loops


class Pool:
    """Up to `size` connections for each event loop, made as they are needed. Loops of any threads, side by side; a
    forked process begins anew. What was made for another loop, or by the parent, is left to the system, since that loop
    alone may close it."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, size: int) -> None:
        self._address, self._tls, self._size = address, tls, size
        self._closed = False
        # Of all threads, without a lock, which a fork might leave held: each use is one step of the dict.
        self._places: dict[_Owner, _Places] = {}

    async def exchange(self, send: Send, deadline: float) -> Answer:
        if self._closed:
            raise RuntimeError("the client is closed")
        owner = _running()
        places = self._places.get(owner) or self._begin(owner)
        await places.enter(deadline)
        connection = None
        keep = False
        try:
            if send.careful:  # the loop learns what has come meanwhile: that a connection was closed
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            connection = places.idle_connection(send) or await self._connect(deadline)
            answer = await connection.exchange(send.data, deadline)
            if answer.status == 408 and connection.reused:  # it was given up before the request came
                raise KCKConnectionError("the server closed an idle connection", sent=True, reused=True)
            keep = connection.reused = answer.keep and connection.is_quiet
            return answer
        finally:
            places.leave(connection, keep and not self._closed)

    def close(self) -> None:
        """In the loop whose idle connections are closed."""
        self._closed = True
        here = self._places.get(_running())
        self._places.clear()
        if here is not None:
            here.drop_idle()

    def _begin(self, owner: _Owner) -> _Places:
        """Forgets those that are of no more use, as well."""
        for other in list(self._places):
            if other[0].is_closed() or other[1] != owner[1]:
                self._places.pop(other, None)
        places = self._places[owner] = _Places(self._size)
        return places

    async def _connect(self, deadline: float) -> Connection:
        loop, address = asyncio.get_running_loop(), self._address
        try:
            if address.unix:
                unix = loop.create_unix_connection(Connection, address.unix)
                return (await _within(unix, deadline, f"{address} was not reached in time"))[1]
            name = address.host if self._tls else None
            made = loop.create_connection(Connection, address.host, address.port, ssl=self._tls, server_hostname=name)
            return (await _within(made, deadline, f"{address} was not reached in time"))[1]
        except OSError as error:
            raise KCKConnectionError(f"{address} cannot be reached: {error}") from error


def _running() -> _Owner:
    return asyncio.get_running_loop(), os.getpid()


async def _within(work: Awaitable[T], deadline: float, error: str) -> T:
    try:
        return await asyncio.wait_for(work, max(0.0, deadline - time.monotonic()))
    except (TimeoutError, asyncio.TimeoutError):
        raise KCKTimeout(error) from None


def _late() -> KCKTimeout:
    return KCKTimeout("there was no whole answer in time", sent=True)

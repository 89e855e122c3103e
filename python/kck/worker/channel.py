"""What the user's code reaches from inside of a worker: its calls become questions to the server, whose answers a
thread that reads the socket hands in."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, NamedTuple

from kck._calls import MISSING, Written
from kck._durations import Duration, seconds
from kck._json import dumps, loads
from kck.errors import KCKConnectionError, KCKError, KCKNotFound, error_of
from kck.keys import Parameter, key
from kck.values import encode
from kck.worker.frames import FrameWriter, Message

Take = Callable[[Message], Any]


class Call:
    """A call of the server. `reads`: the keys that it has read, with their versions."""

    __slots__ = ("id", "reads")

    def __init__(self, id: int) -> None:
        self.id = id
        self.reads: list[tuple[str, str]] = []


running: ContextVar[Call | None] = ContextVar("kck_call", default=None)


class Channel:
    """Sends questions, any thread. `answer` is of the thread that reads."""

    def __init__(self, writer: FrameWriter) -> None:
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, Callable[[Message], None]] = {}
        self.sync_call: Call | None = None  # that of the main thread, for threads that it started
        self.loop_thread: int | None = None
        # Of the main thread, which runs what comes while it waits: then the server sends it a call that it waits for,
        # and that no other worker is free to run. Nothing before the user's modules are loaded.
        self.run_until: Callable[[Callable[[], bool]], None] | None = None
        self.wake: Callable[[], None] = lambda: None
        self._pid = os.getpid()

    def answer(self, reply: Message) -> None:
        take = self._waiting.pop(reply["id"], None)
        if take is not None:
            take(reply)

    def call_now(self) -> Call | None:
        return running.get() or self.sync_call

    def ask(self, asks: Sequence[Message]) -> list[Message]:
        """Waits for the answers. On the thread of the event loop it raises KCKError."""
        if threading.get_ident() == self.loop_thread:
            raise KCKError(f"kck.{asks[0]['op']} waits, which would hold up every async function: "
                           f"use await kck.a{asks[0]['op']}(…)")  # fmt: skip
        if self.run_until is not None and threading.current_thread() is threading.main_thread():
            return self._ask_and_run(asks, self.run_until)
        answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        ids = self._send(asks, answers.put)
        by_id = {reply["id"]: reply for reply in (answers.get() for _ in ids)}
        return [by_id[id] for id in ids]

    def _ask_and_run(self, asks: Sequence[Message], run_until: Callable[[Callable[[], bool]], None]) -> list[Message]:
        by_id: dict[int, Message] = {}

        def take(reply: Message) -> None:
            by_id[reply["id"]] = reply
            self.wake()

        ids = self._send(asks, take)
        run_until(lambda: len(by_id) == len(ids))
        return [by_id[id] for id in ids]

    async def ask_async(self, asks: Sequence[Message]) -> list[Message]:
        loop = asyncio.get_running_loop()
        futures: dict[int, asyncio.Future[Message]] = {}

        def take(reply: Message) -> None:
            future = futures[reply["id"]]
            if not future.done():  # it was cancelled
                future.set_result(reply)

        ids = self._ids_of(asks)
        futures.update({id: loop.create_future() for id in ids})
        self._send(asks, lambda reply: loop.call_soon_threadsafe(take, reply), ids)
        try:
            return [await futures[id] for id in ids]
        finally:
            for id in ids:
                self._waiting.pop(id, None)

    def _ids_of(self, asks: Sequence[Message]) -> list[int]:
        return [next(self._ids) for _ in asks]

    def _send(self, asks: Sequence[Message], take: Callable[[Message], Any], ids: list[int] | None = None) -> list[int]:
        if os.getpid() != self._pid:
            raise KCKConnectionError("a forked process has no connection to KCK: read before the fork")
        ids = ids or self._ids_of(asks)
        call = self.call_now()
        for id in ids:
            self._waiting[id] = take
        common = {"type": "ask", "call": None if call is None else call.id}
        self._writer.write(*[{**common, "id": id, **one} for id, one in zip(ids, asks, strict=True)])
        return ids


class Questions:
    """What the calls of `kck.Client` ask, and what becomes of the answers."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def value(self, asked: str, reply: Message, default: Any) -> Any:
        """Notes what was read, also where there is nothing: it may come."""
        call = self.channel.call_now()
        if call is not None and reply.get("version"):
            call.reads.append((reply.get("key") or asked, reply["version"]))
        if reply["ok"]:
            return loads(reply["value"])
        error = self.error(asked, reply)
        if default is MISSING or not isinstance(error, KCKNotFound):
            raise error
        return default

    def done(self, asked: str, reply: Message) -> Message:
        if not reply["ok"]:
            raise self.error(asked, reply)
        return reply

    @staticmethod
    def error(asked: str, reply: Message) -> KCKError:
        says = reply["error"]
        return error_of(says["name"], [asked], says["message"], 0)

    def written(self, asked: str, reply: Message) -> Written:
        body = json.loads(self.done(asked, reply)["value"])
        return Written(body["action"], body["rows"], body.get("returning", []), body.get("token", ""))


def get_ask(asked: str) -> Message:
    return {"op": "get", "key": asked}


def set_ask(asked: str, value: Any, expire: Duration | None) -> Message:
    life = {} if expire is None else {"expire_ms": round(seconds(expire, "expire") * 1000)}
    return {"op": "set", "key": asked, "value": encode(value), **life}


def refresh_ask(asked: str, hint: Mapping[str, Any] | None) -> Message:
    return {"op": "refresh", "key": asked, **({} if hint is None else {"hint": encode(hint)})}


def write_ask(action: str, asked: str, values: Mapping[str, Any] | None) -> Message:
    return {"op": "update", "action": action, "key": asked, "fields": dumps(values or {})}


class Read(NamedTuple):
    """Of an entry what a worker is told. `modified`: since when the content is this."""

    value: Any
    version: str
    modified: datetime


class WorkerCalls(Questions):
    """`kck._runtime.Runtime` of a worker."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.aio = AsyncWorkerCalls(channel)

    def call(self, product: Any, parameters: Sequence[Parameter]) -> Any:
        return (self.aio if product.is_async else self).get(product.name, *parameters)

    def get(self, name: str, *parameters: Parameter, default: Any = MISSING) -> Any:
        asked = key(name, *parameters)
        return self.value(asked, self.channel.ask([get_ask(asked)])[0], default)

    def mget(self, keys: Iterable[str], default: Any = MISSING) -> list[Any]:
        asked = [key(one) for one in keys]
        replies = self.channel.ask([get_ask(one) for one in asked]) if asked else []
        return [self.value(one, reply, default) for one, reply in zip(asked, replies, strict=True)]

    def set(self, name: str, value: Any, *, expire: Duration | None = None) -> None:
        self._ask(key(name), set_ask(key(name), value, expire))

    def purge(self, name: str, *parameters: Parameter) -> None:
        asked = key(name, *parameters)
        self._ask(asked, {"op": "purge", "key": asked})

    def refresh(
        self, name: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None, wait: bool = False
    ) -> Any:
        """With `wait` the entry, once it is computed."""
        asked = key(name, *parameters)
        if wait:
            return self._entry(asked, {"op": "refresh", "key": asked, "wait": True})
        return self._ask(asked, refresh_ask(asked, hint))

    def entry(self, name: str, *parameters: Parameter) -> Read:
        asked = key(name, *parameters)
        return self._entry(asked, get_ask(asked))

    def _entry(self, asked: str, ask: Message) -> Read:
        reply = self.channel.ask([ask])[0]
        value = self.value(asked, reply, MISSING)
        modified = datetime.fromtimestamp(reply.get("modified_ms", 0) / 1000, timezone.utc)
        return Read(value, reply.get("version", ""), modified)

    def create(self, updater: str, values: Mapping[str, Any]) -> Written:
        return self._write("insert", key(updater), values)

    def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
        return self._write("update", key(updater, *primary_key), values)

    def delete(self, updater: str, *primary_key: Parameter) -> Written:
        return self._write("delete", key(updater, *primary_key), None)

    def _ask(self, asked: str, ask: Message) -> None:
        self.done(asked, self.channel.ask([ask])[0])

    def _write(self, action: str, asked: str, values: Mapping[str, Any] | None) -> Written:
        return self.written(asked, self.channel.ask([write_ask(action, asked, values)])[0])


class AsyncWorkerCalls(Questions):
    """`kck._runtime.AsyncCalls` of a worker; under any event loop."""

    async def get(self, name: str, *parameters: Parameter, default: Any = MISSING) -> Any:
        asked = key(name, *parameters)
        return self.value(asked, (await self.channel.ask_async([get_ask(asked)]))[0], default)

    async def mget(self, keys: Iterable[str], default: Any = MISSING) -> list[Any]:
        asked = [key(one) for one in keys]
        replies = await self.channel.ask_async([get_ask(one) for one in asked]) if asked else []
        return [self.value(one, reply, default) for one, reply in zip(asked, replies, strict=True)]

    async def set(self, name: str, value: Any, *, expire: Duration | None = None) -> None:
        await self._ask(key(name), set_ask(key(name), value, expire))

    async def purge(self, name: str, *parameters: Parameter) -> None:
        asked = key(name, *parameters)
        await self._ask(asked, {"op": "purge", "key": asked})

    async def refresh(self, name: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None) -> None:
        asked = key(name, *parameters)
        await self._ask(asked, refresh_ask(asked, hint))

    async def create(self, updater: str, values: Mapping[str, Any]) -> Written:
        return await self._write("insert", key(updater), values)

    async def update(self, updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
        return await self._write("update", key(updater, *primary_key), values)

    async def delete(self, updater: str, *primary_key: Parameter) -> Written:
        return await self._write("delete", key(updater, *primary_key), None)

    async def _ask(self, asked: str, ask: Message) -> None:
        self.done(asked, (await self.channel.ask_async([ask]))[0])

    async def _write(self, action: str, asked: str, values: Mapping[str, Any] | None) -> Written:
        return self.written(asked, (await self.channel.ask_async([write_ask(action, asked, values)]))[0])

"""The worker's threads. The main thread runs sync functions, one at a time, and reads the socket while it has none;
another one reads meanwhile. Async functions run on one event loop in a thread of its own, which is there if any
definition is async."""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import queue
import socket
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import kck
from kck._runtime import set_current
from kck.lib import kck_database
from kck.worker import limits
from kck.worker.channel import Channel, WorkerCalls
from kck.worker.event_loop import EventLoop
from kck.worker.frames import FrameError, FrameReader, FrameWriter, Message
from kck.worker.limits import leave
from kck.worker.loading import Loaded, load
from kck.worker.reading import SharedReading
from kck.worker.running import Runner

_PROTOCOL = 1
_EX_PROTOCOL = 76  # of sysexits.h


def serve(number: int) -> NoReturn:
    connection = socket.socket(fileno=number)
    limits.bind_to_server()
    limits.write_lines()
    limits.close_in_children(connection)
    reader, writer = FrameReader(connection), FrameWriter(connection)
    try:
        start = reader.read()
        if start is None:
            leave(0)
        if start["type"] != "start" or start.get("protocol") != _PROTOCOL:
            raise FrameError(f"the first message is no start of protocol {_PROTOCOL}: this is kck {kck.__version__}")
        reader.bytes_max = writer.bytes_max = start["message_bytes_max"]
        worker = _Worker(start, connection, reader, writer)
    except (FrameError, KeyError) as error:
        _end_by_protocol(error)
    worker.serve()


def _end_by_protocol(error: Exception) -> NoReturn:
    text = f"a message without {error}" if isinstance(error, KeyError) else str(error)
    print(f"kck worker: {text}", file=sys.stderr)
    leave(_EX_PROTOCOL)


class _Worker:
    def __init__(self, start: Message, connection: socket.socket, reader: FrameReader, writer: FrameWriter) -> None:
        self._reading, self._writer = SharedReading(connection, reader, self._take), writer
        self._pid = os.getpid()
        self._channel = Channel(writer)
        self._inbox: queue.SimpleQueue[Message | None] = (
            queue.SimpleQueue()
        )  # None: look whether what is waited for is there
        self._stopping = False
        files = [*start["products"], *start["updaters"], *start["processes"]]
        self._places = (start["folder"], start["path"], files, start.get("sources", []))
        self._describes: bool = start.get("describe", False)
        self._memory_bytes: int = start["memory_bytes"]
        kck_database.urls.update(start.get("databases") or {})
        self._loop: EventLoop | None = None
        self._runner: Runner | None = None  # until the user's modules are loaded

    def serve(self) -> NoReturn:
        # The user's modules may ask from the start on, and a server that goes away ends even an import that hangs.
        set_current(WorkerCalls(self._channel))
        beside = threading.Thread(target=_end_with, args=[self._reading.read_beside], name="kck-reader", daemon=True)
        beside.start()
        limits.bound_memory(self._memory_bytes)
        loaded = load(*self._places)
        if os.getpid() != self._pid:
            leave(0)  # a module has forked
        if any(one.is_async for one in loaded.definitions.values()):
            self._loop = EventLoop()
            self._channel.loop_thread = self._loop.thread_id
        self._runner = Runner(loaded.definitions, self._channel, self._writer)
        self._channel.run_until, self._channel.wake = self._run_until, lambda: self._inbox.put(None)
        self._greet(loaded)
        while not self._stopping:
            _end_with(self._reading.read_on_main)
            self._run_waiting()
        if self._loop is not None:
            self._loop.finish()
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        leave(0)

    def _run_waiting(self) -> None:
        assert self._runner is not None
        while not self._inbox.empty():  # nobody else takes from it
            if (call := self._inbox.get()) is not None:
                self._runner.run(call)

    def _run_until(self, done: Callable[[], bool]) -> None:
        """Within a call that waits for the server. The other thread reads: here there may be no stack left for it."""
        assert self._runner is not None
        while not done():
            if (call := self._inbox.get()) is not None:
                self._runner.run(call)

    def _greet(self, loaded: Loaded) -> None:
        hello = {"type": "hello", "protocol": _PROTOCOL, "kck": kck.__version__, "pid": self._pid,
                 "python": platform.python_version(), **loaded.described()}  # fmt: skip
        if self._describes:
            hello["sources"] = loaded.sources()
        with contextlib.suppress(OSError):  # the server is gone: who reads ends the process
            self._writer.write(hello)

    # Below: of the thread that reads.

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "call":
            self._dispatch(message)
        elif kind == "reply":
            self._channel.answer(message)
        elif kind == "cancel":
            if self._loop is not None:
                self._loop.cancel(message["id"])
        elif kind == "stop":
            self._stopping = True
            self._reading.wake_main()
        else:
            raise FrameError(f"a message of the unknown type {kind!r}")

    def _dispatch(self, call: Message) -> None:
        if self._runner is None:
            raise FrameError("a call before hello")
        self._runner.check(call)
        if self._loop is not None and self._runner.is_async(call):
            runner = self._runner
            self._loop.begin(call["id"], lambda: runner.run_async(call))
        else:
            self._inbox.put(call)
            if threading.current_thread() is not threading.main_thread():
                self._reading.wake_main()


def _end_with(read: Callable[[], None]) -> None:
    """Ends the process where there is nothing more to read."""
    try:
        read()
    except EOFError:
        os._exit(0)
    except (FrameError, KeyError) as error:
        _end_by_protocol(error)
    except BaseException as error:  # MemoryError
        print(f"kck worker: what came could not be read: {type(error).__name__} {error}", file=sys.stderr)
        leave(1)

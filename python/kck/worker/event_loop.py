"""The event loop of a worker's async functions, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import selectors
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """What an async function forks off leaves where the loop would go on: it would take its parent's events."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = os.getpid()

    def select(self, timeout: float | None = None) -> Any:
        if os.getpid() != self._pid:
            os._exit(0)
        return super().select(timeout)


class EventLoop:
    """`begin`, `cancel`: any thread. `finish`: waits for all that was begun."""

    def __init__(self) -> None:
        self._loop = asyncio.SelectorEventLoop(_Selector())
        self._tasks: dict[int, asyncio.Task[None]] = {}
        started = threading.Event()
        self._loop.call_soon(started.set)
        thread = threading.Thread(target=self._run, name="kck-async", daemon=True)
        thread.start()
        started.wait()
        self.thread_id = thread.ident

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):  # of a task that the user's code made; who awaits it gets it too
                continue

    def begin(self, id: int, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._loop.call_soon_threadsafe(self._begin, id, make)

    def _begin(self, id: int, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._tasks[id] = self._loop.create_task(make())
        task.add_done_callback(lambda _: self._tasks.pop(id, None))

    def cancel(self, id: int) -> None:
        self._loop.call_soon_threadsafe(self._cancel, id)

    def _cancel(self, id: int) -> None:
        task = self._tasks.get(id)
        if task is not None:
            self._loop.call_soon(task.cancel)  # once it has begun: one that has not would answer nothing

    def finish(self) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()

    async def _finish(self) -> None:
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
            await asyncio.sleep(0)  # their callbacks

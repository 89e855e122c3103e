"""Runs the server's calls and answers them: those of sync functions on the main thread, of async ones on the loop's."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Mapping, Sequence
from typing import NoReturn

from kck._definitions import Definition
from kck._hooks import Hook
from kck.worker import computing
from kck.worker.channel import Call, Channel, running
from kck.worker.errors import fault_item
from kck.worker.frames import FrameError, FrameWriter, Message, pack
from kck.worker.limits import Resident, leave

_RESERVE_BYTES = 4 << 20  # given back where memory is used up, so that the error can be told
_KINDS = {"prime": ("product",), "update": ("updater",), "run": ("process",), "hook": ("product", "updater")}
_FIELDS: dict[str, dict[str, type]] = {
    "prime": {"keys": list, "hints": list}, "update": {"action": str, "params": dict}, "run": {}, "hook": {"hook": str},
}  # fmt: skip
_FRAME_BYTES = 1 << 10  # of a result without its items


class Runner:
    """`check` and `is_async`: any thread."""

    def __init__(
        self, definitions: Mapping[tuple[str, str], Definition], channel: Channel, writer: FrameWriter
    ) -> None:
        self._definitions, self._channel, self._writer = definitions, channel, writer
        self._pid = os.getpid()
        self._resident = Resident()
        self._reserve: bytearray | None = bytearray(_RESERVE_BYTES)
        self._lock = threading.Lock()  # of _running
        self._running = 0

    @staticmethod
    def check(call: Message) -> None:
        """Raises FrameError for what is no call."""
        fields = _FIELDS.get(call["kind"]) if isinstance(call["kind"], str) else None
        if fields is None or not isinstance(call["id"], int) or not isinstance(call["name"], str):
            raise FrameError(f"a call of the kind {call['kind']!r}, id {call['id']!r}, name {call['name']!r}")
        for name, kind in fields.items():
            if not isinstance(call[name], kind):
                raise FrameError(f"a call whose {name} are no {kind.__name__}")

    def is_async(self, call: Message) -> bool:
        definition = self._definition(call)
        return definition is not None and definition.is_async

    def _definition(self, call: Message) -> Definition | None:
        kinds = _KINDS[call["kind"]]
        if call["kind"] == "hook":  # of an updater where the parameters have names
            kinds = ("updater" if isinstance(call.get("params"), Mapping) else "product",)
        for kind in kinds:
            found = self._definitions.get((kind, call["name"]))
            if found is not None:
                return found
        return None

    def run(self, call: Message) -> None:
        outer, outer_running = self._channel.sync_call, running.get()
        definition, one, clock = self._enter(call)
        self._channel.sync_call = one
        try:
            if definition is None:
                raise LookupError(f"no {call['kind']} of the name {call['name']}")
            before, facts = computing.hooks_before(definition, call)
            self._call_hooks(before, facts)
            self._leave_if_forked()
            begun = computing.begin(definition, call)
            self._leave_if_forked()
            items = begun.items(begun.result)
            after, facts = computing.hooks_after(definition, call, begun.result)
            self._call_hooks(after, facts)
        except BaseException as error:
            items = self._failed(call, error)
        self._leave_if_forked()
        self._channel.sync_call = outer
        running.set(outer_running)
        self._answer(call, one, items, clock)

    async def run_async(self, call: Message) -> None:
        definition, one, clock = self._enter(call)
        assert definition is not None
        try:
            before, facts = computing.hooks_before(definition, call)
            await self._await_hooks(before, facts)
            self._leave_if_forked()
            begun = computing.begin(definition, call)
            value = await begun.result
            self._leave_if_forked()
            items = begun.items(value)
            after, facts = computing.hooks_after(definition, call, value)
            await self._await_hooks(after, facts)
        except BaseException as error:
            items = self._failed(call, error)
        self._leave_if_forked()
        self._answer(call, one, items, clock)

    def _enter(self, call: Message) -> tuple[Definition | None, Call, tuple[int, int]]:
        with self._lock:
            self._running += 1
        one = Call(call["id"])
        running.set(one)
        return self._definition(call), one, (time.perf_counter_ns(), time.thread_time_ns())

    def _call_hooks(self, hooks: Sequence[Hook], facts: Message) -> None:
        for hook in hooks:
            try:
                hook(facts)
            except Exception:
                traceback.print_exc()

    async def _await_hooks(self, hooks: Sequence[Hook], facts: Message) -> None:
        for hook in hooks:
            try:
                result = hook(facts)
                if isinstance(result, Awaitable):
                    await result
            except Exception:
                traceback.print_exc()

    def _failed(self, call: Message, error: BaseException) -> list[Message]:
        if os.getpid() != self._pid:
            _leave_child(error)
        if isinstance(error, MemoryError):
            self._reserve = None
        count = len(call["keys"]) if call["kind"] == "prime" else 1
        return [computing.failed(error)] * count

    def _leave_if_forked(self) -> None:
        if os.getpid() != self._pid:
            leave(0)

    def _answer(self, call: Message, one: Call, items: Sequence[Message], clock: tuple[int, int]) -> None:
        if call["kind"] == "prime":
            reads = list(dict.fromkeys(one.reads))
            items = [item if "error" in item else {**item, "reads": reads} for item in items]
        said = {"type": "result", "id": one.id, "results": items, "resident_bytes": self._resident.bytes(),
                "time_us": (time.perf_counter_ns() - clock[0]) // 1000,
                # Of an async function the thread's time is that of the others too.
                "cpu_us": 0 if self.is_async(call) else (time.thread_time_ns() - clock[1]) // 1000}  # fmt: skip
        try:
            self._writer.write_packed(self._packed(said))
            self._end_where_worn()
        except OSError:
            pass  # the server is gone: who reads ends the process

    def _packed(self, said: Message) -> bytes:
        """With as many of the items as a frame can hold; the others are errors."""
        packed = pack(said)
        left = self._writer.bytes_max
        if len(packed) <= left:
            return packed
        left -= _FRAME_BYTES
        items = []
        for item in said["results"]:
            size = len(pack(item))
            if size > left:
                item = fault_item(f"a result of {size} bytes is too large: a message has {self._writer.bytes_max}")
            left -= min(size, left) if "error" not in item else len(pack(item))
            items.append(item)
        return pack({**said, "results": items})

    def _end_where_worn(self) -> None:
        with self._lock:
            self._running -= 1
            worn = self._reserve is None and self._running == 0
        if worn:
            self._writer.write({"type": "end", "reason": "memory"})


def _leave_child(error: BaseException) -> NoReturn:
    """What a forked process ends with, as Python would."""
    if isinstance(error, SystemExit):
        leave(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    leave(1)

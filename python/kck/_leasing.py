"""How an application computes what no server does: a plan, step by step, without sockets and threads. A plan is a
generator, which `kck._application` drives, in threads or asyncio: it yields a `Call`, or what else is to be done, and
gets what came of it, or the error."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kck import _lease_calls
from kck._calls import Call, purge, refresh, refreshed
from kck._json import Loads
from kck._lease_calls import Found, Granted
from kck.errors import (
    AuthHeaderNotPresent,
    KCKConnectionError,
    KCKError,
    KCKForbidden,
    KCKOverloaded,
    KCKSourceTimeout,
    KCKStoreError,
    KCKTimeout,
    KCKUnknownKey,
    VersionMismatch,
)
from kck.keys import Parameter, key
from kck.products import Computation
from kck.values import encode

log = logging.getLogger("kck")

Unreachable = Literal["compute", "raise"]
UNREACHABLE = (KCKConnectionError, KCKTimeout, KCKOverloaded, KCKStoreError)

HOLD_SECONDS = 60.0  # where the product has no timeout
HOLD_SECONDS_MAX = 3600.0
WAIT_SECONDS = 10.0  # of one request for a lease; then it is asked for again
AWAY_SECONDS_MAX = 10.0
BEHIND_MAX = 8


class Computed(Protocol):
    """What a decorated function says of itself."""

    @property
    def name(self) -> str: ...
    @property
    def computation(self) -> Computation: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class LeaseCall:
    """A call about a lease, over connections that readers do not use up. `brief`: nobody needs to wait for it long."""

    call: Call[Any]
    brief: bool = False


@dataclass(frozen=True)
class Await:
    """Until another reader of this process is done with the key; for so many seconds at most, as the answer says."""

    done: Future[None]
    seconds: float


@dataclass(frozen=True)
class NewLease:
    """A name for a lease."""


@dataclass(frozen=True)
class Compute:
    """The function's result for the key's values; a second wish for `key` inside of it is an error."""

    key: str
    computation: Computation
    values: Sequence[Parameter]

    def begin(self) -> Any:
        """Of an async function an awaitable."""
        made = self.computation
        hints: list[Any] = []
        if made.many:
            item = made.item(tuple(self.values))
            return made.function([item], hints=[hints]) if made.takes_hints else made.function([item])
        return made.of_values(self.values, hints)

    def end(self, result: Any) -> Any:
        """The value in what the function returned."""
        if not self.computation.many:
            return result
        one = result[self.computation.item(tuple(self.values))] if isinstance(result, Mapping) else result[0]
        if isinstance(one, BaseException):
            raise one
        return one


@dataclass(frozen=True)
class Behind:
    """To be driven while others go on. The answer says whether there is room for it."""

    plan: Plan


@dataclass(frozen=True)
class CheckRecursion:
    key: str


Step = Call[Any] | LeaseCall | Await | NewLease | Compute | Behind | CheckRecursion
Plan = Generator[Step, Any, Any]


class Leasing:
    """The plans of one connection, and what they know in common. Any thread."""

    def __init__(
        self, address: str, loads: Loads, timeout: float, on_unreachable: Unreachable, forget: Callable[[str], None]
    ) -> None:
        self._address, self._loads, self._timeout = address, loads, timeout
        self._raises = on_unreachable == "raise"
        self._forget = forget
        self.begin_anew()

    def begin_anew(self) -> None:
        """In a forked process: what other threads were doing is not done here."""
        self._lock = threading.Lock()
        self._behind: set[str] = set()
        self._leaders: dict[str, Future[None]] = {}  # of each key the reader that asks for its lease, or computes it
        self._away_until = self._away_seconds = 0.0

    def read(self, product: Computed, values: Sequence[Parameter]) -> Plan:
        """The value of a decorated function."""
        text = key(product.name, *values)
        until = time.monotonic() + _hold(product) + self._timeout
        while True:
            if self._is_away():
                return (yield from self._alone(text, product, values))
            try:
                found = yield from self._fetch(text)
            except UNREACHABLE as error:
                self._note_away(error)
                continue
            self._note_reached()
            if found is not None and self._will_do(text, found):
                return found.value
            yield CheckRecursion(text)
            leader, is_mine = self._lead(text)
            if is_mine:
                try:
                    return (yield from self._read_leased(text, product, values, until, found))
                finally:
                    self._end_lead(text, leader)
            if found is not None:
                return found.value  # it is stale, and another reader sees to it
            if not (yield Await(leader, until - time.monotonic())):
                raise KCKSourceTimeout(f"{text} was not computed in time")

    def _fetch(self, text: str) -> Generator[Step, Any, Found | None]:
        try:
            found: Found = yield _lease_calls.fetch(text)
            return found
        except KCKUnknownKey:
            return None

    def _will_do(self, text: str, found: Found) -> bool:
        return found.state != "stale" or text in self._behind or len(self._behind) >= BEHIND_MAX

    def _lead(self, text: str) -> tuple[Future[None], bool]:
        """The end of what one reader does for all of this process, and whether that is who asks."""
        with self._lock:
            leader = self._leaders.get(text)
            if leader is not None:
                return leader, False
            mine = self._leaders[text] = Future()
            mine.set_running_or_notify_cancel()  # so that one who waits in vain cannot cancel it
            return mine, True

    def _end_lead(self, text: str, mine: Future[None]) -> None:
        with self._lock:
            if self._leaders.get(text) is mine:
                del self._leaders[text]
        mine.set_result(None)

    def _read_leased(
        self, text: str, product: Computed, values: Sequence[Parameter], until: float, found: Found | None
    ) -> Plan:
        try:
            answer = yield from self._ask(text, _hold(product), until)
        except (KCKForbidden, AuthHeaderNotPresent):  # leases are for administrators
            if found is None:
                raise
            return found.value
        except UNREACHABLE as error:
            self._note_away(error)
            return (yield from self._alone(text, product, values))
        if isinstance(answer, Found):
            return answer.value
        if answer.stale is not None and product.fields.get("on_stale") != "wait":
            yield from self._compute_behind(text, product, values, answer.lease)
            return answer.stale.value
        return (yield from self._compute(text, product, values, answer.lease))

    def renew(self, product: Computed | None, name: str, values: Sequence[Parameter], queued: bool) -> Plan:
        """After a write that the key depends on. Where the server does not compute it, what it holds goes, and what is
        being computed is not taken: it may have read what was there before."""
        text = key(name, *values)
        try:
            try:
                yield refresh(name, values, None) if queued else refreshed(name, values)
                return
            except KCKUnknownKey:
                yield purge(text, (), None)
                with self._lock:
                    self._leaders.pop(text, None)  # what is computed for these is of before
        except UNREACHABLE as error:
            log.error("kck: %s is not reached: %s may be served as before a write: %s", self._address, text, error)
            if self._raises:
                raise
            return
        if product is not None and queued:
            yield Behind(self._quietly(text, self.read(product, values)))
        elif product is not None:
            yield from self.read(product, values)

    def _ask(self, text: str, hold: float, until: float) -> Generator[Step, Any, Found | Granted]:
        wait = min(WAIT_SECONDS, self._timeout / 2)
        is_forgotten = False
        while True:
            lease = yield NewLease()
            try:
                answer: Found | Granted = yield LeaseCall(_lease_calls.ask(text, lease, wait, hold))
                return answer
            except VersionMismatch:
                self._forget(lease)
                if is_forgotten:
                    raise
                is_forgotten = True
            except KCKSourceTimeout:
                if time.monotonic() >= until:
                    raise
            except BaseException as error:
                # It may have been given to this process, which does not know of it.
                if not isinstance(error, KCKError) or getattr(error, "sent", False):
                    yield from self._give_up_after(error, text, lease)
                raise

    def _alone(self, text: str, product: Computed, values: Sequence[Parameter]) -> Plan:
        return self._loads(encode((yield Compute(text, product.computation, values))))

    def _compute(self, text: str, product: Computed, values: Sequence[Parameter], lease: str) -> Plan:
        try:
            body = encode((yield Compute(text, product.computation, values)))
            yield from self._publish(text, product, body, lease)
        except BaseException as error:
            yield from self._give_up_after(error, text, lease)
            raise
        return self._loads(body)

    def _publish(self, text: str, product: Computed, body: bytes, lease: str) -> Plan:
        fields = product.fields
        try:
            call = _lease_calls.publish(text, lease, body, fields.get("expire_seconds"), fields.get("stale_seconds"))
            yield LeaseCall(call)
        except VersionMismatch:
            pass  # there is something newer, or this took longer than it may
        except KCKError as error:
            log.warning("kck: the value of %s was computed and is not kept: %s", text, error)
            yield from self._give_up(text, lease)

    def _compute_behind(self, text: str, product: Computed, values: Sequence[Parameter], lease: str) -> Plan:
        with self._lock:
            self._behind.add(text)
        try:
            has_room = yield Behind(self._once_behind(text, self._compute(text, product, values, lease)))
        except BaseException as error:
            self._behind.discard(text)
            yield from self._give_up_after(error, text, lease)
            raise
        if not has_room:
            self._behind.discard(text)
            yield from self._give_up(text, lease)

    def _once_behind(self, text: str, plan: Plan) -> Plan:
        try:
            yield from self._quietly(text, plan)
        finally:
            self._behind.discard(text)

    def _quietly(self, text: str, plan: Plan) -> Plan:
        """Nobody waits for it."""
        try:
            yield from plan
        except Exception:
            log.exception("kck: computing %s behind its readers failed", text)

    def _give_up_after(self, error: BaseException, text: str, lease: str) -> Plan:
        """Of a cancelled task and after Ctrl-C too. A plan that is closed can ask for nothing more: what it held ends
        with the process, or in its time."""
        if not isinstance(error, GeneratorExit):
            yield from self._give_up(text, lease)

    def _give_up(self, text: str, lease: str) -> Plan:
        try:
            yield LeaseCall(_lease_calls.give_up(text, lease), brief=True)
        except KCKError as error:
            log.info("kck: the lease of %s was not given up: %s", text, error)

    def _is_away(self) -> bool:
        return not self._raises and time.monotonic() < self._away_until

    def _note_away(self, error: KCKError) -> None:
        """Raises it where that is wanted. Until it is tried again, functions are called at once."""
        if self._raises:
            raise error
        with self._lock:
            if time.monotonic() < self._away_until:
                return  # another call has seen the same outage
            is_new = self._away_seconds == 0
            self._away_seconds = min(AWAY_SECONDS_MAX, self._away_seconds * 2 or 0.5)
            self._away_until = time.monotonic() + self._away_seconds
        if is_new:
            log.warning("kck: %s is not reached, and functions are called without it: %s", self._address, error)

    def _note_reached(self) -> None:
        if self._away_seconds:
            with self._lock:
                was_away, self._away_seconds = self._away_seconds, 0.0
            if was_away:
                log.warning("kck: %s is reached again", self._address)


def _hold(product: Computed) -> float:
    milliseconds = product.fields.get("timeout_ms")
    return HOLD_SECONDS if milliseconds is None else min(HOLD_SECONDS_MAX, milliseconds / 1000)

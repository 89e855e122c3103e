"""What the calls of an application's process reach: a server, by clients for threads and for asyncio, and the functions
that this process computes under leases of that server."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import logging
import os
import ssl
import threading
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from kck import _runtime
from kck._aio_pool import Pool as AioPool
from kck._base import tls_context
from kck._calls import Call
from kck._forks import begin_anew_after_fork
from kck._holder import Holder
from kck._json import Loads, loads
from kck._leasing import (
    BEHIND_MAX,
    Await,
    Behind,
    CheckRecursion,
    Compute,
    Computed,
    LeaseCall,
    Leasing,
    NewLease,
    Plan,
    Step,
    Unreachable,
)
from kck._pool import Pool
from kck._session import Token
from kck.aio import AsyncClient
from kck.client import Client
from kck.errors import KCKError
from kck.keys import Parameter

log = logging.getLogger("kck")

GIVE_UP_SECONDS = 2.0
LEASE_CONNECTIONS_MAX = 256

_computing: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("kck_computing", default=frozenset())


class Application:
    """`client` and `aio` call the server, in threads and in asyncio. `get` and the like are those of `client`. Any
    thread; it may be made before a fork. Options as of `connect`."""

    def __init__(
        self, url: str, *, token: Token = None, timeout: float = 20.0, pool_size: int = 16, writes_life: float = 300.0,
        tls: ssl.SSLContext | None = None, loads: Loads = loads, on_unreachable: Unreachable = "compute",
    ) -> None:  # fmt: skip
        if on_unreachable not in ("compute", "raise"):
            raise ValueError('on_unreachable is "compute" or "raise"')
        self.client = client = Client(url, token=token, timeout=timeout, pool_size=pool_size, writes_life=writes_life,
                                      tls=tls, loads=loads)  # fmt: skip
        self.aio = AsyncClient(url, token=token, timeout=timeout, pool_size=pool_size, writes_life=writes_life, tls=tls,
                               loads=loads)  # fmt: skip
        self.get, self.mget, self.set, self.purge = client.get, client.mget, client.set, client.purge
        self.refresh, self.create, self.update = client.refresh, client.create, client.update
        self.delete = client.delete
        self._holder = Holder(client)
        self._leasing = Leasing(str(client._address), loads, timeout, on_unreachable, self._holder.forget)
        # Of their own: were all connections taken by those who wait, no value could be put that they wait for.
        context = tls_context(client._address, tls)
        self._leases, self._aio_leases = copy.copy(client), copy.copy(self.aio)
        self._leases._pool = Pool(client._address, context, LEASE_CONNECTIONS_MAX)
        self._aio_leases._pool = AioPool(client._address, context, LEASE_CONNECTIONS_MAX)
        self._leases_brief, self._aio_leases_brief = copy.copy(self._leases), copy.copy(self._aio_leases)
        self._leases_brief._timeout = self._aio_leases_brief._timeout = GIVE_UP_SECONDS
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """In a forked process."""
        self._room = threading.BoundedSemaphore(BEHIND_MAX)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._leasing.begin_anew()

    def close(self) -> None:
        """Ends this process's leases, and closes `client`."""
        self._holder.close()
        self._leases.close()
        self.client.close()

    async def aclose(self) -> None:
        """As `close`, and closes `aio`."""
        self.close()
        await self._aio_leases.aclose()
        await self.aio.aclose()

    def call(self, product: Computed, parameters: Sequence[Parameter]) -> Any:
        """The value of a decorated function; of an async one an awaitable of it."""
        return self._run_plan(self._leasing.read(product, parameters), product.computation.is_async)

    def renew(
        self, product: Computed | None, name: str, parameters: Sequence[Parameter], queued: bool, is_async: bool
    ) -> Any:
        """After a write: what the key holds is computed again; behind, where `queued`. Where `is_async`, an
        awaitable."""
        return self._run_plan(self._leasing.renew(product, name, parameters, queued), is_async)

    def _run_plan(self, plan: Plan, is_async: bool) -> Any:
        return self._drive_async(plan) if is_async else self._drive(plan)

    # In threads.

    def _drive(self, plan: Plan) -> Any:
        try:
            step = next(plan)
            while True:
                try:
                    done = self._take(step)
                except BaseException as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(done)
        except StopIteration as end:
            return end.value

    def _take(self, step: Step) -> Any:
        if isinstance(step, Call):
            return self.client._run(step)
        if isinstance(step, LeaseCall):
            return (self._leases_brief if step.brief else self._leases)._run(step.call)
        if isinstance(step, Await):
            return bool(wait([step.done], max(0.0, step.seconds)).done)
        if isinstance(step, Compute):
            inside = _computing.set(_computing.get() | {step.key})
            try:
                result = step.begin()
                return step.end(_wait_for(result) if step.computation.is_async else result)
            finally:
                _computing.reset(inside)
        if isinstance(step, NewLease):
            return self._holder.new_lease()
        if isinstance(step, Behind):
            return self._begin_behind(step.plan)
        return _check_recursion(step)

    def _begin_behind(self, plan: Plan) -> bool:
        if not self._room.acquire(blocking=False):
            return False
        room, context = self._room, contextvars.copy_context()

        def work() -> None:
            try:
                context.run(self._drive, plan)
            finally:
                room.release()

        try:
            threading.Thread(target=work, name="kck-behind", daemon=True).start()
        except RuntimeError as error:  # the system has no more threads for this process
            log.info("kck: nothing is computed behind readers: %s", error)
            room.release()
            return False
        except BaseException:
            room.release()
            raise
        return True

    # In asyncio.

    async def _drive_async(self, plan: Plan) -> Any:
        try:
            step = next(plan)
            while True:
                try:
                    done = await self._take_async(step)
                except BaseException as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(done)
        except StopIteration as end:
            return end.value

    async def _take_async(self, step: Step) -> Any:
        if isinstance(step, Call):
            return await self.aio._run(step)
        if isinstance(step, LeaseCall):
            return await (self._aio_leases_brief if step.brief else self._aio_leases)._run(step.call)
        if isinstance(step, Await):
            return bool((await asyncio.wait([asyncio.wrap_future(step.done)], timeout=max(0.0, step.seconds)))[0])
        if isinstance(step, Compute):
            inside = _computing.set(_computing.get() | {step.key})
            try:
                made = step.computation.is_async
                return step.end(await step.begin() if made else await asyncio.to_thread(step.begin))
            finally:
                _computing.reset(inside)
        if isinstance(step, NewLease):
            if self._holder.is_known:
                return self._holder.new_lease()
            return await asyncio.get_running_loop().run_in_executor(None, self._holder.new_lease)
        if isinstance(step, Behind):
            return self._begin_task(step.plan)
        return _check_recursion(step)

    def _begin_task(self, plan: Plan) -> bool:
        self._tasks = {task for task in self._tasks if not task.done() and not task.get_loop().is_closed()}
        if len(self._tasks) >= BEHIND_MAX:
            return False
        self._tasks.add(asyncio.get_running_loop().create_task(self._drive_async(plan)))
        return True


def _wait_for(result: Awaitable[Any]) -> Any:
    """What an async function returns, for one who waits: in this thread, or in another where a loop runs in this one,
    since no second one may."""
    if not _loop_runs():
        return asyncio.run(_awaited(result))
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, "kck-compute") as thread:
        return thread.submit(context.run, asyncio.run, _awaited(result)).result()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _check_recursion(step: CheckRecursion) -> None:
    if step.key in _computing.get():
        raise KCKError(f"computing {step.key} needs {step.key}: it would wait for itself")


def connect(
    url: str | None = None, *, token: Token = None, timeout: float = 20.0, pool_size: int = 16,
    writes_life: float = 300.0, tls: ssl.SSLContext | None = None, loads: Loads = loads,
    on_unreachable: Unreachable = "compute",
) -> Application:  # fmt: skip
    """Connects this process: from now on `kck.get` and decorated functions go to that server. Without a call of this
    they go to the one of the environment's KCK_URL. Options as of `Client`. `on_unreachable`: "compute" calls functions
    where the server is not reached; "raise" raises the error.

    Connections are made as they are needed, so a server that is not there yet is no error."""
    url = url or os.environ.get("KCK_URL")
    if not url:
        raise ValueError("name the server: kck.connect(url), or KCK_URL in the environment")
    made = Application(url, token=token, timeout=timeout, pool_size=pool_size, writes_life=writes_life, tls=tls,
                       loads=loads, on_unreachable=on_unreachable)  # fmt: skip
    _runtime.set_current(made)
    return made

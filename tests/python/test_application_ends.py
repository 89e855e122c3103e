"""Calls of decorated functions that are cancelled, interrupted or have no thread give back what they hold."""

import asyncio
import threading
import types

import pytest
from support.wait import wait_for

import kck


def test_cancelled_tasks_leave_what_they_hold_and_wish(application, connected):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "the process to compute")
    began = []

    @kck.product
    async def stuck():
        began.append(True)
        await asyncio.Event().wait()

    @kck.product
    async def value(number: int):
        raise AssertionError("another one does this")

    async def main():
        tasks = [asyncio.create_task(stuck()), asyncio.create_task(value(1))]
        while not began or application.metric("kck_lease_waiters") != 1:
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    application.await_waiting(0)
    assert application.metric("kck_leases") == 1
    assert application.metric('kck_leases_ended_total{how="given_up"}') == 1
    application.go()
    assert process.values() == [{"number": 1, "by": process.pid}]


def test_a_task_cancelled_as_it_puts_the_value_gives_the_lease_back(connected, leases, monkeypatch):
    """While PUT /set connects or waits for its answer."""
    ordinary = connected._aio_leases._run

    @kck.product
    async def value():
        return 1

    async def main():
        puts = asyncio.Event()

        async def run(call):
            if call.method != "PUT":
                return await ordinary(call)
            puts.set()
            return await asyncio.Event().wait()

        monkeypatch.setattr(connected._aio_leases, "_run", run)
        task = asyncio.create_task(value())
        await puts.wait()
        assert leases() == (1, 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert leases() == (0, 1)


class Interrupt(BaseException):
    """As KeyboardInterrupt, which would end the tests where it is not caught."""


def test_a_put_that_is_interrupted_gives_the_lease_back(connected, leases, monkeypatch):
    ordinary = connected._leases._run

    def run(call):
        if call.method == "PUT":
            raise Interrupt
        return ordinary(call)

    @kck.product
    def value():
        return 1

    monkeypatch.setattr(connected._leases, "_run", run)
    with pytest.raises(Interrupt):
        value()
    assert leases() == (0, 1)


def test_without_a_thread_for_it_a_stale_value_is_served(connected, client, leases, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    @kck.product(expire=3600, stale=0.05)
    def value():
        return 1

    @kck.kckrefresh(name="value", queued=True)
    def write():
        return "done"

    assert value() == 1
    wait_for(lambda: client.entry("value").state == "stale", "its soft life to end")
    kind = type("Thread", (threading.Thread,), {"start": start})
    monkeypatch.setattr("kck._application.threading", types.SimpleNamespace(Thread=kind))
    for given_up in range(1, 12):
        assert value() == 1
        assert leases() == (0, given_up)
    assert write() == "done"

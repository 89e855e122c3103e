"""Decorated functions in applications' own processes, against a real server."""

import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.wait import wait_for

import kck
from kck import _definitions, _runtime

FOLDER = pathlib.Path(__file__).resolve().parent
PYTHON = FOLDER.parents[1] / "python"


class Process:
    """A process of lease_process.py."""

    def __init__(self, folder, url, options):
        env = {**os.environ, "PYTHONPATH": str(PYTHON), "KCK_URL": url}
        command = [sys.executable, FOLDER / "lease_process.py", folder, json.dumps(options)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.pid = self.answer()["pid"]

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, number=1, threads=1):
        self.process.stdin.write(json.dumps([threads, number]) + "\n")
        self.process.stdin.flush()

    def values(self):
        return self.answer()["values"]

    def end(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


class Application:
    def __init__(self, folder, node):
        self.folder, self.node, self.processes = folder, node, []
        folder.mkdir()

    def start(self, count, **options):
        self.processes += [Process(self.folder, self.node.url, options) for _ in range(count)]
        return self.processes[-count:]

    def go(self):
        (self.folder / "go").touch()

    def runs(self):
        path = self.folder / "runs"
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def metric(self, name):
        lines = self.node.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)

    def await_waiting(self, count):
        wait_for(lambda: self.metric("kck_lease_waiters") == count, f"{count} requests to wait", 60)


@pytest.fixture
def application(node, tmp_path):
    made = Application(tmp_path / "application", node)
    yield made
    for process in made.processes:
        process.end()


@pytest.fixture
def unused_port():
    """Where nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def leases(node):
    """How many are held, and how many were given up."""

    def count():
        lines = dict(line.rpartition(" ")[::2] for line in node.get("/metrics").text.splitlines())
        return int(lines["kck_leases"]), int(lines.get('kck_leases_ended_total{how="given_up"}', 0))

    return count


@pytest.fixture
def connected(node):
    known = list(_definitions.definitions)
    made = kck.connect(node.url)
    yield made
    made.close()
    _runtime.set_current(None)
    _definitions.definitions[:] = known


def test_a_hundred_misses_in_eight_processes_run_it_once(application):
    processes = application.start(8)
    each = [13, 13, 13, 13, 12, 12, 12, 12]
    for process, threads in zip(processes, each, strict=True):
        process.ask(threads=threads)
    # Of each process one waits at the server, for all of its own.
    misses = 'kck_http_requests_total{call="fetch",status="4xx"}'
    wait_for(lambda: application.metric(misses) == 100, "all of them to miss", 60)
    application.await_waiting(7)
    application.go()
    found = [value for process in processes for value in process.values()]
    assert len(found) == 100
    assert len(application.runs()) == 1
    assert all(value == {"number": 1, "by": application.runs()[0]} for value in found)
    assert application.metric("kck_leases_granted_total") == 1


def test_a_killed_holder_is_followed_by_the_next(application):
    first, second = application.start(2)
    first.ask()
    wait_for(lambda: application.runs() == [first.pid], "the first to compute")
    second.ask()
    application.await_waiting(1)
    began = time.monotonic()
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: application.runs() == [first.pid, second.pid], "the next one to compute")
    print(f"the next one computes {(time.monotonic() - began) * 1000:.0f} ms after the kill")
    application.go()
    assert second.values() == [{"number": 1, "by": second.pid}]
    assert application.metric('kck_leases_ended_total{how="lost"}') == 1


def test_a_value_set_meanwhile_stays(application, client):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "it to compute")
    client.set("value/1", "by hand")
    application.go()
    process.values()
    assert client.get("value/1") == "by hand"


def test_a_stale_value_is_served_while_one_computes(application, client):
    processes = application.start(2, expire=3600, stale=0.05)
    application.go()
    processes[0].ask()
    old = processes[0].values()[0]
    wait_for(lambda: client.entry("value/1").state == "stale", "its soft life to end")
    (application.folder / "go").unlink()
    for process in processes:
        process.ask(threads=5)
        assert process.values() == [old] * 5
    wait_for(lambda: len(application.runs()) == 2, "one to compute behind")
    assert application.metric("kck_leases") == 1
    application.go()
    wait_for(lambda: client.get("value/1") != old or application.metric("kck_leases") == 0, "the new value")
    assert application.metric("kck_leases_granted_total") >= 2


def test_a_failure_is_its_callers_alone(application):
    first, second = application.start(2)
    (application.folder / "fails").touch()
    first.ask()
    wait_for(application.runs, "the first to compute")
    second.ask()
    application.await_waiting(1)
    application.go()
    assert first.values() == ["RuntimeError: scripted"]
    assert second.values() == ["RuntimeError: scripted"]
    assert application.runs() == [first.pid, second.pid]
    (application.folder / "fails").unlink()
    second.ask()
    assert second.values() == [{"number": 1, "by": second.pid}]


def test_a_restarted_server_is_used_again(application, node):
    process = application.start(1)[0]
    application.go()
    process.ask()
    assert process.values()[0]["number"] == 1
    node.stop()
    node.start()
    process.ask(2)
    assert process.values()[0]["number"] == 2
    process.ask(2)
    process.values()
    assert len(application.runs()) == 2


def test_values_are_the_same_whoever_computes(connected):
    @kck.product
    def pair(a: int, b: str | None = None):
        return (a, b, {"t": (1, 2)})

    assert pair(1, "x/y") == [1, "x/y", {"t": [1, 2]}]
    assert pair(1, b="x/y") == [1, "x/y", {"t": [1, 2]}]
    assert connected.get("pair", 1, "x/y") == [1, "x/y", {"t": [1, 2]}]
    assert pair(2) == [2, None, {"t": [1, 2]}]
    assert pair.function(1) == (1, None, {"t": (1, 2)})


def test_calls_bind_as_the_function_does(connected):
    @kck.kckprime(name="ordered", keys=["b", "a"])
    def ordered(a, b):
        return {"a": a, "b": b}

    @kck.product
    def limited(limit: int | None = 10):
        return limit

    assert ordered(1, 2) == ordered(1, b=2) == ordered.function(1, 2) == {"a": 1, "b": 2}
    assert connected.get("ordered/2/1") == {"a": 1, "b": 2}
    assert (limited(), connected.get("limited/10"), limited(None)) == (10, 10, None)


def test_functions_get_the_values_as_they_take_them(connected):
    @kck.product
    def only_by_name(a: int, *, b: int):
        return [a, b]

    @kck.product(parameters=["x", {"name": "y", "type": "int"}])
    def any_names(**kw):
        return kw

    @kck.product(keys=["b", "a"])
    async def by_place(a, b, /):
        return [a, b]

    assert only_by_name(1, b=2) == [1, 2]
    assert any_names(y=1, x="u") == {"x": "u", "y": 1}
    assert asyncio.run(by_place(1, 2)) == [1, 2]


def test_lives_are_the_products(connected, node):
    @kck.product(expire="1h", stale="30m")
    def aged():
        return 1

    assert aged() == 1
    found = node.get("/explain/aged").json()["entry"]
    assert 3500 < found["expires_in_seconds"] <= 3600
    assert 1700 < found["stale_in_seconds"] <= 1800


def test_a_product_of_the_server_is_computed_there(connected):
    @kck.product
    def item(id: int):
        raise AssertionError("the server does this")

    assert item(1)["name"] == "pen"
    with pytest.raises(kck.KCKKeyNotSetException):
        item(99)


def test_a_function_that_needs_itself(connected):
    @kck.product
    def circle(a: int):
        return circle(a)

    with pytest.raises(kck.KCKError, match="it would wait for itself"):
        circle(1)


def test_a_value_without_a_form_leaves_the_lease(connected, node):
    @kck.product
    def formless():
        return object()

    for _ in range(2):
        with pytest.raises(kck.KCKValueError):
            formless()
    assert "kck_leases 0" in node.get("/metrics").text


def test_many_keys_are_computed_one_by_one(connected):
    @kck.product(many=True, parameters=[{"name": "id", "type": "int"}])
    def squares(ids):
        return {one: one * one for one in ids}

    assert squares(3) == 9


def test_async_functions(connected):
    runs = []

    @kck.product
    async def slow(a: int):
        runs.append(a)
        await asyncio.sleep(0)
        return {"a": a}

    async def main():
        assert await asyncio.gather(*(slow(5) for _ in range(20))) == [{"a": 5}] * 20
        return await slow(5)

    assert asyncio.run(main()) == {"a": 5}
    assert asyncio.run(main()) == {"a": 5}, "under another loop"
    assert runs == [5]


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


def test_who_waits_takes_no_connection_from_who_computes(application, node):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "the process to compute")
    made = kck.connect(node.url, pool_size=1)

    @kck.product
    def value(number: int):
        raise AssertionError("another one does this")

    @kck.product
    def own():
        return 5

    try:
        waits = [threading.Thread(target=value, args=[1]) for _ in range(3)]
        for one in waits:
            one.start()
        application.await_waiting(1)
        assert own() == 5
        application.go()
        for one in waits:
            one.join()
    finally:
        made.close()
        _runtime.set_current(None)


def test_a_forked_child_is_a_holder_of_its_own(connected, node):
    @kck.product
    def one(a: int):
        return os.getpid()

    assert one(1) == os.getpid()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writes, str(one(2)).encode())
        finally:
            os._exit(0)
    os.close(writes)
    assert os.read(reads, 100).decode() == str(child)
    os.close(reads)
    os.waitpid(child, 0)
    assert one(2) == child
    assert one(3) == os.getpid(), "the child's end was not the parent's"


def test_without_a_server_functions_are_called(unused_port, caplog):
    made = kck.connect(f"http://127.0.0.1:{unused_port}")
    try:
        @kck.product
        def alone(a: int):
            return (a,)

        assert [alone(1), alone(1)] == [[1], [1]]
        assert len([record for record in caplog.records if "is not reached" in record.message]) == 1
        _runtime.set_current(kck.Application(f"http://127.0.0.1:{unused_port}", on_unreachable="raise"))
        with pytest.raises(kck.KCKConnectionError):
            alone(1)
    finally:
        made.close()
        _runtime.set_current(None)


def test_without_an_address(monkeypatch):
    monkeypatch.delenv("KCK_URL", raising=False)

    @kck.product
    def nowhere():
        return 1

    with pytest.raises(kck.KCKError, match="kck.connect"):
        nowhere()
    with pytest.raises(ValueError, match="KCK_URL"):
        kck.connect()


def test_the_environment_names_the_server(node, monkeypatch):
    monkeypatch.setenv("KCK_URL", node.url)

    @kck.product
    def somewhere():
        return 1

    try:
        assert somewhere() == 1
        assert node.value("somewhere") == 1
    finally:
        _runtime.current().close()
        _runtime.set_current(None)


def test_kckprime_and_kckrefresh(connected):
    prices = {"pen": 1}

    @kck.kckprime(name="price", keys=["name"])
    def price(name):
        return prices[name]

    @kck.kckrefresh(name="price", keys=["name"], param_keys={"name": "item"})
    def set_price(item, new):
        prices[item] = new

    assert price("pen") == 1
    prices["pen"] = 2
    assert price("pen") == 1, "it is kept"
    set_price("pen", 3)
    assert connected.get("price", "pen") == 3, "computed, before anybody asks"
    set_price("pen", new=4)
    assert price("pen") == 4


def test_kckrefresh_queued_and_with_compute(connected):
    began, go = threading.Event(), threading.Event()
    stock = {"n": 1}

    def compute():
        began.set()
        assert go.wait(60)
        return stock["n"]

    @kck.kckrefresh(name="stock", compute=compute, queued=True)
    def change(n):
        stock["n"] = n

    change(5)
    assert began.wait(60), "computed behind"
    go.set()
    wait_for(lambda: connected.get("stock", default=None) == 5, "its value")


def test_a_write_is_not_undone_by_what_was_being_computed(connected):
    began, go = threading.Event(), threading.Event()
    count = {"n": 1}

    @kck.product
    def counted():
        found = count["n"]
        if not began.is_set():
            began.set()
            assert go.wait(60)
        return found

    @kck.kckrefresh(name="counted")
    def change(n):
        count["n"] = n

    reader = threading.Thread(target=counted)
    reader.start()
    assert began.wait(60)
    change(2)
    assert connected.get("counted") == 2
    go.set()
    reader.join()
    assert connected.get("counted") == 2


def test_kckrefresh_of_the_servers_product(connected, node):
    @kck.kckrefresh(name="item", keys=["id"])
    def write(id):
        connected.client.call("PUT", f"/update/item/{id}", {"name": "pen", "price": 9})

    assert connected.get("item", 1)["price"] == 1.5
    write(id=1)
    assert node.get("/fetch/item/1").json()["value"]["price"] == 9


def test_kckrefresh_around_async_functions(connected):
    count = {"n": 1}

    @kck.product
    def plain():
        return count["n"]

    @kck.kckrefresh(name="plain")
    async def change(n):
        count["n"] = n
        return "done"

    assert plain() == 1
    assert asyncio.run(change(2)) == "done"
    assert plain() == 2


def test_kckrefresh_of_an_async_product_where_a_loop_runs(connected):
    count = {"n": 1}

    @kck.product
    async def counted():
        await asyncio.sleep(0)
        return count["n"]

    @kck.kckrefresh(name="counted")
    def change(n):
        count["n"] = n

    async def main():
        assert await counted() == 1
        change(2)
        assert await connected.aio.get("counted") == 2, "computed, before anybody asks"

    asyncio.run(main())
    change(3)
    assert connected.get("counted") == 3


def test_a_circle_by_a_write_where_a_loop_runs(connected):
    @kck.product
    async def outer():
        return change()

    @kck.product
    async def inner():
        return await outer()

    @kck.kckrefresh(name="inner")
    def change():
        return 1

    with pytest.raises(kck.KCKError, match="computing outer needs outer"):
        asyncio.run(outer())


def test_a_stale_value_may_be_waited_for(connected, client):
    count = iter(range(1, 100))

    @kck.product(expire=3600, stale=0.05, on_stale="wait")
    def counter():
        return next(count)

    assert counter() == 1
    wait_for(lambda: client.entry("counter").state == "stale", "its soft life to end")
    assert counter() == 2


def test_while_one_waits_for_a_new_value_the_others_get_the_stale_one(connected, client):
    go, count = threading.Event(), iter(range(1, 100))

    @kck.product(expire=3600, stale=0.05, on_stale="wait")
    def counter():
        number = next(count)
        if number > 1:
            assert go.wait(60)
        return number

    assert counter() == 1
    wait_for(lambda: client.entry("counter").state == "stale", "its soft life to end")
    with ThreadPoolExecutor() as threads:
        try:
            readers = [threads.submit(counter) for _ in range(4)]
            wait_for(lambda: sum(one.done() for one in readers) == 3, "all but one to have a value")
            assert [one.result() for one in readers if one.done()] == [1, 1, 1]
        finally:
            go.set()
        assert sorted(one.result() for one in readers) == [1, 1, 1, 2]


def test_an_async_function_computes_behind_in_a_task(connected, client):
    count = iter(range(1, 100))

    @kck.product(expire=3600, stale=0.05)
    async def counter():
        return next(count)

    async def main():
        assert await counter() == 1
        while (await connected.aio.entry("counter")).state != "stale":
            await asyncio.sleep(0.01)
        assert await counter() == 1
        while (await connected.aio.get("counter")) == 1:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert client.get("counter") > 1


def test_a_server_that_is_killed_meanwhile_costs_the_keeping_alone(application, node):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "it to compute")
    node.kill()
    application.go()
    assert process.values() == [{"number": 1, "by": process.pid}]
    process.ask()
    assert process.values() == [{"number": 1, "by": process.pid}], "without the server"
    node.start()

    def is_kept():
        process.ask()
        process.values()
        return node.get("/fetch/value/1").status_code == 200

    wait_for(is_kept, "the server to be used again", 60)

"""Decorated functions in an application's own process, against a real server."""

import asyncio
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.wait import wait_for

import kck
from kck import _runtime


@pytest.fixture
def unused_port():
    """Where nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


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

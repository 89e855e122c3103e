"""`kckprime` and `kckrefresh`: functions that write, and what they have computed again."""

import asyncio
import threading

import pytest
from support.wait import wait_for

import kck


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

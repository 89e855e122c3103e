"""SIGKILL in the midst of writes: what was acknowledged is there, nothing is torn, nothing goes back."""

import json
import random
import threading
import time

import httpx
import pytest

from support.files import kck_yml, product
from support.wait import wait_for

ROUNDS = 4
WRITERS = 4
ITEMS = 5


def value_for(n):
    """A value that shows when it is torn or mixed with another."""
    return {"n": n, "pad": [n] * (n % 300), "end": n}


def whole(value):
    return value == value_for(value["n"])


class Writers:
    """Threads that set rising numbers; `acknowledged` and `sent` hold the last of each key."""

    def __init__(self, url, first):
        self.url = url
        self.acknowledged = {}
        self.sent = {}
        self._first = first
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(WRITERS)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join()

    def _run(self, writer):
        n = self._first
        with httpx.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            try:
                while True:
                    n += 1
                    key = f"set{writer}x{n % 3}"
                    self.sent[key] = n
                    answer = client.put("/set/" + key, content=json.dumps(value_for(n)))
                    assert answer.status_code == 200, answer.text
                    self.acknowledged[key] = n
            except httpx.TransportError:
                return  # the server was killed


class Fills:
    """A thread that commits a change and has it computed; `served` holds the last number seen of each item."""

    def __init__(self, url, database):
        self.url = url
        self.database = database
        self.served = {}
        self._thread = threading.Thread(target=self._run)
        self.start = self._thread.start
        self.join = self._thread.join

    def _run(self):
        with self.database.connect() as connection, httpx.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            try:
                while True:
                    for item in range(1, ITEMS + 1):
                        connection.execute("update item set n = n + 1 where id = %s", [item])
                        answer = client.post(f"/refresh/item/{item}?wait=1")
                        assert answer.status_code == 200, answer.text
                        self.served[item] = answer.json()["value"][0][0]
            except httpx.TransportError:
                return


@pytest.mark.parametrize("seed", [20240917])
def test_kill_during_writes(make_node, database, postgres, seed):
    chance = random.Random(seed)
    database.execute("create table item (id int primary key, n int);"
                     f"insert into item select g, 0 from generate_series(1, {ITEMS}) g")
    item = product("select n, repeat('x', n % 1000) as pad, n as again from item where id = :id", "id: int")
    node = make_node({"kck.yml": kck_yml(database.url), "products/item.yml": item}).start()
    acknowledged, sent, served = {}, {}, {}
    for round_number in range(ROUNDS):
        writers, fills = Writers(node.url, round_number * 1_000_000), Fills(node.url, database)
        writers.start()
        fills.start()
        wait_for(lambda: len(writers.acknowledged) == WRITERS * 3 and len(fills.served) == ITEMS, "writes of each key")
        time.sleep(chance.uniform(0, 0.5))  # the moment of the kill is the experiment
        node.kill()
        writers.join()
        fills.join()
        acknowledged.update(writers.acknowledged)
        sent.update(writers.sent)
        served.update(fills.served)

        postgres.stop()
        node.start()
        for key, n in acknowledged.items():
            value = node.value(key)
            assert whole(value) and n <= value["n"] <= sent[key], (key, n, value["n"], sent[key])
        for i in range(1, ITEMS + 1):
            answer = node.fetch(f"item/{i}")
            n, pad, again = answer.json()["value"][0]
            assert again == n and pad == "x" * (n % 1000)
            # A fill is no acknowledged write, so the last ones may be lost; then the value does not call itself fresh.
            assert n >= served[i] or answer.headers["KCK-State"] == "stale", (i, n, served[i])
        postgres.start()
        wait_for(lambda: node.refresh("item/1").status_code == 200, "the database to be reached again")
        for i in range(1, ITEMS + 1):
            now = database.execute("select n from item where id = %s", [i])[0][0]
            assert node.refresh(f"item/{i}").json()["value"][0][0] == now

"""The database goes away and comes back; the server goes away and comes back."""

import threading
import time

import httpx
import pytest

from support.files import kck_yml, product
from support.wait import wait_for

KEYS = 20


class Load:
    """Threads that fetch the keys in turn until stopped, and keep every answer that was no success."""

    def __init__(self, url, keys, threads=4):
        self.failures = []
        self.states = set()
        self.answers = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(url, keys)) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, url, keys):
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            while not self._stop.is_set():
                for key in keys:
                    self._count(key, client.get("/fetch/" + key))

    def _count(self, key, answer):
        with self._lock:
            self.answers += 1
            self.states.add(answer.headers.get("KCK-State"))
            if answer.status_code != 200:
                self.failures.append((key, answer.status_code, answer.text))

    def saw(self, state):
        with self._lock:
            return state in self.states

    def forget_states(self):
        with self._lock:
            self.states.clear()


def start(make_node, database, lives="stale_seconds: 0.2\nexpire_seconds: 3600"):
    database.execute("create table item (id int primary key, n int);"
                     f"insert into item select g, 0 from generate_series(1, {KEYS}) g")
    item = product("select n from item where id = :id", "id: int", rest=lives)
    return make_node({"kck.yml": kck_yml(database.url), "products/item.yml": item}).start()


def test_no_hit_fails_while_the_database_is_away(make_node, database, postgres):
    node = start(make_node, database)
    keys = [f"item/{i}" for i in range(1, KEYS + 1)]
    for key in keys:
        assert node.value(key) == [[0]]
    with Load(node.url, keys) as load:
        wait_for(lambda: load.saw("fresh"), "fresh answers before the outage")
        postgres.stop()
        load.forget_states()
        wait_for(lambda: load.saw("stale"), "stale answers during the outage")
        seen = load.answers
        wait_for(lambda: load.answers > seen + 2000 or load.failures, "answers during the outage", 60)
        postgres.start()
        database.execute("update item set n = 1")
        load.forget_states()
        wait_for(lambda: load.saw("fresh"), "fresh answers after the outage", 30)
        wait_for(lambda: all(node.value(key) == [[1]] for key in keys), "the new values", 30)
    assert not load.failures, load.failures[:5]


def test_a_cold_key_heals_after_the_outage(make_node, database, postgres):
    node = start(make_node, database)
    postgres.stop()
    assert node.get("/fetch/item/1").status_code == 502
    postgres.start()
    wait_for(lambda: node.get("/fetch/item/1").status_code == 200, "the key to be computed", 30)


def test_restart_serves_from_the_store_without_the_database(make_node, database, postgres):
    node = start(make_node, database)
    values = {f"item/{i}": node.fetch(f"item/{i}") for i in range(1, KEYS + 1)}
    assert node.set("mine", '{"a": [1, 2.50, null]}').status_code == 200
    assert node.stop() == 0
    queries = database.executions("from item")
    postgres.stop()
    began = time.monotonic()
    node.start()
    for key, before in values.items():
        after = node.fetch(key)
        assert after.content == before.content and after.headers["ETag"] == before.headers["ETag"]
    assert node.get("/fetch/mine").text.find('{"a": [1, 2.50, null]}') > 0
    assert time.monotonic() - began < 15
    # Before the database is back: the stale entries are computed again as soon as it is.
    assert database.executions("from item") == queries
    postgres.start()


@pytest.mark.parametrize("wished", ["item/1", "item/*"])
def test_an_acknowledged_refresh_survives_a_kill(make_node, database, postgres, wished):
    """The wish is durable: after the restart the old value is served as stale, and replaced."""
    node = start(make_node, database, lives="")
    assert node.value("item/1") == [[0]]
    database.execute("update item set n = 5")
    postgres.stop()
    assert node.refresh(wished, wait=False).status_code == 202
    node.kill()
    node.start()
    answer = node.fetch("item/1")
    assert (answer.json()["value"], answer.headers["KCK-State"]) == ([[0]], "stale")
    postgres.start()
    wait_for(lambda: node.value("item/1") == [[5]], "the wished refresh", 30)
    assert node.fetch("item/1").headers["KCK-State"] == "fresh"


@pytest.mark.parametrize("purged", ["item/1", "item/*"])
def test_an_acknowledged_purge_survives_a_kill(make_node, database, postgres, purged):
    node = start(make_node, database, lives="")
    assert node.value("item/1") == [[0]]
    postgres.stop()
    assert node.request("DELETE", "/fetch/" + purged).status_code == 200
    node.kill()
    node.start()
    assert node.get("/fetch/item/1").status_code == 502
    postgres.start()
    wait_for(lambda: node.get("/fetch/item/1").status_code == 200, "the key to be computed again", 30)


def fetch_behind(node, key):
    """Begins a fetch on a connection of its own; the list gets the answer, or the error of the connection."""
    answers = []

    def run():
        try:
            answers.append(httpx.get(f"{node.url}/fetch/{key}", trust_env=False, timeout=30))
        except httpx.TransportError as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answers


def test_sigterm_lets_a_slow_request_finish(make_node, database):
    slow = product("select 'answer' as a from pg_sleep(1.5)")
    node = make_node({"kck.yml": kck_yml(database.url), "products/slow.yml": slow}).start()
    thread, answers = fetch_behind(node, "slow")
    wait_for(lambda: database.running("pg_sleep"), "the query to run")
    began = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - began < 10
    thread.join()
    assert answers[0].status_code == 200 and answers[0].json()["value"] == [["answer"]]
    assert answers[0].headers.get("Connection", "").lower() == "close"


def test_a_second_signal_ends_at_once(make_node, database):
    slow = product("select 1 from pg_sleep(8)")
    node = make_node({"kck.yml": kck_yml(database.url), "products/slow.yml": slow}).start()
    thread, answers = fetch_behind(node, "slow")
    wait_for(lambda: database.running("pg_sleep"), "the query to run")
    node.signal()
    wait_for(lambda: "a second signal" in node.log(), "the drain to begin")
    began = time.monotonic()
    node.signal()
    assert node.process.wait(timeout=30) == 1
    assert time.monotonic() - began < 3
    thread.join()
    assert isinstance(answers[0], httpx.TransportError)

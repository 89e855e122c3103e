"""Readers and writers of products in Python, whose workers are killed at random; each answer is held against what was
written."""

import random
import signal
import sqlite3
import threading
import time

import httpx

from support.files import make_sqlite
from support.python import kck_yml, kill, workers_of
from support.wait import wait_for

IDS = range(1, 41)
GROUP = 8  # ids whose sum is a key
PATIENCE_SECONDS = 180
# What a reader or writer may be told while workers die: the worker is gone, no worker came in time, too many calls wait;
# of a write also that whether it was done is not known.
READ_FAILURES = {"KCKPrimerFailed", "KCKSourceTimeout", "KCKOverloaded"}
WRITE_FAILURES = {"KCKSourceError", "KCKSourceTimeout", "KCKOverloaded"}

PRODUCTS = """
import asyncio
import random
import sqlite3
import time

import kck

def read(id):
    connection = sqlite3.connect(%r)
    try:
        (n,) = connection.execute("select n from counter where id = ?", [id]).fetchone()
        return {"id": id, "square": id * id, "n": n}
    finally:
        connection.close()

@kck.product(after_updates=["sql/:id", "py/:id"])
def plain(id: int):
    found = read(id)
    time.sleep(random.random() / 200)
    return found

@kck.product(after_updates=["sql/:id", "py/:id"])
async def slow(id: int):
    found = read(id)
    await asyncio.sleep(random.random() / 20)
    return found

@kck.product(many=True, parameters=[{"name": "id", "type": "int"}], after_updates=["sql/:id", "py/:id"])
def many(ids):
    return {id: read(id) for id in ids}

@kck.product
def group(first: int):
    return [kck.get("plain", id)["n"] for id in range(first, first + %d)]
"""
UPDATERS = """
import contextlib
import sqlite3

import kck

@kck.updater(name="py", primary_key="id", actions=["update"])
def write(id: int, n: int):
    with contextlib.closing(sqlite3.connect(%r, isolation_level=None, timeout=20)) as connection:
        return connection.execute("update counter set n = ? where id = ?", [n, id]).rowcount
"""
SQL_UPDATER = """name: sql
database: main
parameters: [{name: id, type: int, primary_key: true}, {name: n, type: int}]
query: {template: {update: "update counter set n = :n where id = :id"}}
"""


def files(tmp_path):
    url = make_sqlite(tmp_path / "counters.db", "create table counter (id integer primary key, n int);"
                      + "".join(f"insert into counter values ({id}, 0);" for id in IDS))
    path = url.removeprefix("sqlite:")
    return {"kck.yml": kck_yml(f'main: {{url: "{url}"}}', refresh="{share: 1, connections: 2}"),
            "products/all.py": PRODUCTS % (path, GROUP), "updaters/all.py": UPDATERS % path, "updaters/sql.yml": SQL_UPDATER}


def keys():
    return [f"{name}/{id}" for name in ("plain", "slow", "many") for id in IDS] + [f"group/{id}" for id in IDS[::GROUP]]


class Chaos:
    """Four readers, two writers, and what kills. Each id is one writer's own, and its n only rises: `sent` is the highest
    that was sent, `written` that was acknowledged."""

    def __init__(self, node, database, seed):
        self.node, self.database, self.seed = node, database, seed
        self.sent = dict.fromkeys(IDS, 0)
        self.written = dict.fromkeys(IDS, 0)
        self.reads, self.writes, self.failures, self.kills = 0, 0, 0, 0
        self._faults = []
        self._over = threading.Event()
        self._calm = threading.Event()  # nobody kills any more
        jobs = [(self._read, number) for number in range(4)] + [(self._write, number) for number in range(2)]
        self._threads = [threading.Thread(target=self._guard, args=job) for job in jobs]
        self._killer = threading.Thread(target=self._guard, args=(self._kill, 6))

    def run(self, enough):
        """Until `enough()`. Raises AssertionError for what was wrong."""
        for thread in (*self._threads, self._killer):
            thread.start()
        try:
            wait_for(lambda: self._faults or enough(), "the chaos to have lasted", PATIENCE_SECONDS)
        finally:
            self._calm.set()
            self._killer.join()
            self._over.set()
            for thread in self._threads:
                thread.join()
        assert not self._faults, "\n".join(self._faults[:5])
        assert self.failures < self.reads + self.writes - self.failures, f"most calls failed: {self}"
        assert self.node.process.poll() is None, "the server ended"

    def _guard(self, job, number):
        try:
            with httpx.Client(base_url=self.node.url, trust_env=False, timeout=60) as client:
                job(client, random.Random(self.seed * 100 + number), number)
        except BaseException as error:  # whatever it is: the test's own thread tells it
            self._faults.append(f"{job.__name__} {number}: {type(error).__name__} {error}")

    def _kill(self, _client, chance, _number):
        while not self._calm.is_set():
            pids = workers_of(self.node)
            if pids and kill(chance.choice(pids), signal.SIGKILL):
                self.kills += 1
            # Now and then one after another; on the whole so that there are workers at most times.
            time.sleep(chance.choice([0.02, 0.5, 1, 2]))

    def _read(self, client, chance, _number):
        seen = {}
        while not self._over.is_set():
            key = chance.choice(keys())
            found = self._ask(client, "GET", f"/fetch/{key}", READ_FAILURES)
            self.reads += 1  # of several threads: now and then one is lost, which does not matter
            if found is None:
                continue
            name, id = key.split("/")
            shown = self._numbers(name, int(id), found["value"])
            for at, n in shown.items():
                assert seen.get((key, at), 0) <= n <= self.sent[at], f"{key}: {n} of {at}, and {seen.get((key, at))} before"
                seen[key, at] = n

    @staticmethod
    def _numbers(name, id, value):
        """The n of each id that the value shows."""
        if name == "group":
            assert len(value) == GROUP, value
            return dict(zip(range(id, id + GROUP), value))
        assert (value["id"], value["square"]) == (id, id * id), f"{name}/{id}: {value}"
        return {id: value["n"]}

    def _write(self, client, chance, number):
        n = 0
        while not self._over.is_set():
            n += 1
            id = chance.choice(IDS[number::2])
            updater = chance.choice(["sql", "py"])
            self.sent[id] = n
            found = self._ask(client, "PUT", f"/update/{updater}/{id}", WRITE_FAILURES, json={"n": n})
            self.writes += 1
            if found is None:
                continue
            self.written[id] = n
            key = f"{chance.choice(['plain', 'slow', 'many'])}/{id}"
            shown = self._ask(client, "GET", f"/fetch/{key}", READ_FAILURES, headers={"KCK-After": found["token"]})
            assert shown is None or shown["value"]["n"] == n, f"{key} with its write's token: {shown} in place of {n}"
            time.sleep(chance.uniform(0, 0.02))

    def _ask(self, client, method, path, may_fail, **options):
        """The body of a success; None: it failed as it may."""
        answer = client.request(method, path, **options)
        body = answer.json()
        if body["success"]:
            return body
        assert body["error"]["name"] in may_fail, f"{method} {path}: {answer.text}"
        self.failures += 1
        time.sleep(0.02)  # as who tries again later
        return None

    def settle(self):
        """What was due has been computed, without anyone asking for it: each key shows what is in the database."""
        wait_for(self._nothing_is_due, "all that is due to be computed", PATIENCE_SECONDS)
        with sqlite3.connect(self.database) as connection:
            actual = dict(connection.execute("select id, n from counter"))
        for id in IDS:
            assert self.written[id] <= actual[id] <= self.sent[id], f"{id}: {actual[id]} in the database"
        for key in keys():
            report = self.node.get(f"/explain/{key}").json()
            if report["entry"] is None:
                continue
            assert report["state"] == "fresh", f"{key} is due, and nobody computes it: {report}"
            name, id = key.split("/")
            for at, n in self._numbers(name, int(id), self.node.value(key)).items():
                assert n == actual[at], f"{key} says {n} of {at}, in place of {actual[at]}"

    def _nothing_is_due(self):
        self.node.request("POST", "/queue/retry")
        queues = self.node.get("/queue").json()["databases"]
        return not any(one[state] for one in queues for state in ("waiting", "leased", "backing_off", "dead"))

    def __str__(self):
        return f"{self.reads} reads, {self.writes} writes, {self.kills} workers killed, {self.failures} calls failed"

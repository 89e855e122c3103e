"""Readers and writers of table item through nodes that share a store; each answer is held against what was written."""

import random
import threading

import httpx

from support.cluster import item_files
from support.wait import wait_for

KEYS = 3000
PATIENCE_SECONDS = 120

# Values of two KiB: memory of a MiB holds a few hundred of them, so most reads ask the store.
FILES = item_files("select n, repeat('x', 2000) from item where id = :id", result="$[0]")


def fill_table(database):
    database.execute(f"insert into item select g, 0 from generate_series(1, {KEYS}) g on conflict do nothing")


class Load:
    """A reader a node and two writers. Each id is one writer's own, and its n only rises. `written` has the last n of
    each id; once both nodes have shown it, no node may show less."""

    def __init__(self, nodes, database):
        self.nodes = nodes
        self.database = database
        self.written = {}
        self.reads = 0
        self.writes = 0
        self._sent = {}
        self._shown = {}
        self._failures = []
        self._stop = threading.Event()
        jobs = [(self._read, number) for number in range(len(nodes))] + [(self._write, number) for number in (0, 1)]
        self._threads = [threading.Thread(target=self._guard, args=job, daemon=True) for job in jobs]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.check()

    def check(self):
        assert not self._failures, "\n".join(self._failures)

    def await_progress(self, writes, reads=500):
        """Until so many more of each have gone well."""
        writes, reads = self.writes + writes, self.reads + reads

        def done():
            self.check()
            return self.writes >= writes and self.reads >= reads

        wait_for(done, "the load to go on", PATIENCE_SECONDS)

    def _guard(self, job, number):
        try:
            with _Clients(self.nodes) as clients:
                job(clients, number)
        except BaseException as error:  # whatever it is: the test's own thread tells it
            self._failures.append(f"{job.__name__} {number}: {type(error).__name__} {error}")

    def _read(self, clients, number):
        seen = {}
        while not self._stop.is_set():
            item = random.randint(1, KEYS)
            least = max(seen.get(item, 0), self._shown.get(item, 0))
            n = clients.value(number, item)
            assert least <= n <= self._sent.get(item, 0), f"item/{item}: {n}, and {least} was shown before"
            seen[item] = n
            self.reads += 1  # of several threads: now and then one is lost, which does not matter

    def _write(self, clients, writer):
        ways = (self._update, self._purge, self._refresh, self._set)
        n = 0
        with self.database.connect() as connection:
            while not self._stop.is_set():
                n += 1
                here, there = random.sample(range(len(self.nodes)), 2)
                ways[n % len(ways)](clients, connection, here, there, random.randrange(1 + writer, KEYS, 2), n)
                self.writes += 1

    def _settle(self, clients, nodes, item, n):
        for node in nodes:
            wait_for(lambda node=node: clients.value(node, item) >= n, f"item/{item} to be {n}", PATIENCE_SECONDS)
        self._shown[item] = n

    def _update(self, clients, _connection, here, there, item, n):
        self.written[item] = self._sent[item] = n
        token = clients.ask(here, "PUT", f"/update/item/{item}", json={"n": n})["token"]
        for node in (there, here):
            shown = clients.value(node, item, {"KCK-After": token})
            assert shown == n, f"item/{item} with its write's token: {shown} in place of {n}"
        self._shown[item] = n

    def _purge(self, clients, connection, here, there, item, n):
        self._change(connection, item, n)
        clients.ask(here, "DELETE", f"/fetch/item/{item}")
        shown = clients.value(here, item)
        assert shown == n, f"item/{item} after its purge: {shown} in place of {n}"
        self._settle(clients, [there], item, n)

    def _refresh(self, clients, connection, here, there, item, n):
        self._change(connection, item, n)
        shown = clients.ask(here, "POST", f"/refresh/item/{item}?wait=1")["value"][0]
        assert shown == n, f"item/{item} refreshed: {shown} in place of {n}"
        self._settle(clients, [there], item, n)

    def _change(self, connection, item, n):
        self.written[item] = self._sent[item] = n
        connection.execute("update item set n = %s where id = %s", [n, item])

    def _set(self, clients, _connection, here, there, item, n):
        key = f"note{item % 2}"  # this writer's
        clients.ask(here, "PUT", f"/set/{key}", content=str(n))
        assert clients.ask(here, "GET", f"/fetch/{key}")["value"] == n
        wait_for(lambda: clients.ask(there, "GET", f"/fetch/{key}")["value"] == n, f"{key} to be {n}", PATIENCE_SECONDS)


class _Clients:
    """A thread's own connections to the nodes, which are numbered from 0."""

    def __init__(self, nodes):
        self._clients = [httpx.Client(base_url=node.url, trust_env=False, timeout=30) for node in nodes]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self._clients:
            client.close()

    def ask(self, node, method, path, **options):
        answer = self._clients[node].request(method, path, **options)
        assert answer.status_code == 200, f"{method} {path} at node {node}: {answer.status_code} {answer.text}"
        return answer.json()

    def value(self, node, item, headers=None):
        return self.ask(node, "GET", f"/fetch/item/{item}", headers=headers)["value"][0]

"""A hundred thousand refreshes beside pgbench: what they leave it, and whether they keep to their share."""

import http.client
import json
import socket
import statistics
import threading
import time

from common import Failed, Servers, pgbench_fill, pgbench_rate, progress, start_kck
from report import Report

ABOUT = """{keys:,} keys are made due at once, {key_ms:.2f} ms of the database's time each; refreshes may take {percent:.0f}% of one
connection's time. pgbench (`-S -M prepared -c {clients}`) runs for {seconds:.0f} s alone, then beside them. The share is that of any
ten seconds, by the database's own account of these statements (pg_stat_statements). One key in a hundred is read ten times a
second, before and after; its refresh is timed from the answer that it is due to the first value that is fresh again."""

PRODUCT = """database: main
parameters: [{{name: id, type: int}}]
query: {{template: "select :id::int, (select sum(n) from generate_series(1, {rounds} + :id::int % 2) n)"}}
"""
WINDOW_SECONDS = 10
AT_ONCE = 500


class Watch(threading.Thread):
    """Notes what refreshes have cost the database, ten times a second."""

    def __init__(self, database):
        super().__init__()
        self._database, self._ended, self.notes = database, threading.Event(), []

    def run(self):
        while not self._ended.wait(0.1):
            [[busy_ms]] = self._database.execute(
                "select coalesce(sum(total_exec_time), 0) from pg_stat_statements"
                " where query like '%generate_series%' and query not like '%pg_stat_statements%'")
            self.notes.append((time.perf_counter(), busy_ms / 1000))

    def stop(self):
        self._ended.set()
        self.join()

    def worst_share(self):
        if self.notes[-1][0] - self.notes[0][0] < 2 * WINDOW_SECONDS:
            raise Failed("too short a run for windows of ten seconds: raise --seconds")
        worst, behind = 0.0, 0
        for at, busy in self.notes:
            while self.notes[behind][0] < at - WINDOW_SECONDS:
                behind += 1
            worst = max(worst, (busy - self.notes[behind][1]) / WINDOW_SECONDS)
        return worst


class HotReader(threading.Thread):
    """Reads its keys ten times a second, and notes when each was found fresh after it had been made due."""

    def __init__(self, kck, keys):
        super().__init__()
        self._port, self.keys, self._ended = kck.port, keys, threading.Event()
        self.due, self.waited = {}, []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        asked = json.dumps([f"sum/{key}" for key in self.keys])
        while not self._ended.is_set():
            began = time.perf_counter()
            connection.request("POST", "/mget", asked)
            items = json.loads(connection.getresponse().read())["items"]
            now = time.perf_counter()
            for key, item in zip(self.keys, items):
                if item.get("state") == "fresh" and self.due.get(key, now) < began:
                    self.waited.append(now - self.due.pop(key))
            self._ended.wait(max(0.0, began + 0.1 - time.perf_counter()))
        connection.close()

    def stop(self):
        self._ended.set()
        self.join()


def make_due(kck, keys, reader_of):
    """Pipelined, so that they come as fast as the server takes them."""
    with socket.create_connection(("127.0.0.1", kck.port), timeout=60) as connection:
        for first in range(1, keys + 1, AT_ONCE):
            some = range(first, min(first + AT_ONCE, keys + 1))
            connection.sendall(b"".join(b"POST /refresh/sum/%d HTTP/1.1\r\nHost: kck\r\n\r\n" % key
                                        for key in some))
            answers = b""
            while answers.count(b"HTTP/1.1 ") < len(some) or not answers.endswith(b"}"):
                answers += connection.recv(1 << 20)
            if answers.count(b"HTTP/1.1 202 ") != len(some):
                raise Failed(f"not all keys were queued: {answers[:300].decode()}")
            for key in some:
                if key in reader_of:
                    reader_of[key].due[key] = time.perf_counter()


def run_once(options, servers, database):
    files = {"kck.yml": f'databases: {{main: {{url: "{database.url}", refresh: {{share: {options.share}}}}}}}\n'
                        'store: {url: "rocksdb:store"}\nmemory: 1GiB\n',
             "products/sum.yml": PRODUCT.format(rounds=options.rounds)}
    kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=1))
    hot = list(range(100, options.keys + 1, 100))
    readers = [HotReader(kck, hot[i:i + AT_ONCE]) for i in range(0, len(hot), AT_ONCE)]
    for reader in readers:
        reader.start()
    time.sleep(3)  # so that they are in memory, and known as read
    watch = Watch(database)  # from here on, so that pgbench is held back by it in both phases
    watch.start()
    alone = pgbench_rate(database.server, options.clients, options.seconds)
    make_due(kck, options.keys, {key: reader for reader in readers for key in reader.keys})
    queued = queue_of(kck)
    beside = pgbench_rate(database.server, options.clients, options.seconds)
    left = queue_of(kck)
    watch.stop()
    for reader in readers:
        reader.stop()
    kck.stop()
    waited = sorted(second for reader in readers for second in reader.waited)
    p99 = waited[int(len(hot) * 0.99) - 1] if len(waited) >= len(hot) * 0.99 else float("inf")
    key_ms = watch.notes[-1][1] * 1000 / (options.keys - left)
    return {"alone": alone, "beside": beside, "kept": beside / alone, "worst_share": watch.worst_share(),
            "hot_p99_seconds": p99, "key_ms": key_ms, "queued": queued, "still_due": left}


def queue_of(kck):
    connection = http.client.HTTPConnection("127.0.0.1", kck.port, timeout=30)
    connection.request("GET", "/queue?keys=0")
    [database] = json.loads(connection.getresponse().read())["databases"]
    connection.close()
    return database["waiting"]


def run(options):
    with Servers() as servers:
        database = servers.start_postgres(shared_buffers="512MB", shared_preload_libraries="pg_stat_statements")
        database.execute("create extension pg_stat_statements")
        pgbench_fill(database.server, 10)
        runs = []
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            database.execute("select pg_stat_statements_reset()")
            runs.append(run_once(options, servers, database))
    middle = {name: statistics.median(one[name] for one in runs) for name in runs[0]}
    worst = max(one["worst_share"] for one in runs)
    rows = [["pgbench alone", f"{middle['alone']:,.0f} rows/s", ""],
            ["pgbench beside the refreshes", f"{middle['beside']:,.0f} rows/s", f"{middle['kept']:.2f}×"],
            ["worst ten seconds of all runs", f"{worst * 100:.1f}%", f"of {options.share * 100:.0f}%"],
            ["keys that are read, due to fresh: p99", f"{middle['hot_p99_seconds']:.2f} s", ""],
            ["waiting once all were due", f"{middle['queued']:,.0f}", ""],
            ["waiting at the end", f"{middle['still_due']:,.0f}", ""]]
    about = ABOUT.format(percent=options.share * 100, key_ms=middle["key_ms"], **vars(options))
    return Report("budget", "A budget", about, ["", "", ""], rows, runs)


def add_options(parser):
    parser.set_defaults(seconds=30)
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=2500, help="how much work a key is")
    parser.add_argument("--clients", type=int, default=8, help="of pgbench")

"""A hundred thousand refreshes beside pgbench: what they leave it, and whether they keep to their share."""

import http.client
import json
import re
import statistics
import threading
import time
import urllib.request

from common import Failed, Servers, progress, start_kck
from report import Report

ABOUT = """{keys:,} keys are made due at once, each computed by a statement of some {key_ms:.1f} ms; refreshes may take {percent:.0f}% of one
connection's time. pgbench (`-S -M prepared -c {clients}`) runs for {seconds:.0f} s alone, then beside them. The share is of any ten
seconds, by the time that KCK's statements took. One key in a hundred is read ten times a second by {readers} clients; its
refresh is timed from the call that made it due to the first answer that is fresh again."""

PRODUCT = """database: main
parameters: [{{name: id, type: int}}]
query: {{template: "select :id::int, (select sum(n) from generate_series(1, {rounds}) n)"}}
"""
WINDOW_SECONDS = 10


def pgbench(options, server):
    return server.run("pgbench", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-n", "-S", "-M",
                      "prepared", "-c", str(options.clients), "-j", "2", "-T", str(options.seconds), "postgres")


def tps(output):
    return float(re.search(r"tps = ([\d.]+)", output)[1])


def busy_seconds(kck):
    with urllib.request.urlopen(f"http://127.0.0.1:{kck.port}/metrics") as answer:
        found = re.search(r'^kck_refresh_busy_seconds_total\{[^}]*\} (\S+)$', answer.read().decode(), re.M)
    return float(found[1])


class Watch(threading.Thread):
    """Notes the time that refreshes took, twenty times a second."""

    def __init__(self, kck):
        super().__init__()
        self._kck, self._stop, self.notes = kck, threading.Event(), []

    def run(self):
        while not self._stop.wait(0.05):
            self.notes.append((time.perf_counter(), busy_seconds(self._kck)))

    def worst_share(self):
        self._stop.set()
        self.join()
        worst = 0.0
        for i, (began, busy) in enumerate(self.notes):
            within = [one for at, one in self.notes[i:] if at <= began + WINDOW_SECONDS]
            if self.notes[-1][0] >= began + WINDOW_SECONDS:
                worst = max(worst, (within[-1] - busy) / WINDOW_SECONDS)
        return worst


class HotReader(threading.Thread):
    """Reads its keys in turn, and notes when each was found fresh after it had been made due."""

    def __init__(self, kck, keys):
        super().__init__()
        self._port, self._keys, self._stop = kck.port, keys, threading.Event()
        self.due, self.waited = {}, []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.is_set():
            began = time.perf_counter()
            for key in self._keys:
                connection.request("GET", f"/fetch/work/{key}")
                answer = connection.getresponse()
                answer.read()
                if answer.headers["KCK-State"] == "fresh" and key in self.due:
                    self.waited.append(time.perf_counter() - self.due.pop(key))
            self._stop.wait(max(0.0, began + 0.1 - time.perf_counter()))
        connection.close()

    def stop(self):
        self._stop.set()
        self.join()


def make_due(kck, keys, reader_of):
    connection = http.client.HTTPConnection("127.0.0.1", kck.port, timeout=30)
    for key in range(1, keys + 1):
        connection.request("POST", f"/refresh/work/{key}")
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            raise Failed(f"work/{key} was not queued: {said.decode()}")
        if key in reader_of:
            reader_of[key].due[key] = time.perf_counter()
    connection.close()


def run_once(options, servers, database):
    files = {"kck.yml": f'databases: {{main: {{url: "{database.url}", refresh: {{share: {options.share}}}}}}}\n'
                        'store: {url: "rocksdb:store"}\nmemory: 1GiB\n',
             "products/work.yml": PRODUCT.format(rounds=options.rounds)}
    kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=1))
    hot = list(range(100, options.keys + 1, 100))
    readers = [HotReader(kck, hot[i::options.readers]) for i in range(options.readers)]
    for reader in readers:
        reader.start()
    time.sleep(3)  # so that they are in memory, and known as read
    alone = tps(pgbench(options, database.server))
    watch = Watch(kck)
    watch.start()
    make_due(kck, options.keys, {key: reader for reader in readers for key in reader._keys})
    beside = tps(pgbench(options, database.server))
    with urllib.request.urlopen(f"http://127.0.0.1:{kck.port}/queue?keys=0") as answer:
        queue = json.loads(answer.read())
    worst = watch.worst_share()
    for reader in readers:
        reader.stop()
    kck.stop()
    waited = sorted(second for reader in readers for second in reader.waited)
    left = sum(len(reader.due) for reader in readers)
    p99 = waited[int(len(waited) * 0.99)] if waited and left <= len(hot) * 0.01 else float("inf")
    return {"alone": alone, "beside": beside, "kept": beside / alone, "worst_share": worst, "hot_p99_seconds": p99,
            "hot_left": left, "key_us": max((one["key_ms"] for one in queue["products"]), default=0) * 1000,
            "still_due": queue["databases"][0]["waiting"]}


def run(options):
    with Servers() as servers:
        database = servers.start_postgres(shared_buffers="512MB")
        database.server.run("pgbench", "-h", "127.0.0.1", "-p", str(database.server.port), "-U", "postgres", "-i", "-q",
                            "-s", "10", "postgres")
        runs = []
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            runs.append(run_once(options, servers, database))
    middle = {name: statistics.median(one[name] for one in runs) for name in runs[0]}
    worst = max(one["worst_share"] for one in runs)
    rows = [["pgbench alone", f"{middle['alone']:,.0f} rows/s", ""],
            ["pgbench beside the refreshes", f"{middle['beside']:,.0f} rows/s", f"{middle['kept']:.2f}×"],
            ["worst ten seconds", f"{worst * 100:.1f}%", f"of {options.share * 100:.0f}%"],
            ["refreshed, of the keys that are read: p99", f"{middle['hot_p99_seconds']:.2f} s", ""],
            ["keys still due at the end", f"{middle['still_due']:,.0f}", ""]]
    about = ABOUT.format(percent=options.share * 100, key_ms=middle["key_us"] / 1000, **vars(options))
    return Report("budget", "A budget", about, ["", "", ""], rows, runs)


def add_options(parser):
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=10000, help="how much work a key is")
    parser.add_argument("--clients", type=int, default=8, help="of pgbench")
    parser.add_argument("--readers", type=int, default=2)

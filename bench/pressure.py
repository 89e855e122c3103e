"""Many readers of keys that keep changing: how many statements the database sees for each changed key."""

import http.client
import json
import random
import threading
import time

from common import Failed, Servers, progress, start_kck
from report import Report

ABOUT = """{readers} clients read {reads:,} values a second of {keys:,} keys, while {updates} of them are updated a second
through KCK, for {seconds:.0f} s. Counted are the statements that compute values, by application_name and text in the log of the
database, and the keys that were updated. Afterwards every key is held against its row."""

PRODUCT = """database: main
parameters: [{name: id, type: int}]
query: {template: "select n from item where id = :id"}
refresh: {after_updates: ["item/:id"]}
"""
UPDATER = """database: main
parameters: [{name: id, type: int, primary_key: true}, {name: n, type: int}]
query: {template: {update: "update item set n = :n where id = :id"}}
"""


class Paced(threading.Thread):
    """Calls `work` so many times a second over a connection of its own, until told to stop."""

    def __init__(self, port, rate, work):
        super().__init__()
        self.done = 0
        self.failed = None
        self._port, self._rate, self._work = port, rate, work
        self._ended = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        began = time.perf_counter()
        try:
            while not self._ended.is_set():
                self._work(connection)
                self.done += 1
                ahead = began + self.done / self._rate - time.perf_counter()
                if ahead > 0:
                    time.sleep(ahead)
        except (OSError, AssertionError, http.client.HTTPException) as error:
            self.failed = error
        finally:
            connection.close()

    def stop(self):
        self._ended.set()
        self.join()
        if self.failed:
            raise Failed(f"a client failed: {self.failed}")


def call(connection, method, path, body=None):
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return text


def statements(server):
    """Fills in the database's log: a statement of one key or of many is one line that executes."""
    return sum(" execute " in entry and "from item where id" in entry and "update item" not in entry
               for entry in server.log().split("@@") if entry.startswith("kck@"))


def measure(options, kck, database):
    random_of = [random.Random(seed) for seed in range(options.readers + 1)]
    changed = []

    def read_of(number):
        def read(connection):
            keys = random_of[number].sample(range(1, options.keys + 1), options.at_once)
            call(connection, "POST", "/mget", json.dumps([f"item/{key}" for key in keys]))
        return read

    def update(connection):
        key = random_of[-1].randint(1, options.keys)
        call(connection, "PUT", f"/update/item/{key}", json.dumps({"n": len(changed)}))
        changed.append(key)

    rate = options.reads / options.readers / options.at_once
    clients = [Paced(kck.port, rate, read_of(number)) for number in range(options.readers)]
    clients.append(Paced(kck.port, options.updates, update))
    before = statements(database.server)
    for client in clients:
        client.start()
    time.sleep(options.seconds)
    for client in clients:
        client.stop()
    time.sleep(2)
    seen = statements(database.server) - before
    check_all(kck, database)
    reads = sum(client.done for client in clients[:-1]) * options.at_once
    return {"statements": seen, "updates": len(changed), "ratio": seen / len(changed),
            "reads_per_second": reads / options.seconds, "updates_per_second": len(changed) / options.seconds}


def check_all(kck, database):
    connection = http.client.HTTPConnection("127.0.0.1", kck.port, timeout=30)
    for key, n in database.execute("select id, n from item"):
        if json.loads(call(connection, "GET", f"/fetch/item/{key}"))["value"] != [[n]]:
            raise Failed(f"item/{key} is not what its row says")
    connection.close()


def run(options):
    with Servers() as servers:
        database = servers.start_postgres(log_statement="all", log_line_prefix="@@%a@ ")
        database.execute(f"create table item as select id, 0 as n from generate_series(1, {options.keys}) id;"
                         "alter table item add primary key (id)")
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}"}}}}\nstore: {{url: "rocksdb:store"}}\n',
                 "products/item.yml": PRODUCT, "updaters/item.yml": UPDATER}
        kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=2))
        check_all(kck, database)
        runs = []
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            runs.append(measure(options, kck, database))
        kck.stop()
    rows = [[f"{one['reads_per_second']:,.0f}", f"{one['updates_per_second']:,.0f}", f"{one['updates']:,}",
             f"{one['statements']:,}", f"{one['ratio']:.2f}"] for one in runs]
    about = ABOUT.format(**vars(options))
    return Report("pressure", "Pressure", about,
                  ["reads/s", "updates/s", "keys changed", "statements", "statements a changed key"], rows, runs)


def add_options(parser):
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--reads", type=int, default=10000, help="a second")
    parser.add_argument("--updates", type=int, default=100, help="a second")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=20, help="keys of a request")

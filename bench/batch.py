"""A whole domain primed, beside one prepared statement a key over as many connections."""

import time
import urllib.request

from common import Failed, Servers, medians, pgbench_fill, pgbench_rate, progress, start_kck
from report import Report

ABOUT = """A process refreshes a domain of {keys:,} keys, one row of pgbench_accounts each, over {connections}
connection{plural} to the database: from the call to the last key's value published. The whole share of the database's time
is allowed. pgbench reads as many rows of the same table by a prepared statement a row (`-S -M prepared`), over the same
number of connections, in turns with KCK."""

PRODUCT = """database: main
parameters: [{{name: id, type: int}}]
query: {{template: "select aid, abalance from pgbench_accounts where aid = :id"}}
refresh: {{domain_key: ids}}
"""
DOMAIN = """database: main
query: {{template: "select aid from pgbench_accounts where aid <= {keys}"}}
"""


def prime_seconds(options, kck):
    began = time.perf_counter()
    request = urllib.request.Request(f"http://127.0.0.1:{kck.port}/processes/prime/run?wait=1", method="POST")
    with urllib.request.urlopen(request, timeout=600) as answer:
        said = answer.read().decode()
    if f"{options.keys} keys" not in said:
        raise Failed(f"the process did not refresh {options.keys} keys: {said}")
    return time.perf_counter() - began


def run(options):
    with Servers() as servers:
        database = servers.start_postgres(shared_buffers="512MB")
        pgbench_fill(database.server, max(1, -(-options.keys // 100000)))
        refresh = f"{{share: 1, connections: {options.connections}}}"
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}", pool: {options.connections + 1}, '
                            f'refresh: {refresh}}}}}\nstore: {{url: "rocksdb:store"}}\nmemory: 1GiB\n',
                 "products/account.yml": PRODUCT.format(), "products/ids.yml": DOMAIN.format(keys=options.keys),
                 "processes/prime.yml": "every: 1d\ndomain: account\n"}
        kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=1))
        prime_seconds(options, kck)  # what a key costs is learned by the first
        ours, theirs = [], []
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            rate = pgbench_rate(database.server, options.connections, options.seconds)
            theirs.append({"seconds": options.keys / rate})
            ours.append({"seconds": prime_seconds(options, kck)})
        kck.stop()
    mine, peer = medians(ours)["seconds"], medians(theirs)["seconds"]
    rows = [["kck, the domain", f"{mine:.2f} s", f"{options.keys / mine:,.0f}", f"{peer / mine:.1f}×"],
            [f"pgbench -S -M prepared -c {options.connections}", f"{peer:.2f} s", f"{options.keys / peer:,.0f}", "1.0×"]]
    about = ABOUT.format(keys=options.keys, connections=options.connections,
                         plural="" if options.connections == 1 else "s")
    return Report("batch", "A domain", about, ["", "time", "keys/s", "faster"], rows, {"kck": ours, "pgbench": theirs})


def add_options(parser):
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--connections", type=int, default=1)

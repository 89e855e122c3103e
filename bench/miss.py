"""Misses: rows of pgbench_accounts that nobody has asked for yet, beside pgbench itself."""

from common import Failed, Servers, load, medians, pgbench_fill, pgbench_rate, progress, start_kck
from report import Report

ABOUT = """Every request is for a key that is not cached: one row of pgbench_accounts at scale {scale}, over
{connections} connections, through {pool} connections to the database. pgbench reads rows of the same table
(`-S -M prepared -c 8 -j 2`), in turns with KCK. Both share all cores with their client and the database. The values are
stored behind the answers."""

PRODUCT = """database: main
parameters: [{name: id, type: int}]
query: {template: "select abalance from pgbench_accounts where aid = :id", type: rows}
"""


def run_kck(options, kck, first, rows):
    found = load(options, kck.port, "/fetch/account/{}", options.seconds, core=None, connections=options.connections,
                 numbers=rows, first=first)
    if found["seconds"] < options.seconds * 0.9:
        raise Failed("there are too few rows for that time: raise --scale")
    return {"rows_per_second": found["requests"] / found["seconds"], "p99_us": found["p99_us"]}, found["requests"]


def run(options):
    rows = options.scale * 100000
    with Servers() as servers:
        database = servers.start_postgres(shared_buffers="512MB")
        pgbench_fill(database.server, options.scale)
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}", pool: {options.pool}}}}}\n'
                            'store: {url: "rocksdb:store"}\nmemory: 1GiB\n', "products/account.yml": PRODUCT}
        kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=1))
        ours, theirs, first = [], [], 1
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            theirs.append({"rows_per_second": pgbench_rate(database.server, 8, options.seconds)})
            found, asked = run_kck(options, kck, first, rows - first)
            ours.append(found)
            first += asked + options.connections
        kck.stop()
    kck_rate, peer_rate = medians(ours)["rows_per_second"], medians(theirs)["rows_per_second"]
    table = [["kck, every key new", f"{kck_rate:,.0f}", f"{kck_rate / peer_rate:.2f}×"],
             ["pgbench -S -M prepared -c 8", f"{peer_rate:,.0f}", "1.00×"]]
    about = ABOUT.format(scale=options.scale, connections=options.connections, pool=options.pool)
    return Report("miss", "A miss", about, ["", "rows/s", "of pgbench"], table, {"kck": ours, "pgbench": theirs})


def add_options(parser):
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--pool", type=int, default=4, help="connections to the database")

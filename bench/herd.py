"""A thousand clients that ask one cold key at once."""

import statistics

from common import Failed, Servers, load, metric, progress, start_kck
from report import Report

ABOUT = """{clients:,} connections ask for one key that is not cached, whose query takes {query_ms} ms: from the first
request to the last byte of the last answer. The database runs one query. The limit is the time that the query itself takes through one client."""

PRODUCT = """database: main
parameters: [{{name: id, type: int}}]
query: {{template: "select :id::int, pg_sleep({seconds})::text"}}
"""


def ask_together(options, kck, key, clients):
    """Seconds until the last answer. Each client asks once: the number in the query is there to count them."""
    found = load(options, kck.port, f"/fetch/slow/{key}?client={{}}", 30, core=None, connections=clients,
                 numbers=clients)
    if found["requests"] != clients:
        raise Failed(f"{found['requests']} of {clients} were answered")
    return found["seconds"]


def run(options):
    times, alone = [], []
    with Servers() as servers:
        database = servers.start_postgres()
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}"}}}}\n',
                 "products/slow.yml": PRODUCT.format(seconds=options.query_ms / 1000)}
        kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=2))
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            alone.append(ask_together(options, kck, number * 2, 1))
            times.append(ask_together(options, kck, number * 2 + 1, options.clients))
        queries = metric(kck, "kck_fills_total")
        kck.stop()
    if queries != 2 * options.runs:
        raise Failed(f"{queries} queries for {2 * options.runs} keys")
    last, one = statistics.median(times), statistics.median(alone)
    rows = [["one client", f"{one * 1000:.0f} ms", ""],
            [f"the last of {options.clients:,}", f"{last * 1000:.0f} ms", f"{last / (options.query_ms / 1000):.2f}×"]]
    return Report("herd", "A herd", ABOUT.format(clients=options.clients, query_ms=options.query_ms),
                  ["", "answered after", "of the query"], rows, {"herd": times, "alone": alone})


def add_options(parser):
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--query-ms", type=int, default=200)

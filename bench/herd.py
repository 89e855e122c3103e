"""A thousand clients that ask one cold key at once."""

import selectors
import socket
import statistics
import time

from common import Failed, Servers, progress, start_kck
from report import Report

ABOUT = """{clients:,} connections ask for one key that is not cached, whose query takes {query_ms} ms: from the first
request to the last byte of the last answer. The limit is the time that the query itself takes through one client."""

PRODUCT = """database: main
parameters: [{{name: id, type: int}}]
query: {{template: "select :id::int, pg_sleep({seconds})::text"}}
"""


def ask_together(port, path, clients):
    """Seconds until the last answer."""
    connections = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(clients)]
    request = f"GET {path} HTTP/1.1\r\nHost: kck\r\nConnection: close\r\n\r\n".encode()
    waiting = selectors.DefaultSelector()
    for connection in connections:
        waiting.register(connection, selectors.EVENT_READ)
    answers = {connection: b"" for connection in connections}
    began = time.monotonic()
    for connection in connections:
        connection.sendall(request)
    open_count = clients
    while open_count:
        for key, _ in waiting.select():
            bytes_read = key.fileobj.recv(65536)
            answers[key.fileobj] += bytes_read
            if not bytes_read:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                open_count -= 1
    took = time.monotonic() - began
    bodies = {answer.split(b"\r\n\r\n", 1)[1] for answer in answers.values()}
    if len(bodies) != 1 or not all(b"200 OK" in answer[:20] for answer in answers.values()):
        raise Failed(f"the answers differ: {bodies}")
    return took


def run(options):
    times, alone = [], []
    with Servers() as servers:
        database = servers.start_postgres()
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}"}}}}\n',
                 "products/slow.yml": PRODUCT.format(seconds=options.query_ms / 1000)}
        kck = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None, threads=2))
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            alone.append(ask_together(kck.port, f"/fetch/slow/{number * 2}", 1))
            times.append(ask_together(kck.port, f"/fetch/slow/{number * 2 + 1}", options.clients))
        kck.stop()
    last, one = statistics.median(times), statistics.median(alone)
    rows = [["one client", f"{one * 1000:.0f} ms", ""],
            [f"the last of {options.clients:,}", f"{last * 1000:.0f} ms", f"{last / (options.query_ms / 1000):.2f}×"]]
    return Report("herd", "A herd", ABOUT.format(clients=options.clients, query_ms=options.query_ms),
                  ["", "answered after", "of the query"], rows, {"herd": times, "alone": alone})


def add_options(parser):
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--query-ms", type=int, default=200)

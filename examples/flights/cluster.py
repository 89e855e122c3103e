#!/usr/bin/python3
"""Shows KCK on three nodes that share a store; `make cluster` runs it.

Starts a Cassandra of three nodes and a PostgreSQL with New York's flights of 2013, and three nodes of KCK on 127.0.0.1,
.2 and .3 that serve the same products. What one has computed, the others serve without a query. It stays up until Ctrl-C.
With --check it holds the nodes against that instead, and exits 0 or 1.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from checks import check_values
from demo import FOLDER, KEYS, STATE, flights_in, run_alone
from kck_server import BINARY, ROOT, Answer, KckServer
from temporary_postgres import free_port

sys.path.insert(0, str(ROOT / "tools"))

from cassandra_cluster import archive, ports  # noqa: E402
from cassandra_cluster.cluster import Cluster  # noqa: E402

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
KCK_FOLDER = FOLDER / "cluster"
REACH_SECONDS_MAX = 20


@contextlib.contextmanager
def cassandra():
    """A Cassandra of three nodes, which ends with this program however that ends; yields its contact points."""
    print("Starting a Cassandra of three nodes", flush=True)
    archive.options()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kck-cluster-"))
    cluster = Cluster.create(folder, len(HOSTS), owner=os.getpid())
    try:
        cluster.start()
        yield cluster.contact_points
    finally:
        cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)


def free_port_on_all() -> int:
    while True:
        port = free_port()
        if all(ports.is_free(host, port) for host in HOSTS):
            return port


def set_up_store(environment):
    command = [BINARY, "store", "setup", "--folder", KCK_FOLDER]
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit("cluster: kck store setup failed (above)")


class ClusterCheck:
    """What the nodes have to show; `wrong` has a line for each thing that is not so."""

    def __init__(self, nodes: list[KckServer]):
        self.nodes = nodes
        self.wrong: list[str] = []

    def expect(self, what: str, actual, expected):
        if actual != expected:
            self.wrong.append(f"{what}: {actual!r}, not {expected!r}")

    def run(self) -> list[str]:
        self.shares_what_one_computed()
        self.purge_of_a_key_reaches_all()
        self.purge_of_a_product_reaches_all()
        self.write_shows_on_every_node()
        self.value_that_was_set_is_every_nodes()
        return self.wrong

    def get(self, node: KckServer, path: str, **options) -> Answer:
        with contextlib.closing(node.connect()) as connection:
            return Answer(connection, path, **options)

    def fills(self, node: KckServer) -> int:
        """How many values the node has computed."""
        with contextlib.closing(node.connect()) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return int(float(re.search(r"^kck_fills_total (\S+)$", text, re.MULTILINE).group(1)))

    def reach(self, node: KckServer, path: str, done) -> Answer:
        """The answer once `done` says that it is the one, or the last one."""
        until = time.monotonic() + REACH_SECONDS_MAX
        while True:
            answer = self.get(node, path)
            if done(answer) or time.monotonic() > until:
                return answer
            time.sleep(0.1)

    def shares_what_one_computed(self):
        first, *others = self.nodes
        primed = {key: self.get(first, f"/fetch/{key}") for key in KEYS}
        for key, answer in primed.items():
            self.expect(f"{key} at {first.host}", answer.status, 200)
        if self.wrong:
            return
        check_values({key: answer.value for key, answer in primed.items()}, self.expect)
        for node in others:
            before = self.fills(node)
            for key, answer in primed.items():
                # What was computed is answered before it is stored.
                got = self.reach(node, f"/fetch/{key}", lambda got, etag=answer.etag: got.etag == etag)
                self.expect(f"{key} at {node.host}", (got.etag, got.body), (answer.etag, answer.body))
            self.expect(f"values computed by {node.host} for {len(KEYS)} keys", self.fills(node) - before, 0)

    def purge_of_a_key_reaches_all(self):
        first, *others = self.nodes
        path = "/fetch/airline/UA"
        old = [self.get(node, path).etag for node in self.nodes]
        self.expect("airline/UA purged", self.get(first, path, method="DELETE").status, 200)
        for node, etag in zip(others, old[1:], strict=True):
            answer = self.reach(node, path, lambda answer, etag=etag: answer.etag != etag)
            self.expect(f"airline/UA at {node.host} is another after the purge", answer.etag == etag, False)

    def purge_of_a_product_reaches_all(self):
        first, *others = self.nodes
        path = "/fetch/route/JFK/LAX"
        etags = [self.get(node, path).etag for node in self.nodes]
        self.expect("route/* purged", self.get(first, "/fetch/route/*", method="DELETE").status, 200)
        computed = sum(self.fills(node) for node in self.nodes)
        for node, etag in zip(others, etags[1:], strict=True):
            answer = self.reach(node, path, lambda answer: sum(map(self.fills, self.nodes)) > computed)
            self.expect(f"route/JFK/LAX at {node.host}", (answer.status, answer.state), (200, "fresh"))
        self.expect("route/JFK/LAX was computed again", sum(map(self.fills, self.nodes)) > computed, True)

    def write_shows_on_every_node(self):
        first, *_ = self.nodes
        written = self.get(first, "/update/airline/HA", method="PUT", body={"name": "Aloha"})
        token = written.body["token"]
        for node in self.nodes:
            rows = self.get(node, "/fetch/airlines", headers={"KCK-After": token})
            names = {row["carrier"]: row["name"] for row in rows.value or []}
            self.expect(f"airlines at {node.host} after the write", names.get("HA"), "Aloha")

    def value_that_was_set_is_every_nodes(self):
        first, *others = self.nodes
        self.get(first, "/set/note", method="PUT", body={"text": "hello"})
        for node in others:
            self.expect(f"note at {node.host}", self.get(node, "/fetch/note").value, {"text": "hello"})
        self.get(first, "/fetch/note", method="DELETE")
        for node in others:
            answer = self.reach(node, "/fetch/note", lambda answer: answer.status == 404)
            self.expect(f"note at {node.host} after the purge", answer.status, 404)


def check(nodes: list[KckServer]) -> int:
    wrong = ClusterCheck(nodes).run()
    for node in nodes:
        if (status := node.stop()) != 0:
            wrong.append(f"kck serve at {node.host} ended with status {status} after SIGTERM, not 0")
    for line in wrong:
        print(f"wrong: {line}", file=sys.stderr)
    for node in nodes if wrong else []:
        print(f"The last words of {node.host}:\n{node.last_words()}", file=sys.stderr)
    if not wrong:
        print("What one node computed, the others served without a query; what was purged, nobody served.")
    return 1 if wrong else 0


def print_invitation(nodes: list[KckServer]):
    print("\nThree nodes serve the same products:\n")
    for node in nodes:
        print(f"  {node.url}")
    one, other, third = (node.url for node in nodes)
    print("\nIn another terminal, try:\n")
    for call in (f"{one}/fetch/airline/B6", f"{other}/fetch/airline/B6", f"{third}/explain/airline/B6",
                 f"-X DELETE {one}/fetch/airline/B6", f"{other}/metrics"):
        print(f"  curl {call}")
    print("\nCtrl-C stops all of it.", flush=True)


def stay_up(nodes: list[KckServer]) -> int:
    with contextlib.suppress(KeyboardInterrupt):
        while all(node.process.poll() is None for node in nodes):
            time.sleep(0.5)
        print("cluster: a kck serve ended by itself; its log is in build/demo", file=sys.stderr)
        return 1
    print("\nStopping.")
    return 0


def run(is_check: bool) -> int:
    with contextlib.ExitStack() as stack:
        contact_points = stack.enter_context(cassandra())
        environment = {**stack.enter_context(flights_in("postgres")), "FLIGHTS_CASSANDRA": contact_points}
        set_up_store({**environment, "FLIGHTS_NODE": "setup"})
        port = free_port_on_all()
        nodes = []
        for number, host in enumerate(HOSTS, 1):
            own = {**environment, "FLIGHTS_NODE": f"node{number}"}
            nodes.append(stack.enter_context(KckServer(KCK_FOLDER, port, own, STATE / f"node{number}.log", host)))
        if is_check:
            return check(nodes)
        print_invitation(nodes)
        return stay_up(nodes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="check the nodes and end")
    arguments = parser.parse_args()
    return run_alone(lambda: run(arguments.check))


if __name__ == "__main__":
    sys.exit(main())

"""What a cluster was made with, as its cluster.json keeps it."""

import dataclasses
import json
import math

TOKENS = 4  # of each node
USER = ("cassandra", "cassandra")


@dataclasses.dataclass
class Settings:
    port: int  # of CQL, on every node; the first of a block (ports.py)
    nodes: dict = dataclasses.field(default_factory=dict)  # number to its tokens, null for a node that has joined
    replicas_max: int = 1  # of Cassandra's own tables
    heap: str = "400m"
    full_jit: bool = False  # starts slower, serves faster
    authentication: bool = False  # as user cassandra, whose password is cassandra
    tls: bool = False
    options: dict = dataclasses.field(default_factory=dict)  # of cassandra.yaml, before our own
    owner: list | None = None  # the process with which the cluster ends (processes.identify)

    def address(self, number):
        return f"127.0.0.{number}"

    @property
    def storage_port(self):
        return self.port + 1

    def jmx_port(self, number):
        return self.port + 1 + number

    @property
    def contact_points(self):
        return ",".join(f"{self.address(number)}:{self.port}" for number in self.nodes)

    @property
    def user(self):
        return USER if self.authentication else None

    def save(self, path):
        written = path.with_suffix(".new")
        written.write_text(json.dumps(dataclasses.asdict(self), indent=1))
        written.replace(path)

    @staticmethod
    def load(path):
        fields = json.loads(path.read_text())
        fields["nodes"] = {int(number): tokens for number, tokens in fields["nodes"].items()}
        return Settings(**fields)


def even_tokens(number, nodes):
    """Tokens of node `number` of 1..nodes, interleaved with the others': then nodes start together and need not join."""
    step = 2**64 / (nodes * TOKENS)
    return [math.floor(step * (i * nodes + number - 0.5)) - 2**63 for i in range(TOKENS)]

"""A Cassandra cluster of the tests' own: in a temporary folder, on free ports of 127.0.0.1, .2, …; by tools/cassandra."""

import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from cassandra_cluster import ClusterError, archive  # noqa: E402
from cassandra_cluster.cluster import Cluster  # noqa: E402


def prepare():
    """Fetches and makes what all clusters share, where that is absent: a minute that belongs to no test."""
    archive.options()


class Cassandra:
    """Nodes are numbered from 1. Should the tests be killed, the nodes end too, and only their folder is left."""

    def __init__(self, nodes=1, **options):
        """Not started yet. `options` are those of Cluster.create: certificate, key, port, and the fields of Settings."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kck-cassandra-"))
        self._cluster = Cluster.create(self.folder, nodes, owner=os.getpid(), **options)

    @property
    def contact_points(self):
        """127.0.0.1:PORT,127.0.0.2:PORT,…"""
        return self._cluster.contact_points

    def start(self):
        """Starts all nodes that are down; each sees all the others then."""
        self._cluster.start()

    def start_node(self, number):
        self._cluster.start_node(number)

    def stop(self, number):
        self._cluster.node(number).stop()

    def kill(self, number):
        self._cluster.node(number).kill()

    def pause(self, number):
        self._cluster.node(number).pause()

    def resume(self, number):
        self._cluster.node(number).resume()

    def add(self):
        """The number of a further node, which has joined."""
        return self._cluster.add()

    def decommission(self, number):
        self._cluster.decommission(number)

    def states(self):
        """What each node does: number to `up`, `starting`, `paused` or `down`."""
        return {node.number: node.state() for node in self._cluster.nodes()}

    def execute(self, statement, consistency="ONE", node=1):
        """Runs a CQL statement on a node, and returns its rows, whose cells are bytes."""
        with self.connect(node) as connection:
            return connection.execute(statement, consistency)

    def connect(self, node=1, seconds=15):
        """A connection, which closes as a context; a node that says nothing for so long makes it fail."""
        return self._cluster.node(node).connect(seconds)

    def pid(self, number):
        """Of the node's process; None where it is down."""
        return self._cluster.node(number).pid()

    def flush(self, keyspace, table, number=1):
        """Has the node write the table's rows to disk."""
        self._nodetool(number, "flush", keyspace, table)

    def compact(self, keyspace, table, number=1):
        """Has the node write the table's files anew, as one, without what is superseded or past its life."""
        self._nodetool(number, "compact", keyspace, table)

    def _nodetool(self, number, *words):
        status, said = self._cluster.node(number).nodetool(*words)
        if status != 0:
            raise ClusterError(f"nodetool {' '.join(words)} of node {number} failed:\n{said}")

    def log(self, number):
        return self._cluster.node(number).log()

    def destroy(self):
        self._cluster.kill()
        shutil.rmtree(self.folder)

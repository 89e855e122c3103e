"""What tests ask of nodes that share a store in Cassandra."""

import re

from support.wait import wait_for


def set_up(node):
    """Makes the keyspace and the tables that the node's kck.yml names."""
    done = node.run("store", "setup", url=False)
    assert done.returncode == 0, done.stderr


def metric(node, name):
    return float(re.search(rf"^{name} (\S+)$", node.get("/metrics").text, re.MULTILINE).group(1))


def fills(node):
    return metric(node, "kck_fills_total")


def await_stored(node, seconds=20):
    """A value is answered before it is stored."""
    wait_for(lambda: metric(node, "kck_store_writing") == 0, "what was computed to be stored", seconds)

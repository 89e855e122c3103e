"""Ports for a cluster: a block of consecutive ones, which no other cluster on this machine has.

The block is [port of CQL, port between nodes, JMX of node 1, JMX of node 2, …]. A cluster holds its block by a socket that is
bound, but does not listen, to the block's first port on an address that nothing else uses; the keepers of its nodes inherit
it. Free blocks are looked for outside
of the range from which the system takes ports of clients: otherwise a client could take a node's port while the node is down.
"""

import errno
import pathlib
import random
import socket
import time

from cassandra_cluster import ClusterError

NODES_MAX = 8
BLOCK = 2 + NODES_MAX
HOLD_ADDRESS = "127.255.255.254"
BLOCKS = range(10000, 65000, BLOCK)


def is_free(address, port):
    """True if a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


def hold(port):
    """The socket that holds the block at `port`, or None where another cluster holds it."""
    held = socket.socket()
    try:
        held.bind((HOLD_ADDRESS, port))
    except OSError as error:
        held.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return held


def claim(port):
    """The block at `port`, and the socket that holds it."""
    held = hold(port)
    if held is None:
        raise ClusterError(f"port {port} belongs to another cluster that runs: stop it, or choose another with --port")
    return port, held


def claim_again(port, seconds):
    """The socket that holds the block at `port`, for a cluster that had it: its keepers may still be ending, since a
    process that was killed takes a while to give back its memory where the machine is busy."""
    deadline = time.monotonic() + seconds
    while (held := hold(port)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return held or claim(port)[1]


def claim_free():
    """A block of which every port is free on every address, and the socket that holds it."""
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    blocks = [port for port in BLOCKS if port + BLOCK <= low or port > high] or list(BLOCKS)
    for port in random.sample(blocks, len(blocks)):
        held = hold(port)
        if held is None:
            continue
        # The held address is no obstacle to the others, but it is to a probe of all addresses at once.
        held.close()
        if all(is_free("0.0.0.0", port + i) for i in range(BLOCK)) and (held := hold(port)):
            return port, held
    raise ClusterError(f"no {BLOCK} free ports in a row: stop what listens on so many")

"""Throw-away Apache Cassandra clusters on this machine's loopback addresses; `tools/cassandra --help` is the way in.

cluster   a cluster: a folder with cluster.json and a folder for each node
node      one node's process: start, stop, kill, pause; `keeper` is the process above it
settings  what a cluster was made with, and where it listens
files     the files that a node reads when it starts
cql       the few words of Cassandra's protocol that it takes to know whether a node serves
runtime   Java and Cassandra's jars
archive   the class-data archive, which makes nodes start sooner
ports     ports that no other cluster has
"""


class ClusterError(Exception):
    """What went wrong and how to mend it, for the one who asked."""

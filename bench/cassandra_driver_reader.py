"""Reads of the rows that KCK's store in Cassandra has, by the Python cassandra-driver's execute_concurrent: the peer of
bench/store_reader.cc. `bench/run store` runs it with a Python that has the driver.

It prints `begun` after the warm-up, then a line of JSON as bench/store_reader.cc does, without times. Those come in a
second line and from a second stretch, in which each request has a callback more, so that they cost the first nothing.
"""

import argparse
import json
import random
import time

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent
from cassandra.policies import RoundRobinPolicy
from cassandra.query import tuple_factory

# As src/store/cassandra_session.cc has it.
READ = "SELECT fingerprint, cell, mark, forgotten FROM {}.entry WHERE key = ?"
KEYS_A_CALL = 5000  # so many that the beginning and the end of a call, with less in flight, count for little
SEED = 1


def connect(options):
    """The cluster and a session, with what makes the driver fastest: libev and compiled parts, which it takes by
    itself; plain tuples; version 4 of the protocol, whose frames have no checksums (KCK's driver speaks it too); and no
    search for a key's node, as there is one."""
    host, port = options.node.split(":")
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), row_factory=tuple_factory,
                               consistency_level=ConsistencyLevel.LOCAL_QUORUM, request_timeout=30)
    cluster = Cluster([host], port=int(port), protocol_version=4, compression=False, connect_timeout=30,
                      control_connection_timeout=30, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    return cluster, cluster.connect()


def read(session, statement, keys, options):
    """One call, whose results come one by one: a list of them takes a tenth more CPU. Fails where a row is missing."""
    work = [(statement, (key,)) for key in keys]
    for succeeded, rows in execute_concurrent(session, work, options.in_flight, results_generator=True):
        if not succeeded or len(rows.current_rows) != 1:
            raise SystemExit(f"cassandra_driver_reader: a key without its row: {rows}")


def read_for(session, statement, options, seconds):
    """How many requests, and in what time."""
    numbers = random.Random(SEED)
    requests, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        read(session, statement, [f"row/{numbers.randrange(options.entries)}" for _ in range(KEYS_A_CALL)], options)
        requests += KEYS_A_CALL
    return requests, elapsed


def time_each(session):
    """From now on the time of each request is put into the list that is returned."""
    times_us = []

    def on_request(future):
        began = time.perf_counter()

        def on_end(_):
            times_us.append((time.perf_counter() - began) * 1e6)
        future.add_callbacks(on_end, on_end)
    session.add_request_init_listener(on_request)
    return times_us


def say(**figures):
    print(json.dumps(figures), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("node", help="HOST:PORT")
    parser.add_argument("--keyspace", default="kck")
    parser.add_argument("--entries", type=int, default=100000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    cluster, session = connect(options)
    statement = session.prepare(READ.format(options.keyspace))
    read_for(session, statement, options, options.warm_up)
    print("begun", flush=True)
    cpu_before = time.process_time()
    requests, seconds = read_for(session, statement, options, options.seconds)
    say(requests=requests, seconds=seconds, cpu_seconds=time.process_time() - cpu_before)
    times_us = time_each(session)
    read_for(session, statement, options, options.seconds / 2)
    times_us.sort()
    say(p50_us=times_us[len(times_us) // 2], p99_us=times_us[len(times_us) * 99 // 100], max_us=times_us[-1])
    cluster.shutdown()


if __name__ == "__main__":
    main()

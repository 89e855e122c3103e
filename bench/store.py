"""Reads of stored entries that the hot tier does not hold: KCK's store over Cassandra beside the Python driver, and its
store over RocksDB.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from common import ROOT, Failed, Servers, cpu_seconds_of, find_program, medians, progress, python_with
from report import Report
from support.cassandra import Cassandra, ClusterError

ABOUT = """Random reads of {entries:,} entries with values of 100 bytes, which no hot tier holds: a store's `Get` by
bench/store_reader.cc, and for the Python cassandra-driver {driver} (compiled parts, libev) `execute_concurrent` of the
statement that KCK reads with. KCK's answers are held against what was written, the driver's are looked at for a row.
All take turns on one Cassandra node, which has its rows on disk and shares all cores with the client. CPU is the
client's, and the node's."""

FOLDER = pathlib.Path(__file__).resolve().parent
RATIO_MIN = 8  # of the driver's rate, both with IN_FLIGHT
IN_FLIGHT = 256
IN_FLIGHT_FEW = 32
WARM_UPS_MIN, WARM_UPS_MAX = 4, 20
COMPILER_MAX = 0.05  # of a core: what Java's compilers use of it in a node that is warm
OTHERS_MAX = 0.05  # of all cores; above it other programs had a part in the figures

# What Cassandra has unless told otherwise, where tools/cassandra takes less to leave tests room; but for the time-out,
# since a slow answer is a figure and not a failure.
NODE = {"concurrent_reads": 32, "native_transport_max_threads": 128, "file_cache_size": "256MiB",
        "key_cache_size": "50MiB", "prepared_statements_cache_size": "10MiB", "read_request_timeout": "30s"}


def driver_python():
    return python_with(FOLDER / "requirements.txt", "cassandra-driver")


def driver_version():
    lines = (FOLDER / "requirements.txt").read_text().splitlines()
    return next(line.split("==")[1] for line in lines if line.startswith("cassandra-driver=="))


@contextlib.contextmanager
def started_node():
    node = Cassandra(full_jit=True, heap="1g", options=NODE)
    try:
        node.start()
        yield node
    except ClusterError as error:
        raise Failed(str(error)) from error
    finally:
        node.destroy()


def output_of(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def busy_seconds():
    """CPU that all programs of this machine have used."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # without idle, and waiting for the disk


def cpu_now(node_pid):
    return {"node": cpu_seconds_of([node_pid]), "all": busy_seconds(), "time": time.monotonic()}


def measure(command, node_pid):
    """Runs a reader; what it prints, a request's share of CPU, and the share of all cores that others had."""
    words = [str(part) for part in command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        if reader.stdout.readline() != "begun\n":
            raise Failed(f"{words[0]} failed:\n{reader.stderr.read()}")
        before = cpu_now(node_pid)
        first = reader.stdout.readline()
        used = {name: now - before[name] for name, now in cpu_now(node_pid).items()}
        rest, errors = reader.communicate()
    if reader.returncode != 0:
        raise Failed(f"{words[0]} failed:\n{errors}")
    found = json.loads(first)
    for line in rest.splitlines():
        found |= json.loads(line)
    others = used["all"] - used["node"] - found["cpu_seconds"]
    return {"requests_per_second": found["requests"] / found["seconds"], "p50_us": found["p50_us"],
            "p99_us": found["p99_us"], "client_cpu_us": found["cpu_seconds"] / found["requests"] * 1e6,
            "node_cpu_us": used["node"] / found["requests"] * 1e6,
            "others_busy": max(0.0, others / used["time"] / os.cpu_count())}


def compiler_seconds(node_pid):
    """CPU that Java's compilers have used."""
    tasks = pathlib.Path(f"/proc/{node_pid}/task").iterdir()
    return cpu_seconds_of([f"{node_pid}/task/{task.name}" for task in tasks
                           if re.match("C[12] Comp", (task / "comm").read_text())])


def warm_up(command, node_pid):
    """Has the node read until Java has compiled what that takes; false where it has not for long."""
    for number in range(1, WARM_UPS_MAX + 1):
        progress(f"warming the node up, {number}")
        began, before = time.monotonic(), compiler_seconds(node_pid)
        output_of(command)
        compiled = compiler_seconds(node_pid) - before
        if number >= WARM_UPS_MIN and compiled < COMPILER_MAX * (time.monotonic() - began):
            return True
    return False


def fill(options, servers, node, reader):
    """The two stores, as the reader names them, with their entries."""
    stores = {"Cassandra": f"cassandra:{node.contact_points}", "RocksDB": f"rocksdb:{servers.subfolder('rocksdb')}"}
    for name, store in stores.items():
        progress(f"writing {options.entries:,} entries to {name}")
        output_of([reader, store, "--fill", "--entries", options.entries])
    node.flush("kck", "entry")
    return stores


def turns_of(options, stores, node, reader):
    """Name and number in flight, and the command that measures it."""
    shared = ["--entries", options.entries, "--seconds", options.seconds]
    turns = {}
    for in_flight in (IN_FLIGHT, IN_FLIGHT_FEW):
        for name, store in stores.items():
            turns[f"kck, {name}", in_flight] = [reader, store, *shared, "--in-flight", in_flight]
        turns["cassandra-driver", in_flight] = [driver_python(), FOLDER / "cassandra_driver_reader.py",
                                                node.contact_points, *shared, "--in-flight", in_flight]
    return dict(sorted(turns.items(), key=lambda turn: turn[0][0] == "kck, RocksDB"))


def run(options):
    reader = find_program(options, "bench/store_reader")
    driver_python()
    with Servers() as servers, started_node() as node:
        stores = fill(options, servers, node, reader)
        turns = turns_of(options, stores, node, reader)
        warm = warm_up(turns["kck, Cassandra", IN_FLIGHT], node.pid(1))
        found = {turn: [] for turn in turns}
        for number in range(options.runs):
            for (name, in_flight), command in turns.items():
                progress(f"run {number + 1} of {options.runs}: {name}, {in_flight} in flight")
                found[name, in_flight].append(measure(command, node.pid(1)))
    return report(options, found, warm)


def row(name, in_flight, runs):
    figures = medians(runs)
    node_cpu = "" if name == "kck, RocksDB" else f"{figures['node_cpu_us']:.1f} µs"
    return [name, str(in_flight), f"{figures['requests_per_second']:,.0f}", f"{figures['p50_us']:,.0f} µs",
            f"{figures['p99_us']:,.0f} µs", f"{figures['client_cpu_us']:.1f} µs", node_cpu]


def report(options, found, warm):
    ratio = (medians(found["kck, Cassandra", IN_FLIGHT])["requests_per_second"]
             / medians(found["cassandra-driver", IN_FLIGHT])["requests_per_second"])
    passed = ratio >= RATIO_MIN
    notes = [f"{'' if passed else 'MISSED: '}with {IN_FLIGHT} in flight KCK reads {ratio:.1f}× as many entries a second "
             f"as the driver; asked for are {RATIO_MIN}×."]
    if not warm:
        notes.append("VOID: the node's Java still compiled a lot when the first run began.")
    for (name, in_flight), runs in found.items():
        if disturbed := sum(figures["others_busy"] > OTHERS_MAX for figures in runs):
            notes.append(f"VOID: in {disturbed} of {options.runs} runs of {name} with {in_flight} in flight other "
                         f"programs had over {OTHERS_MAX:.0%} of the cores.")
    return Report("store", "A read of the store", ABOUT.format(entries=options.entries, driver=driver_version()),
                  ["", "in flight", "requests/s", "p50", "p99", "CPU/request", "node's CPU/request"],
                  [row(*turn, runs) for turn, runs in found.items()],
                  [{"client": name, "in_flight": in_flight, "runs": runs}
                   for (name, in_flight), runs in found.items()],
                  notes, passed)


def add_options(parser):
    parser.add_argument("--entries", type=int, default=100000)

"""Hits beside kck 0.6.3 of PyPI, the Python program that KCK follows, which keeps its cache in Cassandra."""

import contextlib
import functools
import json
import os
import subprocess

import peers
from common import LOAD_CORE, Failed, Servers, find_program, medians, need_two_cores, progress, raw_answer, start_kck
from hit import BUSY_MIN, FILES, measure
from kck06.peer import Http, Kck06, install, named
from report import Report
from support.cassandra import Cassandra, prepare

FASTER_MIN = 200  # KCK's hits a second over those of kck 0.6.3 at its best
PROCESSES = (1, 2, 4)  # of kck 0.6.3 on its core: one waits for Cassandra while another works
# The row of a product, [["xxx…"]], as JSON: in both, the value of the key that is asked for.
VALUE_BYTES = 100
FILLING_BYTES = VALUE_BYTES - len('[[""]]')
VALUE = [["x" * FILLING_BYTES]]
KEY = f"hit/{FILLING_BYTES}"
PATH = f"/fetch/{KEY}"
WARM_UP_SECONDS = 10  # until Java has compiled what Cassandra runs

ABOUT = """KCK and kck 0.6.3 (of PyPI, with its dependencies of 2019, under Python 3.11) are asked for a cached value of
{value_bytes} bytes over HTTP, by bench/load_client.cc on {connections} connections. The server has one core, for all of its
processes; the other is for the load and for the Cassandra, which kck 0.6.3 asks twice a hit: to prepare the statement, and to
run it. The value is in its primary cache, and its log is off. All take turns. *cache.get* is its cache within the process
that wants the value, without HTTP. CPU is the server's; what Cassandra takes is not in it. It is KCK's store as well."""


@contextlib.contextmanager
def one_cassandra():
    """A node on the core of the load."""
    prepare()
    cassandra = Cassandra(full_jit=True)
    own = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {LOAD_CORE})  # which the node inherits
        cassandra.start()
        os.sched_setaffinity(0, own)
        yield cassandra
    finally:
        os.sched_setaffinity(0, own)
        cassandra.destroy()


def start_ours(options, servers, cassandra):
    folder = servers.subfolder("kck")
    store = f"cassandra://{cassandra.contact_points}/kck"
    files = {**FILES, "kck.yml": FILES["kck.yml"].replace("memory:", store)}
    (folder / "kck.yml").write_text(files["kck.yml"])
    done = subprocess.run([find_program(options, "apps/kck"), "--folder", folder, "store", "setup"], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise Failed(f"kck store setup failed:\n{done.stderr}")
    return servers.add(start_kck(options, folder, files))


def expect_value(server):
    """By the body: kck 0.6.3 answers 200 to what it cannot answer as well."""
    answer = json.loads(raw_answer(server.port, PATH)[0].split(b"\r\n\r\n", 1)[1])
    if answer.get("value") != VALUE:
        raise Failed(f"{server.name} has not the value of {KEY}: {answer}")


def measure_valued(options, peer):
    """hit.measure, of a peer that has the value before and after."""
    expect_value(peer.server)
    figures = measure(options, peer)
    expect_value(peer.server)
    return figures


def measure_theirs(options, servers, old, processes):
    """Of servers that run for this alone: also one that nobody asks takes some CPU."""
    server = old.start_servers(servers, processes)
    figures = measure_valued(options, Http(server, PATH))
    server.stop()
    return figures


def run(options):
    need_two_cores()
    install()
    with one_cassandra() as cassandra, Servers() as servers:
        old = Kck06(servers.subfolder("kck06"), int(cassandra.contact_points.split(":")[1]))
        old.put(KEY, VALUE)
        ours = peers.Http(start_ours(options, servers, cassandra), PATH)
        turns = {"kck": functools.partial(measure_valued, options, ours)}
        for processes in PROCESSES:
            turns[named("kck 0.6.3", processes)] = functools.partial(measure_theirs, options, servers, old, processes)
        for processes in PROCESSES:
            turns[named("cache.get", processes)] = functools.partial(old.get, KEY, processes, options.seconds)
        progress("Warming up")
        old.get(KEY, max(PROCESSES), WARM_UP_SECONDS)
        runs = {name: [] for name in turns}
        for number in range(options.runs):
            for name, turn in turns.items():
                progress(f"run {number + 1} of {options.runs}: {name}")
                runs[name].append(turn())
    return report(options, runs)


def report(options, runs):
    found = {name: medians(some) for name, some in runs.items()}
    ours = found["kck"]
    rows = [[name, f"{figures['requests_per_second']:,.0f}", f"{figures['cpu_us_per_request']:,.2f} µs",
             f"{ours['requests_per_second'] / figures['requests_per_second']:,.1f}×",
             f"{figures['cpu_us_per_request'] / ours['cpu_us_per_request']:,.1f}×", f"{figures['server_core_busy']:.0%}"]
            for name, figures in found.items()]
    best = max((named("kck 0.6.3", processes) for processes in PROCESSES),
               key=lambda name: found[name]["requests_per_second"])
    faster = ours["requests_per_second"] / found[best]["requests_per_second"]
    notes = [f"KCK answers {faster:.0f} times as many requests a second as {best}, its best server here; {FASTER_MIN} is "
             "asked."]
    idle = sum(run["server_core_busy"] < BUSY_MIN for run in runs["kck"])
    if idle:
        notes.append(f"VOID: in {idle} of {options.runs} runs of kck the server's core was under {BUSY_MIN:.0%} busy.")
    about = ABOUT.format(value_bytes=VALUE_BYTES, connections=options.connections)
    return Report("hit-kck-0.6", "Hits beside kck 0.6.3", about,
                  ["", "requests/s", "CPU/request", "KCK of it", "CPU of KCK's", "core busy"], rows, runs, notes,
                  passed=faster >= FASTER_MIN)

"""Hits by the Python client, one after another over one connection, beside redis-py; and what a prime in Python costs
beside its function."""

import json
import os
import pathlib
import statistics
import subprocess

import hit
import peers
import python_prime
from common import LOAD_CORE, ROOT, Failed, Servers, medians, need_two_cores, pinned, progress, python_with, start_kck
from report import Report

FOLDER = pathlib.Path(__file__).resolve().parent
RATIO_MIN = 1.0  # of redis-py's get, which leaves the value as bytes
RATE_MIN = 15 * 873  # requests a second; 873 are what the client of kck 0.6.3 had
PRIME_OVERHEAD_US_MAX = 150  # p50

ABOUT = """One thread gets one value, a row with a text of {value_bytes} bytes, again and again over one connection that
is kept. KCK's client reads the JSON of the whole answer, redis-py ({version}) returns the bytes of the value, in the
rows `+ json.loads` read as JSON too; by its own parser, and by that of hiredis. `@kck.product` is a function of the
process, called for the same key. The server has one core and the client the other; all take turns. CPU is the client's.

A prime's overhead is the median time of a miss of a product in Python, over one connection and each for another key, less
that of a hit of the same keys over it, and less the function's own time with the making of its JSON. So it is all that KCK puts
around the function: flight, store, the way to a worker and back, publishing. Server, worker and client share all
cores."""

MISS_THREADS = [13, 13, 13, 13, 12, 12, 12, 12]  # of each process
COMPUTE_MS = 50
MISS_RUNS = 5

# Name, client of bench/python_reader.py.
TURNS = [("kck.Client", "kck"), ("kck.AsyncClient", "kck-async"), ("@kck.product", "kck-decorated"),
         ("redis-py get", "redis"),
         ("redis-py get + json.loads", "redis-json"), ("with hiredis", "hiredis"),
         ("with hiredis + json.loads", "hiredis-json")]


def start_redis(servers, key, value):
    server = peers.start_redis(servers, 100)
    subprocess.run([peers.program("redis-cli", "redis-tools"), "-p", str(server.port), "set", key, value], check=True,
                   stdout=subprocess.DEVNULL)
    return server


def measure(options, python, client, port, key):
    command = [python, FOLDER / "python_reader.py", client, port, key, "--seconds", options.seconds]
    reader = pinned(command, LOAD_CORE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    output, errors = reader.communicate()
    if reader.returncode != 0:
        raise Failed(f"python_reader.py {client} failed:\n{errors}")
    found = json.loads(output)
    return {"requests_per_second": found["requests"] / found["seconds"],
            "client_cpu_us": found["cpu_seconds"] / found["requests"] * 1e6}


def measure_misses(python, port, number):
    """A hundred threads of eight processes miss one key at once."""
    command = [python, FOLDER / "python_misses.py", str(port), str(number), "--compute-ms", str(COMPUTE_MS), "--threads"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    processes = [subprocess.Popen([*command, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  env=env) for threads in MISS_THREADS]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in processes]
    if any(process.returncode != 0 for process in processes):
        raise Failed("python_misses.py failed; its words are above")
    found = [json.loads(answer) for answer in answers]
    return {"runs": sum(one["runs"] for one in found), "last_ms": max(one["last_ms"] for one in found)}
def measure_prime(options, port, number):
    """Of a server whose workers have started; `number` tells the runs' keys apart."""
    command = [options.prime_python, FOLDER / "python_prime.py", port, number * 1000000 + 1]
    reader = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if reader.returncode != 0:
        raise Failed(f"python_prime.py failed:\n{reader.stderr}")
    found = json.loads(reader.stdout)
    return {**found, "overhead_us": found["miss_us"] - found["hit_us"] - found["bare_us"]}


def measure_primes(options, servers):
    files = {"kck.yml": f'python: {{interpreter: {options.prime_python}, workers: 1}}\nstore: {{url: "rocksdb:store"}}\n'
                        "memory: 256MiB\n", "products/primed.py": python_prime.PRODUCT}
    kck = servers.add(start_kck(options, servers.subfolder("prime"), files, core=None))
    found = []
    for number in range(options.runs):
        progress(f"run {number + 1} of {options.runs}: primes")
        found.append(measure_prime(options, kck.port, number))
    return found


def run(options):
    need_two_cores()
    python = python_with(FOLDER / "requirements_redis.txt", "redis-py")
    key = f"hit/{options.value_bytes}"
    with Servers() as servers:
        kck = servers.add(start_kck(options, servers.subfolder("kck"), hit.FILES))
        redis = start_redis(servers, key, json.dumps([["x" * options.value_bytes]]))
        runs = {name: [] for name, _ in TURNS}
        for number in range(options.runs):
            for name, client in TURNS:
                progress(f"run {number + 1} of {options.runs}: {name}")
                port = kck.port if client.startswith("kck") else redis.port
                runs[name].append(measure(options, python, client, port, key))
        progress("misses of a decorated function")
        misses = [measure_misses(python, kck.port, number) for number in range(MISS_RUNS)]
        primes = measure_primes(options, servers)
    return report(options, runs, misses, primes)


def report(options, runs, misses, primes):
    figures = {name: medians(found) for name, found in runs.items()}
    rates = {name: found["requests_per_second"] for name, found in figures.items()}
    ours = rates["kck.Client"]
    rows = [[name, f"{rates[name]:,.0f}", f"{figures[name]['client_cpu_us']:.1f} µs", f"{ours / rates[name]:.2f}×"]
            for name in figures]
    ratio = ours / rates["redis-py get"]
    hits_pass = ratio >= RATIO_MIN and ours >= RATE_MIN
    ran_once = all(found["runs"] == 1 for found in misses)
    last_ms = statistics.median(found["last_ms"] for found in misses)
    prime = medians(primes)
    primes_pass = prime["overhead_us"] <= PRIME_OVERHEAD_US_MAX
    notes = [f"kck.Client has {ratio:.2f}× the rate of redis-py's get (bar: {RATIO_MIN}×), and {ours / 873:.1f}× the "
             f"873 a second of kck 0.6.3's client (bar: 15×)." + ("" if hits_pass else " NOT REACHED."),
             f"{sum(MISS_THREADS)} concurrent misses of one decorated function in {len(MISS_THREADS)} processes, "
             f"{MISS_RUNS} times: it ran {sum(found['runs'] for found in misses)} times (bar: once each). The last answer "
             f"came after {last_ms:.0f} ms, of which the function takes {COMPUTE_MS}."
             + ("" if ran_once else " NOT REACHED."),
             f"Prime overhead over the bare function: {prime['overhead_us']:.0f} µs p50 "
             f"(bar: {PRIME_OVERHEAD_US_MAX} µs): a miss takes {prime['miss_us']:.0f} µs, a hit "
             f"{prime['hit_us']:.0f} µs, the function {prime['bare_us']:.1f} µs."
             + ("" if primes_pass else " NOT REACHED.")]
    columns = ["client", "requests/s", "CPU/request", "kck.Client of it"]
    about = ABOUT.format(value_bytes=options.value_bytes, version=redis_version())
    figures = {"runs": runs, "misses": misses, "primes": primes}
    return Report("python", "Hits by the Python client", about, columns, rows, figures, notes,
                  hits_pass and ran_once and primes_pass)


def redis_version():
    lines = (FOLDER / "requirements_redis.txt").read_text().splitlines()
    return next(line.split("==")[1] for line in lines if line.startswith("redis=="))


def add_options(parser):
    parser.add_argument("--value-bytes", type=int, default=100, help="of the text in the value")
    parser.add_argument("--prime-python", default="/usr/bin/python3", help="the workers' interpreter, which has msgpack")

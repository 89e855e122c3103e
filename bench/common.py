"""What the benchmarks share: programs, servers on one core, load on the other, figures."""

import json
import os
import pathlib
import platform
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.postgres import BINARIES, Database, Postgres, free_port  # noqa: E402

SERVER_CORE, LOAD_CORE = 0, 1


class Failed(Exception):
    """Something that the user can mend; the text says how."""


def progress(text):
    print(text, file=sys.stderr, flush=True)


def find_program(options, name):
    path = options.build / name
    if not path.exists():
        raise Failed(f"{path} is not there: tools/build.sh release {path.name} makes it; or --build DIR")
    return path


def python_with(requirements, name):
    """A Python in build/NAME that has what the list says, installed where it is absent: the folder's copy of the list
    tells what it holds."""
    folder = ROOT / "build" / name
    held = folder / "requirements.txt"
    if not held.exists() or held.read_bytes() != requirements.read_bytes():
        progress(f"installing {requirements.name} in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        for command in (["/usr/bin/python3", "-m", "venv", folder],
                        [folder / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install",
                         "--requirement", requirements]):
            if subprocess.run(command).returncode != 0:
                raise Failed(f"{requirements} could not be installed (pip's words are above): check the network")
        shutil.copy(requirements, held)
    return folder / "bin/python"


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": model[1] if model else platform.processor(), "cores": os.cpu_count(), "kernel": platform.release()}


def need_two_cores():
    if os.cpu_count() < 2:
        raise Failed("two cores are needed: one for the server, one for the load")


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


LATENCY_COLUMNS = ["", "requests/s", "p50", "p99", "worst"]


def latency_rows(runs):
    """A table of what the load client measured, by name: medians of the runs."""
    return [[name, f"{figures['requests'] / figures['seconds']:,.0f}", f"{figures['p50_us']:.0f} µs",
             f"{figures['p99_us']:.0f} µs", f"{figures['max_us']:,.0f} µs"]
            for name, figures in ((name, medians(found)) for name, found in runs.items())]


def pinned(command, core, **options):
    """Starts a program that stays on the core; None: where it likes."""
    chosen = None if core is None else {core}
    return subprocess.Popen([str(part) for part in command],
                            preexec_fn=lambda: chosen and os.sched_setaffinity(0, chosen), **options)


def cpu_seconds_of(pids):
    """CPU that these processes have used, of the user and the system."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Server:
    """A server that was started here, on the server core unless told. `ready` is what its output says once it serves;
    where it has a group, that is the port. `env`: its environment."""

    def __init__(self, name, command, log_path, ready=None, port=0, core=SERVER_CORE, env=None):
        self.name = name
        self.port = port
        self._log_path = log_path
        with open(log_path, "wb") as log:
            self.process = pinned(command, core, stdout=log, stderr=log, env=env)
        self._await(ready)

    def _await(self, ready):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(ready, self._log_path.read_text()) if ready else self._answers()
            if found:
                self.port = self.port or int(found[1])
                return
            time.sleep(0.005)
        log = self._log_path.read_text()
        self.stop()
        raise Failed(f"{self.name} did not start:\n{log}")

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def pids(self):
        """Of the server and all that it started."""
        found = [self.process.pid]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def cpu_seconds(self):
        return cpu_seconds_of(self.pids())

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def stop(self, kill=False):
        if self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
        return self.process.wait(timeout=60)


class Servers:
    """The servers of one benchmark, with a folder of their own; all are stopped at its end."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="kck-bench-")
        self.folder = pathlib.Path(self._folder.name)
        self._running = []
        self._postgres = None
        return self

    def __exit__(self, *_):
        try:
            for server in reversed(self._running):
                server.stop()
        finally:
            if self._postgres:
                self._postgres.destroy()
            self._folder.cleanup()

    def add(self, server):
        self._running.append(server)
        return server

    def start_postgres(self, **settings):
        """A database of a PostgreSQL of the benchmark's own."""
        if not BINARIES.exists():
            raise Failed("PostgreSQL 15 is not installed: apt-get install postgresql-15")
        self._postgres = Postgres(**{"log_statement": "none", **settings})
        self._postgres.start()
        return Database(self._postgres, "postgres")

    def subfolder(self, name):
        """A new one, whose name begins so."""
        return pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=self.folder))


def _pgbench(server, *arguments):
    return server.run("pgbench", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres",
                      *(str(argument) for argument in arguments), "postgres")


def pgbench_fill(server, scale):
    """Its tables, with 100,000 accounts for each of the scale."""
    _pgbench(server, "-i", "-q", "-s", scale)


def pgbench_rate(server, clients, seconds):
    """Rows a second, each by a prepared statement."""
    output = _pgbench(server, "-n", "-S", "-M", "prepared", "-c", clients, "-j", min(2, clients), "-T", seconds)
    return float(re.search(r"tps = ([\d.]+)", output)[1])


def start_kck(options, folder, files, core=SERVER_CORE, threads=1, name="kck", under=()):
    """`kck serve` over the files; those that are there already stay. `under` runs it: a profiler."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = [*under, find_program(options, "apps/kck"), "--folder", folder, "serve", "--threads", threads,
               "--listen", "127.0.0.1:0"]
    return Server(name, command, folder / "kck.log", r" serves \d+ products at https?://127\.0\.0\.1:(\d+)", core=core)


def _connect(port, tls):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    return ssl._create_unverified_context().wrap_socket(connection) if tls else connection


def raw_answer(port, path, tls=False):
    """The bytes of an answer, head and body, and the length of the body."""
    with _connect(port, tls) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += connection.recv(65536)
    if b" 200 " not in head.split(b"\r\n")[0] + b" ":
        raise Failed(f"{path} was answered with {head.decode()}")
    return head + b"\r\n\r\n" + body, length


def metric(server, name):
    """A number of the server's /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        return int(float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)[1]))


def load(options, port, path, seconds, core=LOAD_CORE, tls=False, headers=(), waits=False, **flags):
    """Runs the load client; returns what it measured. On no core of its own it waits where it would poll; so it does
    with `waits`."""
    command = [find_program(options, "bench/load_client"), port, path, "--seconds", seconds]
    if waits or core is None:
        command.append("--share-cores")
    if tls:
        command.append("--tls")
    for header in headers:
        command += ["--header", header]
    for name, value in flags.items():
        command += [f"--{name.replace('_', '-')}", value]
    client = pinned(command, core, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = client.communicate()
    if client.returncode != 0:
        raise Failed(errors)
    return json.loads(output)

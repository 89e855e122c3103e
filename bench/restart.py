"""How soon a server that is started over a million stored entries answers."""

import subprocess
import time

import entries
import peers
from common import Failed, Server, Servers, free_port, metric, progress, raw_answer
from report import Report

ABOUT = """From the start of the process to the first answer with a stored value: after an orderly end, and after a kill.
redis loads all of its entries before it answers; its file was written by `save`."""


def time_start(start, ask):
    began = time.monotonic()
    server = start()
    ask(server)
    return server, time.monotonic() - began


def kck_times(options, servers):
    folder = servers.subfolder("kck")
    key = f"/fetch/v/{options.entries // 2}"

    def start():
        return entries.start(options, folder, "256MiB")

    server = servers.add(start())
    entries.fill(options, server, "v", options.entries)
    times = {"after an end": [], "after a kill": []}
    for number in range(options.runs):
        for name, kill in (("after an end", False), ("after a kill", True)):
            progress(f"run {number + 1} of {options.runs}: {name}")
            server.stop(kill)
            (folder / "kck.log").unlink()
            server, took = time_start(start, lambda running: raw_answer(running.port, key))
            servers.add(server)
            if metric(server, "kck_fills_total") != 0:
                raise Failed(f"{key} was computed again, and not in the store")
            times[name].append(took)
    server.stop()
    return times


def redis_times(options, servers):
    port = free_port()
    folder = servers.subfolder("redis")
    client = [peers.program("redis-cli", "redis-tools"), "-p", str(port)]

    def start():
        return Server("redis", [peers.program("redis-server", "redis-server"), "--port", port, "--save", "", "--dir",
                                folder, "--enable-debug-command", "local"], folder / "log", port=port, core=None)

    def ask(_):
        get = [*client, "getrange", f"v:{options.entries // 2}", "0", "4"]  # of "value:…"
        while subprocess.run(get, capture_output=True, text=True).stdout != "value\n":
            time.sleep(0.005)

    server = servers.add(start())
    for words in (["debug", "populate", str(options.entries), "v", "300"], ["save"]):
        subprocess.run([*client, *words], check=True, stdout=subprocess.DEVNULL)
    times = []
    for _ in range(options.runs):
        server.stop(True)
        server, took = time_start(start, ask)
        servers.add(server)
        times.append(took)
    server.stop()
    return times


def run(options):
    with Servers() as servers:
        times = {f"kck {name}": found for name, found in kck_times(options, servers).items()}
        times["redis"] = redis_times(options, servers)
    rows = [[name, f"{options.entries:,}", f"{sorted(found)[len(found) // 2] * 1000:.0f} ms", f"{max(found) * 1000:.0f} ms"]
            for name, found in times.items()]
    return Report("restart", "Restart", ABOUT, ["", "entries", "first answer after", "worst"], rows, times)


def add_options(parser):
    parser.add_argument("--entries", type=int, default=1000000)

"""An application of several processes, each of lease_process.py, as a test drives them."""

import json
import os
import pathlib
import subprocess
import sys

from support.wait import wait_for

FOLDER = pathlib.Path(__file__).resolve().parent
PYTHON = FOLDER.parents[1] / "python"


class Process:
    """A process of lease_process.py."""

    def __init__(self, folder, url, options):
        env = {**os.environ, "PYTHONPATH": str(PYTHON), "KCK_URL": url}
        command = [sys.executable, FOLDER / "lease_process.py", folder, json.dumps(options)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.pid = self.answer()["pid"]

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, number=1, threads=1):
        self.process.stdin.write(json.dumps([threads, number]) + "\n")
        self.process.stdin.flush()

    def values(self):
        return self.answer()["values"]

    def end(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


class Application:
    def __init__(self, folder, node):
        self.folder, self.node, self.processes = folder, node, []
        folder.mkdir()

    def start(self, count, **options):
        self.processes += [Process(self.folder, self.node.url, options) for _ in range(count)]
        return self.processes[-count:]

    def go(self):
        (self.folder / "go").touch()

    def runs(self):
        path = self.folder / "runs"
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def metric(self, name):
        lines = self.node.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)

    def await_waiting(self, count):
        wait_for(lambda: self.metric("kck_lease_waiters") == count, f"{count} requests to wait", 60)

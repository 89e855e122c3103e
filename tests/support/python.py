"""Folders whose products, updaters and processes are in Python."""

import os
import pathlib

PYTHON = "/usr/bin/python3"


def kck_yml(databases="", store="rocksdb:store", more="", **python):
    """A kck.yml whose workers are of the system's Python. `databases` is as "main: {url: …}"; the rest are fields of
    `python`; `more` further lines."""
    fields = {"interpreter": PYTHON, **python}
    lines = ["python: {" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}",
             f'store: {{url: "{store}"}}', "memory: 64MiB", more]
    if databases:
        lines.insert(0, f"databases: {{{databases}}}")
    return "\n".join(lines) + "\n"


def runs(node):
    """What functions have written down by NOTE as they ran, line by line."""
    path = node.folder / "runs"
    return path.read_text().splitlines() if path.exists() else []


# Of a module: note(text) adds a line to what runs() tells, await_gate(name) waits until the test has opened it, having
# written down that it waits.
NOTE = """
import os
import pathlib
import time

import kck


def note(text):
    with open("runs", "a") as file:
        file.write(f"{text}\\n")


def await_gate(name):
    note(f"at {name}")
    while not pathlib.Path(name).exists():
        time.sleep(0.005)
"""


def is_alive(pid):
    """Whether a process runs; one that has ended, and that nobody has asked after, does not."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] != "Z"


def workers_of(node):
    """The pids of the node's Python workers."""
    found = set()
    for task in pathlib.Path(f"/proc/{node.process.pid}/task").glob("*/children"):
        found.update(int(child) for child in task.read_text().split())
    return sorted(pid for pid in found if is_alive(pid))


def kill(pid, number):
    """False: it was gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True

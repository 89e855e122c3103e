"""keeper.py JOB: starts a node in the background, prints its pid, and is its parent for as long as it runs.

JOB is JSON: `command`; `log` and `pid_file`, paths; `owner`, a process as processes.identify() gives it, or null. When the
owner ends, however it does, the keeper kills the node; should the keeper be killed, the system does. So nothing is left of a
test that was killed. Descriptors that the keeper was given stay open while the node runs: a socket that holds its ports.
"""

import ctypes
import json
import os
import pathlib
import resource
import select
import signal
import subprocess
import sys

import processes

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def end_with(parent):
    """In the child, before it becomes Java."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def launch(job):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    keeper = os.getpid()
    with open(job["log"], "ab") as log:
        # With an arena for each thread, glibc's malloc would hold some hundred MiB more.
        return subprocess.Popen(job["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env=dict(os.environ, MALLOC_ARENA_MAX="2"), preexec_fn=lambda: end_with(keeper))


def keep(job):
    owner = processes.watch(job["owner"]) if job["owner"] else None
    if job["owner"] and owner is None:
        sys.exit(f"the process {job['owner'][0]}, with which the node was to end, has ended")
    node = launch(job)
    pid_file = pathlib.Path(job["pid_file"])
    written = pid_file.with_suffix(".new")
    written.write_text(str(node.pid))
    written.replace(pid_file)
    print(node.pid, flush=True)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):  # who started this waits for the end of its output
        os.dup2(nowhere, standard)
    ends = [os.pidfd_open(node.pid)] + ([owner] if owner is not None else [])
    select.select(ends, [], [])
    node.kill()
    node.wait()


if __name__ == "__main__":
    if os.fork() == 0:
        os.setsid()
        keep(json.loads(sys.argv[1]))

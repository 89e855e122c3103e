"""Processes that others started: which one a number means, and its end."""

import os
import pathlib
import select


def start_time(pid):
    """When the process started, in ticks since the machine did; with the pid it names one process for good. None where there
    is no such process, or only what is left of it until its parent asks how it ended."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def is_stopped(pid):
    """True while SIGSTOP holds the process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return False


def identify(pid):
    """[pid, start time], as `watch` takes it."""
    return [pid, start_time(pid)]


def watch(identity):
    """A descriptor that becomes readable when the process ends; None where it has ended."""
    pid, started = identity
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if started is None or start_time(pid) != started:
        os.close(descriptor)
        return None
    return descriptor


def wait_for_end(pid, seconds):
    """True once the process has ended; False if it still runs after `seconds`."""
    descriptor = watch(identify(pid))
    if descriptor is None:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)

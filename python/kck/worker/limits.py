"""What binds the process: to its server's life, to its memory, to being one process."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import os
import resource
import signal
import socket
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def bind_to_server() -> None:
    """Dies with the server even where no thread of it can run. Ctrl-C in the server's terminal is the server's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Not SIG_IGN, which programs that a product starts would inherit.
    signal.signal(signal.SIGINT, lambda _signal, _frame: None)
    faulthandler.enable()


def write_lines() -> None:
    """Lines of stdout and stderr are written as they come."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")


def bound_memory(bytes_max: int) -> None:
    """What passes it is a MemoryError. 0: no bound."""
    if bytes_max:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = bytes_max if hard == resource.RLIM_INFINITY else min(bytes_max, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def close_in_children(connection: socket.socket) -> None:
    """A process that is forked off has no part in the connection, and no unwritten lines of its parent's."""
    connection.set_inheritable(False)
    number = connection.fileno()
    os.register_at_fork(before=flush, after_in_child=lambda: os.close(number))


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def leave(code: int) -> NoReturn:
    """Ends the process at once, whatever other threads do."""
    with contextlib.suppress(Exception):
        flush()
    os._exit(code)


class Resident:
    """How much memory the process holds."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._page_bytes = resource.getpagesize()

    def bytes(self) -> int:
        return int(os.pread(self._file, 128, 0).split(b" ", 2)[1]) * self._page_bytes

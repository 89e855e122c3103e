"""Who reads the socket: the main thread while it has nothing to run, so that a call wakes one thread alone; another one
while it runs something."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable

from kck.worker.frames import FrameReader, Message

# An interpreter that was built over old headers has no name for it.
_EPOLLEXCLUSIVE = getattr(select, "EPOLLEXCLUSIVE", 1 << 28)


class SharedReading:
    """`take` gets the messages in their order, one at a time, on either thread."""

    def __init__(self, connection: socket.socket, reader: FrameReader, take: Callable[[Message], None]) -> None:
        self._reader, self._take = reader, take
        self._lock = threading.Lock()
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # What comes wakes the first of the two that waits, in this order.
        self._main, self._other = select.epoll(), select.epoll()
        for poll in (self._main, self._other):
            poll.register(connection, select.EPOLLIN | _EPOLLEXCLUSIVE)
        self._main.register(self._waker, select.EPOLLIN)

    def read_on_main(self) -> None:
        """Waits for a message, or for `wake_main`; takes what has come. Raises as FrameReader.read_waiting."""
        for number, _ in self._main.poll():
            if number == self._waker:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._waker)
            else:
                self._take_waiting()

    def wake_main(self) -> None:
        """Any thread."""
        os.eventfd_write(self._waker, 1)

    def read_beside(self) -> None:
        """Of the other thread: takes what the main thread does not wait for. Raises as FrameReader.read_waiting."""
        while True:
            self._take_waiting()
            self._other.poll()

    def _take_waiting(self) -> None:
        with self._lock:
            for message in self._reader.read_waiting():
                self._take(message)

"""Frames between server and worker: four bytes of length, big endian, and so many bytes of MessagePack, a map that
has a `type`."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import msgpack

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")
BYTES_MAX = 64 << 20


class FrameError(Exception):
    """What came is no frame of the protocol."""


class FrameReader:
    """One thread at a time reads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = memoryview(bytearray(1 << 16))
        self._unread = bytearray()
        self.bytes_max = BYTES_MAX

    def read(self) -> Message | None:
        """The next message; waits for it. None once the server has closed the connection. Raises FrameError."""
        while (message := self._next()) is None:
            if not self._receive(0):
                return None
        return message

    def read_waiting(self) -> Iterator[Message]:
        """The messages that have come; does not wait. Raises EOFError behind the last one, and FrameError."""
        while True:
            while (message := self._next()) is not None:
                yield message
            try:
                if not self._receive(socket.MSG_DONTWAIT):
                    raise EOFError
            except BlockingIOError:
                return

    def _receive(self, flags: int) -> bool:
        """False once the connection is closed."""
        try:
            count = self._connection.recv_into(self._received, 0, flags)
        except BlockingIOError:
            raise
        except OSError:
            return False
        self._unread += self._received[:count]
        return count > 0

    def _next(self) -> Message | None:
        if len(self._unread) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._unread)
        if length > self.bytes_max:
            raise FrameError(f"a frame of {length} bytes, of which {self.bytes_max} are allowed")
        end = _LENGTH.size + length
        if len(self._unread) < end:
            return None
        body = self._unread[_LENGTH.size : end]
        del self._unread[:end]
        return _message(body)


def _message(body: bytearray) -> Message:
    try:
        message = msgpack.unpackb(body)
    except Exception as error:  # msgpack raises classes of its own and ValueErrors
        raise FrameError(f"a frame that is no MessagePack: {type(error).__name__} {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise FrameError("a frame that is no map with a type")
    return message


class FrameWriter:
    """Any thread writes. Nothing is written by a process that was forked off."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self.bytes_max = BYTES_MAX

    def write(self, *messages: Message) -> None:
        """Returns once all of them are with the kernel. Raises OSError where the connection is closed, and ValueError
        where one is too large."""
        self.write_packed(*[pack(message) for message in messages])

    def write_packed(self, *bodies: bytes) -> None:
        if os.getpid() != self._pid:
            raise OSError("a forked process has no connection to the server")
        if any(len(body) > self.bytes_max for body in bodies):
            raise ValueError(f"a message of more than {self.bytes_max} bytes")
        data = b"".join([part for body in bodies for part in (_LENGTH.pack(len(body)), body)])
        with self._lock:
            self._connection.sendall(data)


def pack(message: Message) -> bytes:
    packed: bytes = msgpack.packb(message)
    return packed

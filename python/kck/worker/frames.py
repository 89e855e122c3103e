"""Frames between server and worker: four bytes of length, big endian, and so many bytes of MessagePack, a map that
has a `type`."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
from typing import Any

import msgpack

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")
BYTES_MAX = 64 << 20


class FrameError(Exception):
    """What came is no frame of the protocol."""


class FrameReader:
    """One thread reads."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = io.BufferedReader(socket.SocketIO(connection, "r"), 1 << 16)
        self.bytes_max = BYTES_MAX

    def read(self) -> Message | None:
        """The next message; None once the server has closed the connection. Raises FrameError."""
        try:
            head = self._stream.read(4)
            if len(head) < 4:
                return None
            (length,) = _LENGTH.unpack(head)
            if length > self.bytes_max:
                raise FrameError(f"a frame of {length} bytes, of which {self.bytes_max} are allowed")
            body = self._stream.read(length)
        except OSError:
            return None
        if len(body) < length:
            return None
        return _message(body)


def _message(body: bytes) -> Message:
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

"""Connections for threads: one request at a time each, kept for the next one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time

from kck._address import Address
from kck._conversation import Send
from kck._forks import begin_anew_after_fork
from kck._http import READ_BYTES, Answer, AnswerReader
from kck.errors import KCKConnectionError, KCKTimeout


class Connection:
    """Belongs to one thread at a time. Times are those of time.monotonic."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, deadline: float) -> None:
        self.reused = False
        try:
            self._socket = _connect(address, tls, deadline)
        except TimeoutError:
            raise KCKTimeout(f"{address} was not reached in time") from None
        except OSError as error:
            raise KCKConnectionError(f"{address} cannot be reached: {error}") from error

    def exchange(self, data: bytes, deadline: float) -> Answer:
        """Sends a request and reads its answer. After an error the connection is of no more use."""
        reader = AnswerReader()
        try:
            self._socket.settimeout(_left(deadline))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # there may be an answer that says why
                self._socket.sendall(data)
            answer = reader.feed(self._socket.recv(READ_BYTES))
            while answer is None:
                self._socket.settimeout(_left(deadline))
                answer = reader.feed(self._socket.recv(reader.wanted))
            return answer
        except TimeoutError:
            raise KCKTimeout("there was no whole answer in time", sent=True) from None
        except KCKConnectionError as error:
            error.reused = self.reused
            raise
        except OSError as error:
            raise KCKConnectionError(f"the connection failed: {error}", True, self.reused, reader.began) from error

    def is_quiet(self) -> bool:
        """False: the server has closed it, or said something unasked."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        self._socket.close()


class Pool:
    """Up to `size` connections, made as they are needed. Any thread; a forked process makes connections of its own."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, size: int) -> None:
        self._address, self._tls, self._size = address, tls, size
        self._closed = False
        self._reset()
        begin_anew_after_fork(self)

    def _reset(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._idle: list[Connection] = []
        self._used = 0
        self._waiting = 0

    def exchange(self, send: Send, deadline: float) -> Answer:
        connection = self._take(send, deadline)
        keep = False
        try:
            answer = connection.exchange(send.data, deadline)
            if answer.status == 408 and connection.reused:  # it was given up before the request came
                raise KCKConnectionError("the server closed an idle connection", sent=True, reused=True)
            keep = connection.reused = answer.keep
            return answer
        finally:
            self._give_back(connection, keep)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._drop_idle()

    def _take(self, send: Send, deadline: float) -> Connection:
        with self._changed:
            if send.fresh:
                self._drop_idle()  # they are as old as the one that failed
            while True:
                if self._closed:
                    raise RuntimeError("the client is closed")
                while self._idle:
                    connection = self._idle.pop()
                    if not send.careful or connection.is_quiet():
                        self._used += 1
                        return connection
                    connection.close()
                if self._used < self._size:
                    self._used += 1
                    break
                self._waiting += 1
                told = self._changed.wait(max(0.0, deadline - time.monotonic()))
                self._waiting -= 1
                if not told and not self._idle and self._used >= self._size:
                    raise KCKTimeout(f"all {self._size} connections were in use")
        try:
            return Connection(self._address, self._tls, deadline)
        except BaseException:
            self._give_back(None, False)
            raise

    def _give_back(self, connection: Connection | None, keep: bool) -> None:
        if connection and not keep:
            connection.close()
        with self._changed:
            self._used -= 1
            if connection and keep:
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)
            if self._waiting:
                self._changed.notify()

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def begin_anew(self) -> None:
        """In a forked process: its copies of the sockets are closed, which ends no connection of the parent's. The
        lock may have been held by a thread that is not here."""
        idle = self._idle
        self._reset()
        for connection in idle:
            connection.close()


def _connect(address: Address, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    if address.unix:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(_left(deadline))
            made.connect(address.unix)
        except BaseException:
            made.close()
            raise
        return made
    made = socket.create_connection((address.host, address.port), timeout=_left(deadline))
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            made.settimeout(_left(deadline))
            return tls.wrap_socket(made, server_hostname=address.host)
    except BaseException:
        made.close()
        raise
    return made


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds

"""As much of Cassandra's protocol as it takes to know whether a node serves: one statement at a time, cells as bytes."""

import socket
import ssl
import struct

VERSION = 4
ERROR, STARTUP, READY, AUTHENTICATE, QUERY, RESULT, AUTH_RESPONSE, AUTH_SUCCESS = 0, 1, 2, 3, 7, 8, 15, 16
ROWS = 2
SKIP_METADATA = 2
CONSISTENCY = {"ONE": 1, "QUORUM": 4, "ALL": 5}


class CqlError(Exception):
    """What the node said, or that it said nothing."""


class Cql:
    """A connection. `user` is (name, password) or None; a `tls` connection does not ask whose certificate it is."""

    def __init__(self, address, port, user=None, tls=False, seconds=15):
        try:
            self._socket = socket.create_connection((address, port), timeout=seconds)
            if tls:
                context = ssl.create_default_context()
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                self._socket = context.wrap_socket(self._socket)
        except OSError as error:
            raise CqlError(f"{address}:{port}: {error}") from error
        self._where = f"{address}:{port}"
        try:
            self._log_in(user)
        except BaseException:
            self.close()
            raise

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def execute(self, statement, consistency="ONE"):
        """The rows, tuples of bytes or None; none of a statement that has no rows."""
        text = statement.encode()
        options = struct.pack(">HB", CONSISTENCY[consistency], SKIP_METADATA)
        opcode, body = self._ask(QUERY, struct.pack(">i", len(text)) + text + options)
        if opcode != RESULT or struct.unpack_from(">i", body)[0] != ROWS:
            return []
        return rows_of(body)

    def _log_in(self, user):
        opcode, _ = self._ask(STARTUP, struct.pack(">H", 1) + short("CQL_VERSION") + short("3.0.0"))
        if opcode == AUTHENTICATE:
            if user is None:
                raise CqlError(f"{self._where}: the node asks for a user")
            token = "\0".join(("", *user)).encode()
            opcode, _ = self._ask(AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
        if opcode not in (READY, AUTH_SUCCESS):
            raise CqlError(f"{self._where}: answer {opcode} to the log-in")

    def _ask(self, opcode, body):
        try:
            self._socket.sendall(struct.pack(">BBhBi", VERSION, 0, 0, opcode, len(body)) + body)
            answer, length = struct.unpack(">4xBi", self._receive(9))
            body = self._receive(length)
        except OSError as error:
            raise CqlError(f"{self._where}: {error}") from error
        if answer == ERROR:
            length = struct.unpack_from(">H", body, 4)[0]
            raise CqlError(f"{self._where}: {body[6:6 + length].decode()}")
        return answer, body

    def _receive(self, length):
        received = b""
        while len(received) < length:
            part = self._socket.recv(length - len(received))
            if not part:
                raise CqlError(f"{self._where}: the node closed the connection")
            received += part
        return received


def short(text):
    return struct.pack(">H", len(text)) + text.encode()


def rows_of(body):
    """Of a result without metadata, whose head is: kind, flags, number of columns, [paging state], number of rows."""
    flags, columns = struct.unpack_from(">ii", body, 4)
    at = 12
    if flags & 2:  # there are more pages
        at += 4 + struct.unpack_from(">i", body, at)[0]
    (count,) = struct.unpack_from(">i", body, at)
    at += 4
    rows = []
    for _ in range(count):
        row = []
        for _ in range(columns):
            (length,) = struct.unpack_from(">i", body, at)
            at += 4
            row.append(None if length < 0 else body[at:at + length])
            at += max(length, 0)
        rows.append(tuple(row))
    return rows

"""HTTP/1.1 without sockets: bytes in, answers out. Strict where laxness could part client and server on where an
answer ends. An `AnswerReader` belongs to one thread and one answer; all else has no state."""

from __future__ import annotations

import re

from kck.errors import KCKConnectionError, KCKProtocolError

HEAD_BYTES_MAX = 64 * 1024  # of a head, and of the trailers of a chunked body
READ_BYTES = 64 * 1024
READ_BYTES_MAX = 1024 * 1024

_HEAD = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?(?:\r\n[!#-'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\0]*)*")
_LENGTH = re.compile(rb"\d{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?")
_CHUNK_LINE_BYTES_MAX = 1024


class Answer:
    """`keep`: the connection may serve again."""

    __slots__ = ("status", "head", "body", "keep")

    def __init__(self, status: int, head: bytes, body: bytes, keep: bool) -> None:
        self.status, self.head, self.body, self.keep = status, head, body, keep

    def header(self, name: str) -> str | None:
        """The first of that name; case does not matter."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb":[ \t]*([^\r\n]*)", self.head, re.IGNORECASE)
        return found[1].rstrip(b" \t").decode("latin-1") if found else None


def encode(method: str, target: str, host: str, fields: str, body: bytes | None) -> bytes:
    """A request. `fields`: whole lines; target and fields hold no blanks or line ends but those of the grammar."""
    if body is None:
        return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode("ascii")
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body


def _field(lower: bytes, name: bytes) -> bytes | None:
    """The one value of a field, of a head in lower case. Raises where it is there twice."""
    start = lower.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    end = lower.find(b"\r\n", start + 2)
    if end >= 0 and lower.find(b"\r\n" + name + b":", end) >= 0:
        raise KCKProtocolError(f"the answer has {name.decode()} twice", sent=True, began=True)
    return lower[start + len(name) + 3 : end if end >= 0 else None].strip(b" \t")


class AnswerReader:
    """Reads one answer. Errors are KCKConnectionError where the end came too soon, and KCKProtocolError."""

    __slots__ = ("_buffer", "_status", "_head", "_keep", "_left", "_parts", "_chunks", "began")

    def __init__(self) -> None:
        self.began = False  # a byte has come
        self._buffer = b""  # of a head that is not whole
        self._head: bytes | None = None
        self._status = 0
        self._keep = False
        self._left: int | None = 0  # bytes of the body to come; None: until the end of the connection
        self._parts: list[bytes] = []
        self._chunks: _ChunkReader | None = None

    @property
    def wanted(self) -> int:
        """How many bytes to read next."""
        return min(max(self._left or 0, READ_BYTES), READ_BYTES_MAX)

    def feed(self, data: bytes) -> Answer | None:
        """Takes the next bytes; b"" is the end of the connection. None: more are needed."""
        if not data:
            return self._end()
        self.began = True
        while self._head is None:
            start = max(0, len(self._buffer) - 3)
            data = self._buffer + data if self._buffer else data
            end = data.find(b"\r\n\r\n", start)
            if end > HEAD_BYTES_MAX or (end < 0 and len(data) > HEAD_BYTES_MAX):
                raise self._fault(f"the head of the answer is over {HEAD_BYTES_MAX} bytes")
            if end < 0:
                self._buffer = data
                return None
            self._buffer = b""
            self._take_head(data[:end])
            data = data[end + 4 :]
        return self._take_body(data)

    def _take_head(self, head: bytes) -> None:
        found = _HEAD.fullmatch(head)
        if not found:
            raise self._fault(f"this is no answer of HTTP/1.1: {head[:60]!r}")
        status = int(found[2])
        if status < 200:
            if status == 101:
                raise self._fault("the server changes the protocol unasked")
            return  # the answer itself comes behind
        lower = head.lower()
        self._status, self._head = status, head
        connection = _field(lower, b"connection")
        self._keep = found[1] == b"1" and (connection is None or b"close" not in connection)
        self._left = self._length(lower, status)

    def _length(self, lower: bytes, status: int) -> int | None:
        length, coding = _field(lower, b"content-length"), _field(lower, b"transfer-encoding")
        if length is not None and (coding is not None or not _LENGTH.fullmatch(length)):
            raise self._fault("the answer does not say well how long it is")
        if status in (204, 304):
            return 0
        if coding is not None:
            if coding != b"chunked":
                raise self._fault(f"the answer is in the transfer coding {coding[:40]!r}")
            self._chunks = _ChunkReader()
            return None
        if length is None:
            self._keep = False
            return None
        return int(length)

    def _take_body(self, data: bytes) -> Answer | None:
        if self._chunks:
            rest = self._chunks.feed(data)
            return None if rest is None else self._answer(b"".join(self._chunks.parts), rest)
        if self._left is None:
            self._parts.append(data)
            return None
        if len(data) < self._left:
            self._left -= len(data)
            self._parts.append(data)
            return None
        self._parts.append(data[: self._left])
        return self._answer(b"".join(self._parts), len(data) - self._left)

    def _answer(self, body: bytes, rest: int) -> Answer:
        assert self._head is not None
        # Bytes behind the answer belong to no request: who knows what they would be taken for.
        return Answer(self._status, self._head, body, self._keep and rest == 0)

    def _end(self) -> Answer:
        if self._head is not None and self._left is None and self._chunks is None:
            return self._answer(b"".join(self._parts), 0)
        where = "within" if self.began else "before"
        raise KCKConnectionError(f"the server closed the connection {where} the answer", sent=True, began=self.began)

    def _fault(self, text: str) -> KCKProtocolError:
        return KCKProtocolError(text, sent=True, began=True)


class _ChunkReader:
    """The body of `Transfer-Encoding: chunked`. Trailers are read and dropped."""

    __slots__ = ("parts", "_buffer", "_left", "_behind_chunk", "_trailer_bytes")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._buffer = b""  # of a line that is not whole
        self._left = 0  # bytes to come of the present chunk
        self._behind_chunk = False  # its line end is to come
        self._trailer_bytes: int | None = None  # not None: the last chunk was read

    def feed(self, data: bytes) -> int | None:
        """How many bytes are left behind the body; None: it is not whole."""
        data = self._buffer + data
        self._buffer = b""
        at = 0
        while at < len(data):
            if self._left:
                part = data[at : at + self._left]
                self.parts.append(part)
                self._left -= len(part)
                at += len(part)
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._buffer = data[at:]
                self._bound(len(self._buffer))
                return None
            line = data[at:end]
            at = end + 2
            if self._take_line(line):
                return len(data) - at
        return None

    def _take_line(self, line: bytes) -> bool:
        """True: the body is whole."""
        self._bound(len(line))
        if self._trailer_bytes is not None:
            self._trailer_bytes += len(line) + 2
            return not line
        if self._behind_chunk:
            if line:
                raise KCKProtocolError("a chunk of the answer is longer than it says", sent=True, began=True)
            self._behind_chunk = False
            return False
        found = _CHUNK.fullmatch(line)
        if not found:
            raise KCKProtocolError(f"this is no chunk: {line[:40]!r}", sent=True, began=True)
        self._left = int(found[1], 16)
        self._behind_chunk = self._left > 0
        if not self._left:
            self._trailer_bytes = 0
        return False

    def _bound(self, length: int) -> None:
        most = _CHUNK_LINE_BYTES_MAX if self._trailer_bytes is None else HEAD_BYTES_MAX - self._trailer_bytes
        if length > most:
            raise KCKProtocolError("a line of the chunked answer is too long", sent=True, began=True)

"""The protocol without sockets: answers in any pieces, garbage, bounds; keys and JSON."""

import datetime
import decimal
import itertools
import os
import pickle
import random
import signal
import uuid

import pytest
from kck import _json
from kck._http import HEAD_BYTES_MAX, AnswerReader
from kck._session import WRITES_MAX, Writes

import kck

PLAIN = b'HTTP/1.1 200 OK\r\nETag: "1.2.3"\r\ncontent-LENGTH:  5 \r\n\r\nhello'
CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"3;why=so\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n")
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + PLAIN


def read(*pieces):
    reader = AnswerReader()
    for at, piece in enumerate(pieces):
        answer = reader.feed(piece)
        if answer is not None:
            assert at == len(pieces) - 1, "it ended before its last byte"
            return answer
    return None


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, CONTINUED])
def test_an_answer_is_the_same_however_it_is_split(whole):
    for at in range(1, len(whole)):
        answer = read(whole[:at], whole[at:])
        assert (answer.status, answer.body, answer.keep) == (200, b"hello", True), at
        assert read(whole[:at]) is None
    assert read(*(whole[at : at + 1] for at in range(len(whole)))).body == b"hello"
    numbers = random.Random(7)
    for _ in range(200):
        cuts = sorted({0, len(whole), *(numbers.randrange(1, len(whole)) for _ in range(5))})
        assert read(*(whole[a:b] for a, b in itertools.pairwise(cuts))).body == b"hello"


def test_headers_are_found_whatever_their_case():
    answer = read(PLAIN)
    assert answer.header("etag") == '"1.2.3"' and answer.header("Content-Length") == "5"
    assert answer.header("tag") is None and answer.header("ET.g") is None


@pytest.mark.parametrize(("head", "keep"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", True),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", False),
    (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK", False),
])
def test_which_connections_may_serve_again(head, keep):
    answer = read(head)
    assert answer.body == b"" and answer.keep is keep


def test_a_body_without_a_length_ends_with_the_connection():
    answer = read(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", b"")
    assert answer.body == b"hello" and not answer.keep


@pytest.mark.parametrize("garbage", [
    b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 600 OK\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", b"HTTP/1.1 101 Up\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: 1\r\n" * 20000,
    b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * 20000, b"x" * (HEAD_BYTES_MAX + 1),
    b"HTTP/1.1 200 OK\r\nA: " + b"x" * HEAD_BYTES_MAX + b"\r\n\r\n",
])
def test_what_is_no_answer_is_an_error_whole_and_in_pieces(garbage):
    with pytest.raises(kck.KCKProtocolError):
        read(garbage)
    with pytest.raises(kck.KCKProtocolError):
        read(*(garbage[at : at + 999] for at in range(0, len(garbage), 999)))


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, CONTINUED])
def test_an_answer_that_ends_too_soon_is_an_error(whole):
    for at in range(len(whole)):
        with pytest.raises(kck.KCKConnectionError) as caught:
            read(*filter(None, [whole[:at]]), b"")
        assert caught.value.began is (at > 0) and caught.value.sent


def test_keys_are_encoded():
    day, name = datetime.date(2013, 1, 31), uuid.UUID(int=7)
    assert kck.key("item", 7) == "item/7" and kck.key("item/7") == "item/7"
    assert kck.key("a", "b/c", "ä ?%", "") == "a/b%2Fc/%C3%A4%20%3F%25/"
    assert kck.key("a", None, True, 1.5, 1e300) == "a/%00/true/1.5/1e+300"
    assert kck.key("a", day, name, decimal.Decimal("1.50")) == f"a/2013-01-31/{name}/1.50"
    moment = datetime.datetime(2013, 1, 31, 5, tzinfo=datetime.timezone.utc)
    assert kck.key("a", moment) == "a/2013-01-31T05:00:00+00:00"
    assert kck.key("a", "*") == "a/%2A" and kck.key("a/*") == "a/*"
    assert kck.key("a/b c?x#\r\n%2F") == "a/b%20c%3Fx%23%0D%0A%2F"
    for wrong in [b"x", [1], object()]:
        with pytest.raises(TypeError):
            kck.key("a", wrong)


def test_values_become_json():
    class Array:
        def tolist(self):
            return [1, 2]

    value = {"d": datetime.date(2013, 1, 31), "n": decimal.Decimal("1.10"), "u": uuid.UUID(int=1), "a": Array(),
             "t": (1, "ä")}
    assert _json.loads(_json.dumps(value)) == {"d": "2013-01-31", "n": "1.10", "u": str(uuid.UUID(int=1)), "a": [1, 2],
                                               "t": [1, "ä"]}
    for wrong, fault in [(float("nan"), ValueError), (float("inf"), ValueError), (b"x", TypeError),
                         (object(), TypeError)]:
        with pytest.raises(fault):
            _json.dumps(wrong)


def test_writes_are_kept_bounded_the_newest_and_for_their_life():
    writes = Writes(300, "a, b,")
    writes.add("a")
    assert writes.text() == "b,a"
    writes.add(*(f"t{number}" for number in range(WRITES_MAX)))
    assert writes.text() == ",".join(f"t{number}" for number in range(WRITES_MAX))
    writes.forget("t1,t2")
    assert len(writes.text().split(",")) == WRITES_MAX - 2
    assert Writes(0, "a").text() == ""
    for wrong in ["a b", "a\r\nHost: x", "ä"]:
        with pytest.raises(ValueError, match="is no token"):
            Writes(300, wrong)


def test_a_forked_process_does_not_wait_for_a_lock_that_a_thread_held():
    writes = Writes(300, "a")
    with writes._lock:  # as a thread that remembers a write while another forks
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # ends a child that hangs
            try:
                writes.add("b")
                os._exit(0 if writes.text() == "a,b" else 1)
            finally:
                os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert writes.text() == "a"


def test_errors_can_be_sent_between_processes():
    error = kck.errors.error_of("VersionMismatch", ["item/7"], "another", 412)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kck.VersionMismatch and (copy.args, str(copy), copy.status) == (("item/7",), "another", 412)
    copy = pickle.loads(pickle.dumps(kck.KCKTimeout("late", sent=True)))
    assert copy.sent and str(copy) == "late"
    assert type(kck.errors.error_of("KCKNew", [], "", 500)) is kck.KCKError


@pytest.mark.parametrize("wrong", ["", "127.0.0.1:8001", "ftp://x", "http://", "http://a:b@c", "http://a/?q",
                                   "unix:kck.sock", "unix://host/x", "http://a b", "http://a:99999", "http://a\r\nb"])
def test_addresses_that_are_none(wrong):
    with pytest.raises(ValueError):
        kck.Client(wrong)


def test_headers_take_no_line_ends():
    with pytest.raises(ValueError):
        kck.Client("http://h", token="a\r\nX: y")
    client = kck.Client("http://h")
    for call in [lambda: client.set("k", 1, if_match='1"\r\n'), lambda: client.call("GET", "/x y"),
                 lambda: client.call("GET /", "/")]:
        with pytest.raises(ValueError):
            call()

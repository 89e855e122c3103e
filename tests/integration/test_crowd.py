"""Ten thousand idle connections and a hundred slow ones: the others are served, and the slow ones are let go."""

import re
import resource
import socket
import time

import pytest

from support.files import kck_yml, make_sqlite, product
from support.wait import wait_for

IDLE, SLOW = 10000, 100
LARGE = '"' + "v" * 4_000_000 + '"'


@pytest.fixture
def make_crowd_node(make_node, tmp_path):
    def make(**http):
        url = make_sqlite(tmp_path / "items.db", "create table item (id integer primary key, name text);"
                                                 "insert into item values (1, 'one'), (2, 'two'), (3, 'three')")
        return make_node({
            "kck.yml": kck_yml(url, store="memory:", **http),
            "products/item.yml": product("select name from item where id = :id", "id: int"),
        }).start()

    return make


def connect(node, receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", node.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def metric(node, name):
    return int(re.search(rf"^{name} (\d+)$", node.get("/metrics").text, re.MULTILINE)[1])


def exchange(connection, path="/fetch/item/1"):
    """One request on a connection; the answer's first line and its body."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: kck\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    while len(body) < int(re.search(rb"Content-Length: (\d+)", head)[1]):
        body += connection.recv(65536)
    return head.split(b"\r\n")[0], body


class Slow:
    """Clients that take their time: over a head, over a body, or over the answer. Each step is a byte, or a few."""

    def __init__(self, node, kind):
        self.kind = kind
        self.connection = connect(node, 4096 if kind == "reader" else None)
        if kind == "reader":
            self.connection.sendall(b"GET /fetch/large HTTP/1.1\r\nHost: kck\r\n\r\n" * 20)
        if kind == "body":
            self.connection.sendall(b"PUT /set/slow HTTP/1.1\r\nHost: kck\r\nContent-Length: 1000\r\n\r\n\"")
        if kind == "head":
            self.connection.sendall(b"GET /fetch/item/1 HTTP/1.1\r\nHost: kck\r\nSlow: ")

    def step(self):
        if self.kind == "reader":
            self.connection.recv(100)
        else:
            self.connection.send(b"s")


def test_the_others_are_served(make_crowd_node):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < IDLE + SLOW + 200:
        pytest.skip("the limit of open files is too low for ten thousand connections")
    node = make_crowd_node()
    assert node.set("large", LARGE).status_code == 200
    idle = [connect(node) for _ in range(IDLE)]
    slow = [Slow(node, ["head", "body", "reader"][i % 3]) for i in range(SLOW)]
    wait_for(lambda: metric(node, "kck_http_connections") >= IDLE + SLOW, "all connections to be accepted")
    for _ in range(20):
        for client in slow:
            client.step()
        for key, name in enumerate(["one", "two", "three"], 1):
            assert node.value(f"item/{key}") == [[name]]
        assert node.set("free", "17").status_code == 200
        assert node.refresh("item/1").status_code == 200
        assert node.get("/fetch/item/x").status_code == 400
    for connection in idle[::500]:
        status, body = exchange(connection)
        assert status == b"HTTP/1.1 200 OK" and b'"one"' in body
    assert metric(node, "kck_http_connections_refused_total") == 0
    began = time.monotonic()
    for connection in idle + [client.connection for client in slow]:
        connection.close()
    assert node.stop() == 0
    assert time.monotonic() - began < 20


def test_slow_ones_are_let_go(make_crowd_node):
    node = make_crowd_node(idle_timeout_ms=600)
    assert node.set("large", LARGE).status_code == 200
    head, body, reader = (Slow(node, kind) for kind in ["head", "body", "reader"])
    deadline = time.monotonic() + 30
    gone = set()
    while len(gone) < 2:
        assert time.monotonic() < deadline, f"only {gone} were told"
        time.sleep(0.05)
        for client in {head, body} - gone:
            client.step()
            client.connection.setblocking(False)
            try:
                answer = client.connection.recv(65536)
                assert answer.startswith(b"HTTP/1.1 408 "), answer
                gone.add(client)
            except BlockingIOError:
                pass

    def reader_is_gone():
        try:
            reader.step()
        except ConnectionResetError:
            pass
        return metric(node, "kck_http_connections") <= 1

    wait_for(reader_is_gone, "the slow reader to be let go", 30)
    assert node.value("item/2") == [["two"]]


def test_bodies_together_are_bounded(make_crowd_node):
    node = make_crowd_node(bodies_bytes_max="1MiB")
    head = b"PUT /set/part HTTP/1.1\r\nHost: kck\r\nContent-Length: 600001\r\n\r\n"
    first = connect(node)
    first.sendall(head + b'"' + b"v" * 599_999)
    wait_for(lambda: metric(node, "kck_http_bodies_bytes") == 600_000, "the first body to arrive")
    answer = node.set("other", '"' + "v" * 600_000 + '"')
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "1"
    assert answer.json()["error"]["name"] == "KCKOverloaded"
    first.sendall(b'"')
    assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert node.set("other", '"' + "v" * 600_000 + '"').status_code == 200
    assert metric(node, "kck_http_bodies_refused_total") == 1

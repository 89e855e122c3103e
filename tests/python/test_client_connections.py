"""What the client does when connections fail, time passes and processes fork; against a server that plays its part."""

import asyncio
import os
import threading
import time

import pytest
from scripted_server import ScriptedServer, answer, error

import kck


class Threaded:
    """Both kinds of client are called in one way."""

    def __init__(self, url, **options):
        self.client = kck.Client(url, **options)

    def call(self, name, *args, **options):
        return getattr(self.client, name)(*args, **options)

    def close(self):
        self.client.close()


class Asyncio:
    def __init__(self, url, **options):
        self.loop = asyncio.new_event_loop()
        self.client = kck.AsyncClient(url, **options)

    def call(self, name, *args, **options):
        return self.loop.run_until_complete(getattr(self.client, name)(*args, **options))

    def close(self):
        self.loop.run_until_complete(self.client.aclose())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@pytest.fixture(params=[Threaded, Asyncio])
def start(request):
    """start(*connections, **options): a server with that script, and a client of it."""
    made = []

    def begin(*connections, **options):
        server = ScriptedServer(*connections)
        client = request.param(server.url, **options)
        made.extend([client, server])
        return server, client

    yield begin
    for each in made:
        each.close()


WRITTEN = b'{"success":true,"action":"update","rows":1,"returning":[],"token":"%s"}'


LOGIN = b'{"success":true,"auth_token":"a","refresh_token":"r","expires_in":1}'
ITEM = b'{"success":true,"key":"k","version":"1","value":1,"modified":0,"state":"fresh","age_seconds":0,"as_of":"%s"}'
FAILED_ITEM = b'{"success":false,"key":"k","error":{"name":"%s","args":["k"],"message":"so it is"}}'


def ok(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def written(token):
    return ok(WRITTEN % token)


def items(*errors):
    """The answer to an mget: of each key the error of that name, or a value where that is None."""
    each = [FAILED_ITEM % name if name else ITEM % b"2013-01-31T00:00:00Z" for name in errors]
    return ok(b'{"success":true,"items":[%s]}' % b",".join(each))


def test_a_connection_is_kept(start):
    server, client = start([answer(1), answer(2), answer(3)])
    assert [client.call("get", "k") for _ in range(3)] == [1, 2, 3]
    assert len(server.requests) == 1 and server.requests[0][0].startswith(b"GET /fetch/k HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_connection_that_the_answer_ends_is_not(start):
    server, client = start([answer(1, fields=b"Connection: close\r\n")], [answer(2)])
    assert [client.call("get", "k") for _ in range(2)] == [1, 2]


def test_an_answer_in_many_pieces_and_a_large_one(start):
    body = b'{"success":true,"value":"' + b"x" * 3_000_000 + b'"}'
    large = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 50_000]), body[at : at + 50_000]) for at in range(0, len(body), 50_000))
    whole = answer(5)
    _, client = start([[whole[at : at + 1] for at in range(len(whole))], large + b"0\r\n\r\n"])
    assert client.call("get", "k") == 5
    assert client.call("get", "k") == "x" * 3_000_000


def test_reads_are_sent_again_where_the_connection_is_lost(start):
    server, client = start([answer(1), None], [answer(2), answer(3)[:30]], [answer(4)])
    assert [client.call("get", "k") for _ in range(3)] == [1, 2, 4]


def test_a_read_is_sent_again_once(start):
    server, client = start([None], [None], [answer(1)])
    with pytest.raises(kck.KCKConnectionError):
        client.call("get", "k")
    assert len(server.requests) == 2


def test_a_write_is_not_sent_again(start):
    server, client = start([answer(1), None], [written(b"t")])
    client.call("get", "k")
    with pytest.raises(kck.KCKConnectionError) as caught:
        client.call("update", "item", {"price": 1}, 7)
    assert caught.value.sent and len(server.requests) == 1
    assert client.call("update", "item", {"price": 1}, 7).token == "t"


def test_a_write_is_not_sent_over_a_connection_that_is_closed(start):
    server, client = start([answer(1)], [written(b"t")])
    client.call("get", "k")  # the server closes it behind
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and threading.active_count() > 2:
        time.sleep(0.01)
    assert client.call("update", "item", {"price": 1}, 7).rows == 1
    assert len(server.requests) == 2


def test_a_set_is_sent_again_only_without_a_condition_and_before_its_answer(start):
    for options, ends, again in [({}, None, True), ({"if_match": "1"}, None, False), ({}, answer(1)[:40], False)]:
        server, client = start([answer(1), ends], [answer(2)])
        client.call("get", "k")
        if again:
            assert client.call("set", "k", 1, **options) == "1.2.3"
        else:
            with pytest.raises(kck.KCKConnectionError):
                client.call("set", "k", 1, **options)
        assert len(server.requests) == 1 + again


def test_reads_wait_as_an_overloaded_server_says_and_writes_do_not(start):
    busy = error(503, b"KCKOverloaded", b"Retry-After: 0\r\n")
    _, client = start([busy, error(429, b"KCKOverloaded", b"Retry-After: 0\r\n"), answer(1)])
    assert client.call("get", "k") == 1
    server, client = start([busy] * 9)
    with pytest.raises(kck.KCKOverloaded):
        client.call("get", "k")
    assert len(server.requests[0]) == 4
    server, client = start([busy, answer(1)])
    with pytest.raises(kck.KCKOverloaded):
        client.call("update", "item", {}, 7)
    assert len(server.requests[0]) == 1


def test_it_does_not_wait_beyond_its_deadline(start):
    _, client = start([error(503, b"KCKOverloaded", b"Retry-After: 9\r\n"), answer(1)], timeout=5)
    began = time.monotonic()
    with pytest.raises(kck.KCKOverloaded) as caught:
        client.call("get", "k")
    assert caught.value.retry_after == 9 and caught.value.status == 503 and time.monotonic() - began < 5


def test_a_deadline_covers_the_whole_call(start):
    never = threading.Event()
    server, client = start([[answer(1)[:20]], never], [answer(2)], timeout=0.5)
    with pytest.raises(kck.KCKTimeout) as caught:
        client.call("get", "k")
    assert caught.value.sent
    assert client.call("get", "k") == 2, "a late answer would be another's"


def test_waiting_for_a_connection_ends_as_well():
    never = threading.Event()
    server = ScriptedServer([never])
    client = kck.Client(server.url, pool_size=1, timeout=1)
    thread = threading.Thread(target=lambda: pytest.raises(kck.KCKTimeout, client.get, "k"))
    thread.start()
    while not server.requests or not server.requests[0]:
        time.sleep(0.01)
    with pytest.raises(kck.KCKTimeout, match="were in use|no whole answer|not reached"):
        client.session(timeout=0.2).get("k")
    thread.join()
    server.close()


def test_nobody_answers():
    server = ScriptedServer()
    server.close()
    with pytest.raises(kck.KCKConnectionError) as caught:
        kck.Client(server.url).get("k")
    assert not caught.value.sent


def test_what_is_no_kck(start):
    html = b"HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>"
    for said in [html, html.replace(b"502", b"200"), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
                 b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"\x16\x03\x01\r\n\r\n"]:
        _, client = start([said], [said])
        with pytest.raises(kck.KCKProtocolError):
            client.call("get", "k")


def test_an_answer_to_nothing_is_not_taken_for_an_answer(start):
    server, client = start([answer(1) + answer(666), answer(667)], [answer(2)])
    assert [client.call("get", "k") for _ in range(2)] == [1, 2]


def test_a_408_of_an_idle_connection_is_no_answer(start):
    server, client = start([answer(1), error(408, b"KCKBadRequest")], [answer(2)])
    assert [client.call("get", "k") for _ in range(2)] == [1, 2]


def test_reads_show_writes_until_those_are_forgotten(start):
    lost = error(409, b"KCKTokenLost")
    server, client = start([answer(1), written(b"t1"), written(b"t2"), answer(2), answer(3), lost, answer(4)])
    client.call("get", "k")
    client.call("update", "item", {}, 7)
    client.call("delete", "item", 7)
    client.call("get", "k")
    client.call("set", "k", 1)
    with pytest.raises(kck.KCKTokenLost):
        client.call("get", "k")
    client.call("get", "k")
    after = [b"KCK-After: t1,t2\r\n" in request for request in server.requests[0]]
    assert after == [False, False, False, True, False, True, False]
    assert not any(b"KCK-After" in request for request in (server.requests[0][i] for i in (0, 1, 2, 4, 6)))


def test_entries_report_lost_writes_once(start):
    server, client = start([written(b"t1"), items(None, b"KCKTokenLost"), items(None, None)])
    client.call("update", "item", {}, 7)
    first, second = client.call("entries", ["a", "b"])
    assert first.value == 1 and isinstance(second, kck.KCKTokenLost)
    assert client.client.tokens == ""
    assert [found.value for found in client.call("entries", ["a", "b"])] == [1, 1]
    assert [b"KCK-After" in request for request in server.requests[0]] == [False, True, False]


def test_a_bad_request_makes_no_session_forget_its_writes(start):
    bad = b"KCKBadRequest"
    _, client = start([written(b"t1"), error(400, bad), items(bad), items(bad, None)])
    client.call("update", "item", {}, 7)
    for name, keys in [("get", "k"), ("mget", ["k"])]:
        with pytest.raises(kck.KCKBadRequest):  # of the product
            client.call(name, keys)
    assert isinstance(client.call("entries", ["k", "l"])[0], kck.KCKBadRequest)
    assert client.client.tokens == "t1"


@pytest.mark.parametrize("message", [b"KCK-After: token 1 is not one that this server gave",
                                     b"KCK-After takes 32 tokens at most"])
def test_writes_that_the_server_does_not_take_are_forgotten(start, message):
    _, client = start([written(b"t1"), error(400, b"KCKBadRequest", message=message), answer(1)])
    client.call("update", "item", {}, 7)
    with pytest.raises(kck.KCKBadRequest, match="KCK-After"):
        client.call("get", "k")
    assert client.client.tokens == "" and client.call("get", "k") == 1


def test_sessions_are_apart_and_travel_as_text(start):
    server, client = start([written(b"t1"), answer(1), answer(2), answer(3)])
    client.call("update", "item", {}, 7)
    assert client.client.tokens == "t1"
    kind = type(client)
    for made in [client.client.session(), client.client.session(tokens="t1"), client.client]:
        other = kind.__new__(kind)
        other.__dict__.update(client.__dict__, client=made)
        other.call("get", "k")
    assert [b"KCK-After: t1" in request for request in server.requests[0]] == [False, False, True, True]


def test_a_token_may_be_called_for(start):
    tokens = iter("ab")
    server, client = start([answer(1), answer(2)], token=lambda: next(tokens))
    client.call("get", "k")
    client.call("get", "k")
    assert b"Authorization: Bearer a\r\n" in server.requests[0][0] and b"Bearer b\r\n" in server.requests[0][1]


def test_a_token_is_renewed_once(start):
    expired = error(401, b"AuthTokenExpired")
    server, client = start([ok(LOGIN), expired, ok(LOGIN), answer(1), expired, ok(LOGIN), expired, answer(2)])
    client.call("login", "ann", "x")
    assert client.call("get", "k") == 1
    with pytest.raises(kck.AuthTokenExpired):
        client.call("get", "k")
    assert len(server.requests[0]) == 7


def test_an_expired_refresh_token_renews_nothing(start):
    server, client = start([ok(LOGIN)] + [error(401, b"AuthTokenExpired")] * 20)
    client.call("login", "ann", "x")
    with pytest.raises(kck.AuthTokenExpired):
        client.call("get", "k")
    assert [request.split(b" HTTP")[0] for request in server.requests[0]] == [
        b"POST /login/ann", b"GET /fetch/k", b"POST /token"]
    with pytest.raises(kck.AuthTokenExpired):
        client.call("logout")
    assert len(server.requests[0]) == 4 and server.requests[0][3].startswith(b"POST /logout")


def test_a_cancelled_call_takes_its_connection_along():
    async def main():
        never = threading.Event()
        server = ScriptedServer([never], [answer(2)])
        async with kck.AsyncClient(server.url, pool_size=1) as client:
            task = asyncio.ensure_future(client.get("k"))
            while not server.requests or not server.requests[0]:
                await asyncio.sleep(0.01)
            waiting = asyncio.ensure_future(client.get("k"))  # for the one place
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await waiting == 2
        server.close()

    asyncio.run(main())


def test_an_asyncio_client_serves_one_loop_after_another():
    server = ScriptedServer([answer(1)], [answer(2)])
    client = kck.AsyncClient(server.url)
    assert [asyncio.run(client.get("k")) for _ in range(2)] == [1, 2]
    server.close()


def test_a_forked_process_has_connections_of_its_own():
    server = ScriptedServer([answer(1), answer(3)], [answer(2)])
    client = kck.Client(server.url)
    assert client.get("k") == 1
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if client.get("k") == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.get("k") == 3
    server.close()


def test_threads_share_a_client():
    count, calls = 8, 50
    server = ScriptedServer(*([[answer(7)] * count * calls] * 4))
    client = kck.Client(server.url, pool_size=4)
    results = []

    def work():
        results.extend(client.get("k") for _ in range(calls))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [7] * count * calls and 1 <= len(server.requests) <= 4
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.get("k")
    server.close()

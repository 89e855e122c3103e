"""The asyncio client under several event loops, and in forked processes; against a server that plays its part."""

import asyncio
import gc
import os
import threading
import time
import weakref

import pytest
from scripted_server import ScriptedServer, answer

import kck


class Loop:
    """An event loop that runs in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def begin(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def call(self, coroutine):
        return self.begin(coroutine).result(20)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def loops():
    made = [Loop(), Loop()]
    yield made
    for loop in made:
        loop.close()


def wait_for_requests(server, connections):
    deadline = time.monotonic() + 20
    while len(server.requests) < connections or not all(server.requests):
        assert time.monotonic() < deadline, "no request came"
        time.sleep(0.01)


async def get_together(client, *keys):
    return await asyncio.gather(*(client.get(key) for key in keys))


def test_a_call_ends_in_the_loop_that_it_began_in(loops):
    one, other = loops
    go = threading.Event()
    server = ScriptedServer([[go, answer(1)], answer(2), answer(3)], [answer(4), answer(5), answer(6)], [answer(666)])
    client = kck.AsyncClient(server.url, pool_size=1, timeout=5)
    slow = one.begin(client.get("slow"))
    wait_for_requests(server, 1)
    behind = one.begin(client.get("behind"))  # for the one place
    one.call(asyncio.sleep(0))
    assert other.call(client.get("k")) == 4
    go.set()
    assert slow.result(20) == 1 and behind.result(20) == 2
    assert other.call(get_together(client, "k", "l")) == [5, 6], "over its own connection, one after the other"
    assert one.call(client.get("k")) == 3
    assert len(server.requests) == 2
    server.close()


def test_closing_leaves_calls_of_another_loop_to_end(loops):
    one, other = loops
    go = threading.Event()
    server = ScriptedServer([[go, answer(1)]], [answer(2)])
    client = kck.AsyncClient(server.url)
    slow = one.begin(client.get("slow"))
    wait_for_requests(server, 1)
    assert other.call(client.get("k")) == 2
    other.call(client.aclose())
    go.set()
    assert slow.result(20) == 1
    with pytest.raises(RuntimeError, match="the client is closed"):
        one.call(client.get("k"))
    server.close()


def test_it_is_closed_under_another_loop_than_it_served():
    server = ScriptedServer([answer(1), answer(666)])
    client = kck.AsyncClient(server.url)
    assert asyncio.run(client.get("k")) == 1
    asyncio.run(client.aclose())
    with pytest.raises(RuntimeError, match="the client is closed"):
        asyncio.run(client.get("k"))
    server.close()


def test_loops_that_are_closed_are_forgotten():
    server = ScriptedServer([answer(1)], [answer(2)])
    client = kck.AsyncClient(server.url)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(client.get("k")) == 1
    loop.close()
    gone = weakref.ref(loop)
    del loop
    assert asyncio.run(client.get("k")) == 2
    gc.collect()
    assert gone() is None
    server.close()


def test_a_forked_process_closes_no_connection_of_its_parents():
    server = ScriptedServer([answer(1), answer(2)], [answer(666)])
    client = kck.AsyncClient(server.url, timeout=5)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(client.get("k")) == 1
    child = os.fork()
    if child == 0:
        try:
            loop.run_until_complete(client.aclose())
            os._exit(0)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert loop.run_until_complete(client.get("k")) == 2
    loop.run_until_complete(client.aclose())
    loop.close()
    server.close()

"""A node of KCK is killed at any moment: what it had acknowledged holds, there and at the others."""

import threading

import httpx
import pytest

from support.cluster import await_stored, item_files
from support.wait import wait_for

PATIENCE_SECONDS = 120
ROUNDS = 4

# While the table gate is locked, nothing can be computed.
FILES = item_files("select n from item, gate where id = :id")


@pytest.fixture
def pair(make_kck, database):
    """Two nodes that hold ten keys."""
    database.execute("create table gate (open bool); insert into gate values (true)")
    nodes = [make_kck(name, FILES).start() for name in ("one", "other")]
    for node in nodes:
        assert values(node, range(1, 11)) == [0] * 10
        await_stored(node)
    return nodes


def values(node, items):
    return [node.value(f"item/{item}") for item in items]


def await_values(node, items, expected):
    wait_for(lambda: values(node, items) == expected, f"{list(items)} to be {expected}", PATIENCE_SECONDS)


def closed(database):
    """The gate is locked until the connection is closed."""
    connection = database.connect()
    connection.autocommit = False
    connection.execute("lock table gate in access exclusive mode")
    return connection


def test_what_is_due_is_due_after_a_kill(pair, database):
    one, other = pair
    with closed(database):
        for item in range(1, 6):
            assert one.request("PUT", f"/update/item/{item}", json={"n": item}).status_code == 200
        database.execute("update item set n = id where id between 6 and 10")
        for item in range(6, 11):
            assert one.refresh(f"item/{item}", wait=False).status_code == 202
        one.kill()
    assert values(other, range(1, 11)) == [0] * 10, "nobody has computed them"
    one.start()
    # The other one computes nothing by itself: it sees what the restarted one does.
    await_values(other, range(1, 11), list(range(1, 11)))
    await_values(one, range(1, 11), list(range(1, 11)))


def test_sets_and_purges_are_kept_and_computed_values_are_no_loss(pair, database, cassandra, make_kck):
    one, other = pair
    for item in range(1, 6):
        assert one.set(f"note{item}", str(item)).status_code == 200
    database.execute("update item set n = 7")
    for item in range(1, 6):
        assert one.request("DELETE", f"/fetch/item/{item}").status_code == 200
    one.kill()
    assert [other.value(f"note{item}") for item in range(1, 6)] == [1, 2, 3, 4, 5]
    one.start()
    assert [one.value(f"note{item}") for item in range(1, 6)] == [1, 2, 3, 4, 5]
    assert values(one, range(1, 6)) == [7] * 5
    await_values(other, range(1, 6), [7] * 5)

    # With values that wait for Cassandra.
    await_stored(one, PATIENCE_SECONDS)
    for number in (2, 3):
        cassandra.pause(number)
    assert values(one, range(11, 21)) == [7] * 10
    one.kill()
    for number in (2, 3):
        cassandra.resume(number)
    database.execute("update item set n = 8 where id > 10")
    one.start()
    await_values(one, range(11, 21), [8] * 10)
    await_values(other, range(11, 21), [8] * 10)
    late = make_kck("late", FILES).start()
    await_values(late, range(11, 21), [8] * 10)


class Writers:
    """Threads that update, refresh, purge and set through a node until it is killed; each has a key of its own, and
    knows what was acknowledged of it and what was sent."""

    def __init__(self, node, database, first):
        self.acknowledged = {}
        self.sent = {}
        self.failures = []
        ways = (self._update, self._refresh, self._purge, self._set)
        self._threads = [threading.Thread(target=self._run, args=(node.url, database, way, number + 1, first))
                         for number, way in enumerate(ways)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures

    def _run(self, url, database, way, number, n):
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client, database.connect() as connection:
            try:
                while True:
                    n += 1
                    self.sent[number] = n
                    answer = way(client, connection, number, n)
                    assert answer.status_code in (200, 202), answer.text
                    self.acknowledged[number] = n
            except httpx.TransportError:
                return  # the node was killed
            except BaseException as error:
                self.failures.append(f"{way.__name__}: {error}")

    @staticmethod
    def _update(client, _connection, number, n):
        return client.put(f"/update/item/{number}", json={"n": n})

    @staticmethod
    def _change(connection, number, n):
        connection.execute("update item set n = %s where id = %s", [n, number])

    def _refresh(self, client, connection, number, n):
        self._change(connection, number, n)
        return client.post(f"/refresh/item/{number}")

    def _purge(self, client, connection, number, n):
        self._change(connection, number, n)
        client.get(f"/fetch/item/{number}")  # so that there is something to purge
        return client.delete(f"/fetch/item/{number}")

    @staticmethod
    def _set(client, _connection, number, n):
        return client.put(f"/set/item{number}", content=str(n))


@pytest.mark.parametrize("cassandra_too", [False, True], ids=["alone", "with a replica"])
def test_killed_in_the_midst_of_writes(pair, database, cassandra, cassandra_too):
    one, other = pair
    for turn in range(ROUNDS):
        writers = Writers(one, database, first=1000 * turn)
        writers.start()
        wait_for(lambda writers=writers: len(writers.acknowledged) == 4 and not writers.failures
                 and all(n >= 1000 * turn + 15 for n in writers.acknowledged.values()), "writes", PATIENCE_SECONDS)
        if cassandra_too and turn == 1:
            cassandra.kill(1)
        one.kill()
        writers.join()
        if cassandra_too and turn == 2:
            cassandra.start_node(1)
        one.start()
        for node in (one, other):
            expect_acknowledged(node, writers)


def expect_acknowledged(node, writers):
    for number in (1, 2, 3, 4):
        key = f"item{number}" if number == 4 else f"item/{number}"
        least, most = writers.acknowledged[number], writers.sent[number]
        wait_for(lambda key=key, least=least: node.value(key) >= least, f"{key} to be {least}", PATIENCE_SECONDS)
        assert node.value(key) <= most

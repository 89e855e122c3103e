"""Two of three replicas away: what needs no quorum goes on, what needs one says so in time, and all is well after."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.cluster import await_stored, fills, item_files, metric
from support.wait import wait_for

# "No request of a client waits longer for the store than two or three of request_timeout", and the machine may be busy.
ANSWER_SECONDS_MAX = 20
PATIENCE_SECONDS = 120

HOT = [f"item/{number}" for number in range(1, 11)]
COLD = [f"item/{number}" for number in range(11, 31)]
FILES = item_files("select n from item where id = :id")


@pytest.fixture
def pair(make_kck):
    """Two nodes that serve, and hold the hot keys."""
    one, other = (make_kck(name, FILES, request_timeout="2s").start() for name in ("one", "other"))
    for node in (one, other):
        for key in HOT:
            node.fetch(key)
        await_stored(node)
    assert one.set("note", '"old"').status_code == 200
    assert other.value("note") == "old"
    return one, other


@pytest.fixture(params=["killed", "silent"])
def quorum(request, cassandra):
    return Quorum(cassandra, request.param)


class Quorum:
    def __init__(self, cassandra, how):
        self.cassandra = cassandra
        self.how = how

    def lose(self):
        for number in (2, 3):
            self.cassandra.kill(number) if self.how == "killed" else self.cassandra.pause(number)

    def regain(self):
        if self.how == "killed":
            return self.cassandra.start()
        for number in (2, 3):
            self.cassandra.resume(number)


def in_time(call, *arguments):
    began = time.monotonic()
    answer = call(*arguments)
    seconds = time.monotonic() - began
    assert seconds < ANSWER_SECONDS_MAX, f"{arguments}: {seconds:.1f} s"
    return answer


def values(node, keys):
    """Fetched at once, since each may wait for the store."""
    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(lambda key: in_time(node.value, key), keys))


def refused(answer):
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["name"] == "KCKStoreError" and error["message"], answer.text
    return True


def expect_writes_refused(node, database):
    """And nothing of them in the source, nor in what is served."""
    refused(in_time(node.set, "note", '"new"'))
    refused(in_time(node.request, "DELETE", "/fetch/item/1"))
    refused(in_time(node.request, "DELETE", "/fetch/item/*"))
    refused(in_time(node.refresh, "item/2", False))
    refused(in_time(lambda key: node.request("PUT", "/update/" + key, json={"n": 5}), "item/3"))
    assert database.execute("select n from item where id = 3") == [(0,)]
    assert values(node, HOT[:3]) == [0, 0, 0]
    assert in_time(node.value, "note") in ("old", "new")


def test_without_a_quorum(pair, make_kck, database, quorum):
    one, other = pair
    quorum.lose()
    for node in pair:
        assert values(node, HOT) == [0] * len(HOT)
    assert values(one, COLD) == [0] * len(COLD)
    database.execute("update item set n = 1 where id between 11 and 20")
    assert values(other, COLD) == [1] * 10 + [0] * 10, "the other one cannot know them, and computes"
    for node in pair:
        assert metric(node, "kck_store_waiting") >= len(COLD)
        assert metric(node, "kck_store_errors_total") > 0
        expect_writes_refused(node, database)
        assert node.get("/readyz").status_code == 200
        assert node.get("/readyz").json()["store"] == "not reached"
        assert metric(node, "kck_store_connected") == 0
    assert metric(one, "kck_store_given_up_total") == 0

    quorum.regain()
    for node in pair:
        wait_for(lambda node=node: metric(node, "kck_store_waiting") == 0, "what waited to be stored", PATIENCE_SECONDS)
        assert metric(node, "kck_store_given_up_total") == 0
        wait_for(lambda node=node: node.set("note", '"newer"').status_code == 200, "sets to be taken", PATIENCE_SECONDS)
        wait_for(lambda node=node: metric(node, "kck_store_connected") == 1, "it to be reached", PATIENCE_SECONDS)
    for node in pair:
        wait_for(lambda node=node: values(node, COLD) == [1] * 10 + [0] * 10, "the newest values", PATIENCE_SECONDS)
        wait_for(lambda node=node: node.value("note") == "newer", "the note", PATIENCE_SECONDS)
    late = make_kck("late", FILES).start()
    assert values(late, COLD) == [1] * 10 + [0] * 10
    assert values(late, HOT) == [0] * len(HOT)
    assert fills(late) == 0
    assert one.request("PUT", "/update/item/3", json={"n": 9}).status_code == 200
    wait_for(lambda: late.value("item/3") == 9, "the update to reach the others", PATIENCE_SECONDS)


def test_started_without_a_replica_a_node_joins_later(make_kck, cassandra):
    node, other = (make_kck(name, FILES, request_timeout="2s") for name in ("one", "other"))
    for number in (1, 2, 3):
        cassandra.kill(number)
    node.start()
    assert values(node, HOT) == [0] * len(HOT)
    assert node.get("/readyz").json()["store"] == "not reached"
    assert metric(node, "kck_store_connected") == 0
    refused(in_time(node.set, "note", "1"))
    cassandra.start_node(1)
    assert values(node, COLD) == [0] * len(COLD)
    assert node.get("/readyz").status_code == 200
    cassandra.start()
    wait_for(lambda: metric(node, "kck_store_connected") == 1, "the node to join", PATIENCE_SECONDS)
    wait_for(lambda: "store" not in node.get("/readyz").json(), "it to say so", PATIENCE_SECONDS)
    assert node.set("note", "1").status_code == 200
    for key in HOT:
        wait_for(lambda key=key: node.fetch(key).headers["KCK-State"] == "fresh", "the value to be computed again",
                 PATIENCE_SECONDS)
    await_stored(node, PATIENCE_SECONDS)
    other.start()
    assert values(other, HOT) == [0] * len(HOT)
    assert other.value("note") == 1
    assert fills(other) == 0

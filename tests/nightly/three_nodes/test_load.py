"""Nodes of Cassandra that die, join and leave under load: no request fails, no value is wrong."""

import pytest

from support import load
from support.cluster import await_stored, fills
from support.load import Load, fill_table
from support.wait import wait_for


@pytest.fixture
def pair(make_kck, database):
    """Two nodes whose memory holds a few of the keys."""
    nodes = [make_kck(name, load.FILES, memory="1MiB", recheck="300ms") for name in ("one", "other")]
    fill_table(database)
    return [node.start() for node in nodes]


def ready(node):
    answer = node.get("/readyz")
    return answer.status_code == 200 and "store" not in answer.json()


def expect_stored(pair, make_kck, written):
    """What was written is in the store: a node that starts now computes nothing."""
    for node in pair:
        for item, n in written.items():
            wait_for(lambda node=node, item=item: _fresh(node, item), f"item/{item} to be fresh")
        await_stored(node)
    late = make_kck("late", load.FILES).start()
    found = {item: late.value(f"item/{item}")[0] for item in written}
    assert found == written
    assert fills(late) == 0


def _fresh(node, item):
    return node.fetch(f"item/{item}").headers["KCK-State"] == "fresh"


def test_one_replica_after_the_other_is_killed(pair, make_kck, database, cassandra):
    with Load(pair, database) as running:
        running.await_progress(60, reads=1000)
        cassandra.kill(1)
        running.await_progress(60, reads=1000)
        assert all(ready(node) for node in pair)
        cassandra.start_node(1)
        running.await_progress(20)
        cassandra.kill(2)
        running.await_progress(60, reads=1000)
        assert all(ready(node) for node in pair)
    expect_stored(pair, make_kck, running.written)


def test_one_replica_is_silent_for_a_while(pair, make_kck, database, cassandra):
    with Load(pair, database) as running:
        running.await_progress(50, reads=1000)
        cassandra.pause(3)
        running.await_progress(60, reads=1000)
        assert all(ready(node) for node in pair)
        cassandra.resume(3)
        running.await_progress(50, reads=1000)
    expect_stored(pair, make_kck, running.written)


def test_a_node_joins_and_another_leaves(pair, make_kck, database, cassandra):
    with Load(pair, database) as running:
        running.await_progress(50, reads=1000)
        joined = cassandra.add()
        running.await_progress(60, reads=1000)
        assert all(ready(node) for node in pair)
        cassandra.decommission(joined)
        running.await_progress(60, reads=1000)
        assert all(ready(node) for node in pair)
    expect_stored(pair, make_kck, running.written)

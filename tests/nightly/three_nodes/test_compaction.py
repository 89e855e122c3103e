"""What Cassandra writes anew from its files: values that were purged and computed again on a database that rests, so
that all their versions are equal."""

import pytest

from support.cluster import await_stored, fills

KEYS = [f"item/{number}" for number in range(1, 11)]


def rewrite_files(cassandra, keyspace):
    for number in (1, 2, 3):
        cassandra.flush(keyspace, "entry", number)
        cassandra.compact(keyspace, "entry", number)


def purge(node, keys):
    for key in keys:
        assert node.request("DELETE", "/fetch/" + key).status_code == 200


def version(node, key):
    return node.fetch(key).headers["ETag"]


@pytest.fixture(params=["deletions kept for a day", "deletions forgotten at once"])
def one(request, pair, cassandra, keyspace):
    """A node that has computed the keys."""
    if request.param.endswith("at once"):
        cassandra.execute(f"ALTER TABLE {keyspace}.entry WITH gc_grace_seconds = 0")
    one, _ = pair
    for key in KEYS:
        one.fetch(key)
    await_stored(one)
    return one


def test_a_refill_stands(one, make_kck, cassandra, keyspace):
    before = [version(one, key) for key in KEYS]
    for rounds in range(3):
        purge(one, KEYS)
        if rounds == 1:
            rewrite_files(cassandra, keyspace)  # in the midst: the purges' rows go to files without the refills
        for key in KEYS:
            assert one.value(key) == 0
        await_stored(one)
    rewrite_files(cassandra, keyspace)
    rested = [version(one, key) for key in KEYS]
    fresh = make_kck("fresh").start()
    assert [version(fresh, key) for key in KEYS] == rested
    assert [fresh.value(key) for key in KEYS] == [0] * len(KEYS)
    assert fills(fresh) == 0
    number = [name.split(".")[1] for name in (before[0], rested[0])]
    assert number[0] == number[1], "the database rested"


def test_a_purge_stays_a_purge(one, make_kck, cassandra, keyspace, database):
    rewrite_files(cassandra, keyspace)
    purge(one, KEYS[:5])
    rewrite_files(cassandra, keyspace)
    # Values that cannot be told from what was purged would not show which were served.
    database.execute("update item set n = 7")
    fresh = make_kck("fresh").start()
    assert [fresh.value(key) for key in KEYS] == [7] * 5 + [0] * 5
    assert fills(fresh) == 5
    await_stored(fresh)
    rewrite_files(cassandra, keyspace)
    fresher = make_kck("fresher").start()
    assert [fresher.value(key) for key in KEYS] == [7] * 5 + [0] * 5
    assert fills(fresher) == 0

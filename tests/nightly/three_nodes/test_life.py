"""Values with an end: Cassandra forgets them as KCK does, and a renewal lengthens their life there too."""

from support.cluster import await_stored, fills
from support.files import product
from support.wait import wait_for

LIFE_SECONDS = 60


def files(life_seconds):
    return {"products/item.yml": product("select n from item where id = :id", "id: int",
                                         rest='  process_result: {jsonpath_first: "$[0][0]"}\n'
                                              f"expire_seconds: {life_seconds}")}


def rows(cassandra, keyspace, columns="key"):
    """Of item/1, at every replica."""
    return cassandra.execute(f"SELECT {columns} FROM {keyspace}.entry WHERE key = 'item/1'", "ALL")


def rewrite_files(cassandra, keyspace):
    for number in (1, 2, 3):
        cassandra.flush(keyspace, "entry", number)
        cassandra.compact(keyspace, "entry", number)


def test_what_is_past_its_life_is_gone(make_kck, cassandra, keyspace, database):
    node = make_kck("one", files(3)).start()
    assert node.value("item/1") == 0
    await_stored(node)
    wait_for(lambda: rows(cassandra, keyspace) == [], "the row to go", 60)
    rewrite_files(cassandra, keyspace)
    assert rows(cassandra, keyspace) == []
    database.execute("update item set n = 1")
    late = make_kck("late", files(3)).start()
    assert late.value("item/1") == 1
    assert fills(late) == 1
    wait_for(lambda: node.value("item/1") == 1, "what was in memory to be past its life as well", 60)


def seconds_left(cassandra, keyspace):
    left = [int.from_bytes(row[0], "big") for row in rows(cassandra, keyspace, "ttl(cell)")]
    return max(left)


def test_a_renewal_lengthens_the_life_in_cassandra(make_kck, cassandra, keyspace):
    node = make_kck("one", files(LIFE_SECONDS)).start()
    first = node.fetch("item/1").headers["ETag"]
    await_stored(node)
    assert 0 < seconds_left(cassandra, keyspace) <= LIFE_SECONDS
    wait_for(lambda: seconds_left(cassandra, keyspace) <= LIFE_SECONDS - 8, "some of its life to pass", LIFE_SECONDS)
    refreshed = node.refresh("item/1")
    assert (refreshed.status_code, refreshed.headers["ETag"]) == (200, first), "no new content"
    wait_for(lambda: seconds_left(cassandra, keyspace) > LIFE_SECONDS - 8, "the life to be lengthened", 7)
    assert len(rows(cassandra, keyspace)) == 1
    rewrite_files(cassandra, keyspace)
    late = make_kck("late", files(LIFE_SECONDS)).start()
    assert late.fetch("item/1").headers["ETag"] == first
    assert fills(late) == 0

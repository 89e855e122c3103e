"""Nodes that are restarted one by one with another definition of a product."""

import time

import pytest

from support.cluster import await_stored, fills, item_files, metric
from support.wait import wait_for

KEYS = [f"item/{number}" for number in range(1, 21)]
PATIENCE_SECONDS = 120


def files(plus):
    return item_files(f"select n + {plus} from item where id = :id")


OLD, NEW = files(0), files(1000)


@pytest.fixture
def pair(make_kck):
    """Two nodes of the old definition, which have served all keys; they look at the store often."""
    one, other = (make_kck(name, OLD, recheck="300ms").start() for name in ("one", "other"))
    for node in (one, other):
        assert values(node) == [0] * len(KEYS)
        await_stored(node)
    return one, other


def values(node):
    return [node.value(key) for key in KEYS]


def restart_with(node, its_files):
    assert node.stop() == 0
    node.write(its_files)
    return node.start()


def await_fresh(node, expected):
    def fresh():
        answers = [node.fetch(key) for key in KEYS]
        return ([answer.json()["value"] for answer in answers] == expected
                and all(answer.headers["KCK-State"] == "fresh" for answer in answers))

    wait_for(fresh, f"all to be fresh, as {expected[:3]}…", PATIENCE_SECONDS)
    await_stored(node)


def expect_rest(pair, expected):
    """Nobody computes anything, whoever is asked, however often each looks at the store."""
    before = [fills(node) for node in pair]
    looks = [metric(node, "kck_store_rechecks_total") for node in pair]
    until = time.monotonic() + PATIENCE_SECONDS
    # Until both have looked at each key many times.
    while any(metric(node, "kck_store_rechecks_total") - since < 10 * len(KEYS) for node, since in zip(pair, looks)):
        assert time.monotonic() < until, "nobody looks at the store"
        for node, values_of_it in zip(pair, expected):
            assert values(node) == values_of_it
    assert [fills(node) for node in pair] == before


def test_a_rolling_restart_with_another_definition(pair, make_kck):
    one, other = pair
    restart_with(other, NEW)
    await_fresh(other, [1000] * len(KEYS))
    assert fills(other) <= 2 * len(KEYS)
    await_fresh(one, [0] * len(KEYS))
    expect_rest(pair, ([0] * len(KEYS), [1000] * len(KEYS)))

    restart_with(one, NEW)
    assert values(one) == [1000] * len(KEYS)
    assert fills(one) == 0, "the other one has computed them"
    for node in pair:
        await_fresh(node, [1000] * len(KEYS))
    expect_rest(pair, ([1000] * len(KEYS), [1000] * len(KEYS)))
    late = make_kck("late", NEW).start()
    assert values(late) == [1000] * len(KEYS)
    assert fills(late) == 0


def change_by(node, n, how, database):
    """Has the keys be `n`, by a node; it is acknowledged."""
    if how == "update":
        for key in KEYS:
            assert node.request("PUT", "/update/" + key, json={"n": n}).status_code == 200
        return
    database.execute("update item set n = %s", [n])
    for key in KEYS if how == "purge" else ["item/*"]:
        assert node.request("DELETE", "/fetch/" + key).status_code == 200


@pytest.mark.parametrize("how", ["purge", "purge of the product", "update"])
def test_a_change_by_a_node_of_one_definition_reaches_the_other(pair, database, how):
    one, other = pair
    restart_with(other, NEW)
    await_fresh(other, [1000] * len(KEYS))
    for changer, n in ((one, 3), (other, 4)):
        change_by(changer, n, how, database)
        await_fresh(one, [n] * len(KEYS))
        await_fresh(other, [1000 + n] * len(KEYS))
        expect_rest(pair, ([n] * len(KEYS), [1000 + n] * len(KEYS)))

"""What is due, and why a key is as it is, as `/queue`, `/explain` and the commands of those names tell it."""

import json

import pytest

from support.files import kck_yml, product
from support.wait import wait_for

POISON = "item/7"  # its statement fails until its row is mended


@pytest.fixture
def node(make_node, database):
    database.execute("create table item (id int primary key, n int);"
                     "insert into item select g, g from generate_series(1, 20) g")
    item = product("select 100 / (n - 7) as n from item where id = :id", "id: int")
    return make_node({"kck.yml": kck_yml(database.url), "products/item.yml": item}).start()


def explain(node, key):
    answer = node.get("/explain/" + key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def main_of(node):
    return node.get("/queue").json()["databases"][0]


def succeeds(done):
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}{done.stderr}"
    return done.stdout


def test_keys_back_off_while_the_database_is_away(node, postgres):
    assert node.value("item/8") == [[100]]
    postgres.stop()
    assert node.refresh("item/8", wait=False).status_code == 202

    def backing_off():
        due = explain(node, "item/8")["refresh"]["due"]
        return due if due["state"] == "backing off" else None

    due = wait_for(backing_off, "the key to back off")
    assert due["error"].startswith("KCKSourceError") and due["attempts"] == 0, due
    told = explain(node, "item/8")
    assert told["state"] == "stale" and "marked stale" in told["why"][0], told
    assert told["failure"]["name"] == "KCKSourceError"
    wait_for(lambda: not main_of(node)["reachable"], "the outage to be noticed")
    assert "main: cannot be reached" in succeeds(node.run("queue"))
    assert succeeds(node.run("explain", "item/8")).startswith("item/8 is stale, ")

    postgres.start()
    wait_for(lambda: explain(node, "item/8")["refresh"]["due"] is None, "the refresh to be done", 30)
    told = explain(node, "item/8")
    assert (told["state"], told["failure"]) == ("fresh", None)
    assert told["refresh"]["recent"][0]["outcome"] == "done"
    assert main_of(node)["reachable"]


def test_a_poison_key_becomes_a_dead_letter_and_is_retried(node, database):
    for key in [POISON, "item/8", "item/9"]:
        assert node.refresh(key, wait=False).status_code == 202
    # Eight tries, with pauses that double.
    wait_for(lambda: main_of(node)["dead"] == 1, "the key to be given up", 60)
    assert node.value("item/8") == [[100]] and node.value("item/9") == [[50]]
    assert "a key of item could not be refreshed 8 times" in node.log()
    assert POISON not in node.log(), "a key holds parameter values"
    (dead,) = main_of(node)["keys"]
    assert (dead["key"], dead["state"], dead["attempts"]) == (POISON, "dead", 8)
    assert "KCKSourceError" in dead["error"]
    assert 'kck_refresh_dead_total{database="main"} 1' in node.get("/metrics").text

    page = succeeds(node.run("queue"))
    (line,) = [line for line in page.splitlines() if POISON in line]
    assert line.split()[:2] == ["dead", POISON] and "tried 8 times: KCKSourceError" in line
    assert "given up" in page

    database.execute("update item set n = 6 where id = 7")
    assert succeeds(node.run("queue", "--retry")) == "1 key queued again\n"
    wait_for(lambda: explain(node, POISON)["state"] == "fresh", "the key to be computed")
    assert node.value(POISON) == [[-100]]
    assert succeeds(node.run("queue", "--retry")) == "no key is dead\n"


def test_explain_tells_of_a_key_that_was_never_computed(node):
    page = succeeds(node.run("explain", "item/3"))
    assert page.startswith("item/3 has nothing") and "never computed" in page
    assert json.loads(succeeds(node.run("explain", "item/3", "--json")))["state"] == "none"
    done = node.run("explain", "item/x")
    assert done.returncode == 1 and "KCKBadKey" in done.stderr


def test_explain_computes_nothing_and_tells_what_was(node, database):
    explain(node, "item/1")
    assert database.executions("from item") == 0
    node.fetch("item/1")
    page = succeeds(node.run("explain", "item/1"))
    assert page.startswith("item/1 is fresh, ") and "snapshot" in page
    assert node.stop() == 0
    node.start()
    assert explain(node, "item/1")["entry"]["place"] == "store"


def test_queue_as_json(node):
    whole = json.loads(succeeds(node.run("queue", "--json", "--keys", "3")))
    assert whole["success"] and [one["name"] for one in whole["databases"]] == ["main"]
    assert node.run("queue", "--keys", "many").returncode == 2

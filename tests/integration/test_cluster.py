"""Nodes that share a store in Cassandra: what one computes the others serve, and what happens without Cassandra."""

import itertools

import pytest

from support.cassandra import Cassandra, prepare
from support.cluster import await_stored, fills, item_files, metric, set_up
from support.files import product
from support.node import run_kck
from support.python import PYTHON
from support.wait import wait_for

KEYSPACES = itertools.count(1)
PAGE = "import kck\n\n\n@kck.product\ndef page(id: int):\n    return {\"n\": kck.get(\"item\", id)}\n"
ITEM = product("select n from item where id = :id", "id: int", rest="  process_result: {jsonpath_first: \"$[0][0]\"}")


@pytest.fixture(scope="module")
def cassandra():
    """One node, for all tests of this file; each has a keyspace of its own."""
    prepare()
    cluster = Cassandra()
    cluster.start()
    yield cluster
    cluster.destroy()


@pytest.fixture
def make_cluster_node(make_node, database, cassandra):
    """make_cluster_node(id): a node of the test's cluster, not started; products of table item, with 20 rows of n = 0."""
    database.execute("create table item (id int primary key, n int);"
                     "insert into item select g, 0 from generate_series(1, 20) g")
    keyspace = f"kck{next(KEYSPACES)}"

    def make(node_id, more="", **files):
        store = f"cassandra://{cassandra.contact_points}/{keyspace}"
        settings = (f'databases: {{main: {{url: "{database.url}"}}}}\n'
                    f'store: {{url: "{store}", request_timeout: 1s}}\nnode: {{id: {node_id}}}\n{more}')
        return make_node({"kck.yml": settings, "products/item.yml": ITEM, **files})

    return make


@pytest.fixture
def pair(make_cluster_node):
    """Two nodes that serve, over tables that are set up."""
    one, other = make_cluster_node("one"), make_cluster_node("other")
    set_up(one)
    return one.start(), other.start()


def test_what_one_computed_the_other_serves_without_a_query(pair):
    one, other = pair
    first = one.fetch("item/1")
    await_stored(one)
    second = other.fetch("item/1")
    assert (second.json(), second.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert second.headers["KCK-State"] == "fresh"
    assert fills(other) == 0


def test_a_purge_reaches_what_the_others_hold(pair, database):
    one, other = pair
    one.fetch("item/1")
    await_stored(one)
    assert other.value("item/1") == 0
    database.execute("update item set n = 7 where id = 1")
    assert one.request("DELETE", "/fetch/item/1").status_code == 200
    wait_for(lambda: other.value("item/1") == 7, "the purge to reach the other node")


def test_a_purge_of_a_product_reaches_the_others(pair, database):
    one, other = pair
    for key in ("item/1", "item/2"):
        one.fetch(key)
    await_stored(one)
    assert (other.value("item/1"), other.value("item/2")) == (0, 0)
    database.execute("update item set n = 7")
    assert one.request("DELETE", "/fetch/item/*").status_code == 200
    wait_for(lambda: (other.value("item/1"), other.value("item/2")) == (7, 7), "the purge to reach the other node")


def test_a_refresh_by_one_reaches_the_others(pair, database):
    one, other = pair
    one.fetch("item/1")
    await_stored(one)
    assert other.value("item/1") == 0
    database.execute("update item set n = 3 where id = 1")
    assert one.refresh("item/1").json()["value"] == 3
    before = fills(other)
    wait_for(lambda: other.value("item/1") == 3, "the refresh to reach the other node")
    assert fills(other) == before


def test_a_set_value_is_every_nodes(pair):
    one, other = pair
    assert one.set("note", '{"n": 1}').status_code == 200
    assert other.value("note") == {"n": 1}
    assert other.set("note", '{"n": 2}').status_code == 200
    wait_for(lambda: one.value("note") == {"n": 2}, "the set to reach the other node")
    version = one.fetch("note").headers["ETag"]
    assert other.request("PUT", "/set/note", content='{"n": 3}', headers={"If-Match": version}).status_code == 200
    lost = one.request("PUT", "/set/note", content='{"n": 4}', headers={"If-Match": version})
    assert (lost.status_code, lost.json()["error"]["name"]) == (412, "VersionMismatch")


def test_a_token_of_one_node_is_honoured_by_the_others(make_cluster_node):
    updater = ("database: main\nparameters: [{name: id, type: int, primary_key: true}, {name: n, type: int}]\n"
               'query: {template: {update: "update item set n = :n where id = :id"}}\n')
    one, other = (make_cluster_node(name, **{"updaters/item.yml": updater}) for name in ("one", "other"))
    set_up(one)
    one.start(), other.start()
    assert other.value("item/1") == 0
    token = one.request("PUT", "/update/item/1", json={"n": 9}).json()["token"]
    answer = other.get("/fetch/item/1", headers={"KCK-After": token})
    assert (answer.status_code, answer.json().get("value")) == (200, 9), answer.text


@pytest.fixture
def python_pair(make_cluster_node):
    """As `pair`, with page/:id in Python over item/:id, which an updater writes."""
    files = {**item_files("select n from item where id = :id"), "products/page.py": PAGE}
    workers = f"python: {{interpreter: {PYTHON}, workers: 1}}\n"
    one, other = (make_cluster_node(name, more=workers, **files) for name in ("one", "other"))
    set_up(one)
    return one.start(), other.start()


def test_what_a_worker_of_one_computed_the_other_serves_without_computing(python_pair):
    one, other = python_pair
    first = one.fetch("page/1")
    assert first.json()["value"] == {"n": 0}
    await_stored(one)
    second = other.fetch("page/1")
    assert (second.json(), second.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert (fills(one), fills(other)) == (2, 0)


@pytest.mark.parametrize("writer", [0, 1])
def test_a_write_by_any_node_refreshes_what_python_computed_from_it(python_pair, writer):
    one, other = python_pair
    assert one.value("page/1") == {"n": 0}
    await_stored(one)
    assert other.value("page/1") == {"n": 0}
    written = python_pair[writer].request("PUT", "/update/item/1", json={"n": 9})
    assert written.status_code == 200, written.text
    for node in python_pair:
        wait_for(lambda node=node: node.value("page/1") == {"n": 9}, "the write to show in page/1")


def test_a_restarted_node_serves_what_the_others_stored_meanwhile(pair, database):
    one, other = pair
    one.fetch("item/1")
    one.stop()
    database.execute("update item set n = 5 where id = 1")
    other.refresh("item/1")
    await_stored(other)
    one.start()
    assert one.value("item/1") == 5
    assert fills(one) == 0


def test_without_cassandra_a_node_serves_from_its_source_and_joins_later(make_cluster_node, cassandra):
    node = make_cluster_node("one")
    set_up(node)
    cassandra.pause(1)
    try:
        node.start()
        assert node.value("item/1") == 0
        assert node.get("/readyz").json()["store"] == "not reached"
        assert metric(node, "kck_store_connected") == 0
        assert "the store is not reached" in node.log()
    finally:
        cassandra.resume(1)
    wait_for(lambda: metric(node, "kck_store_connected") == 1, "the node to join")
    assert "store" not in node.get("/readyz").json()
    node.fetch("item/2")
    other = make_cluster_node("other")
    await_stored(node)
    other.start()
    other.fetch("item/2")
    assert fills(other) == 0
    # Of before the epoch was known: suspect, and then computed again.
    wait_for(lambda: node.fetch("item/1").headers["KCK-State"] == "fresh", "the value to be computed again")


def test_a_node_serves_on_while_cassandra_is_silent(pair, cassandra):
    one, _ = pair
    one.fetch("item/1")
    await_stored(one)
    cassandra.pause(1)
    try:
        assert one.value("item/1") == 0
        assert one.value("item/2") == 0, "computed, and kept for Cassandra"
        refused = one.set("note", "1")
        assert (refused.status_code, refused.json()["error"]["name"]) == (503, "KCKStoreError")
    finally:
        cassandra.resume(1)
    wait_for(lambda: one.set("note", "1").status_code == 200, "sets to be taken again")
    await_stored(one)


def test_store_commands_say_what_there_is(make_cluster_node, cassandra):
    node = make_cluster_node("one")
    absent = node.run("store", "check", url=False)
    assert absent.returncode == 1
    assert "kck store setup" in absent.stderr
    set_up(node)
    set_up(node)
    checked = node.run("store", "check", url=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "is as this version expects" in checked.stdout


def test_store_commands_without_cassandra_name_the_cure(kck_binary, tmp_path):
    (tmp_path / "kck.yml").write_text('store: {url: "cassandra://127.0.0.1:1/kck"}\n')
    failed = run_kck(kck_binary, "--folder", tmp_path, "store", "check")
    assert failed.returncode == 1
    assert "127.0.0.1" in failed.stderr
    (tmp_path / "kck.yml").write_text('store: {url: "memory:"}\n')
    needless = run_kck(kck_binary, "--folder", tmp_path, "store", "setup")
    assert (needless.returncode, needless.stdout) == (0, "the store is memory: it needs no tables\n")


def test_each_tick_of_a_process_has_one_runner(make_cluster_node, database):
    database.execute("create table tick (second bigint)")
    process = "sql: insert into tick values (extract(epoch from now())::bigint)\nevery: 1s\nmissed: skip\n"
    nodes = [make_cluster_node(name, **{"processes/tick.yml": process}) for name in ("one", "other")]
    set_up(nodes[0])
    for node in nodes:
        node.start()
    wait_for(lambda: database.execute("select count(*) from tick")[0][0] >= 4, "the process to run")
    runs, ticks = database.execute("select count(*), max(second) - min(second) + 1 from tick")[0]
    assert runs <= ticks + 1, "not twice as often as its ticks"

"""Nodes that want one thing at the same moment: three replicas, which have to agree by lightweight transactions."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.wait import wait_for

PATIENCE_SECONDS = 120
ROUNDS = 40
TICKS = 30


@pytest.fixture
def trio(make_kck):
    nodes = [make_kck(name) for name in ("one", "two", "three")]
    return [node.start() for node in nodes]


def test_sets_of_one_key_at_once_are_all_taken(trio):
    with ThreadPoolExecutor(len(trio)) as pool:
        for turn in range(ROUNDS):
            answers = list(pool.map(lambda place: place[1].set("note", str(3 * turn + place[0])), enumerate(trio)))
            assert [answer.status_code for answer in answers] == [200] * 3, [answer.text for answer in answers]
    last = range(3 * ROUNDS - 3, 3 * ROUNDS)
    wait_for(lambda: len({node.value("note") for node in trio}) == 1, "all to see one value", PATIENCE_SECONDS)
    assert trio[0].value("note") in last


def test_of_compare_and_sets_at_once_one_wins(trio):
    assert trio[0].set("note", "0").status_code == 200
    with ThreadPoolExecutor(len(trio)) as pool:
        for turn in range(1, ROUNDS):
            version = wait_for(lambda: common_version(trio), "all to see one version", PATIENCE_SECONDS)
            answers = list(pool.map(lambda node: compare_and_set(node, version, turn), trio))
            assert sorted(answer.status_code for answer in answers) == [200, 412, 412], [a.text for a in answers]


def common_version(nodes):
    versions = {node.fetch("note").headers["ETag"] for node in nodes}
    return versions.pop() if len(versions) == 1 else None


def compare_and_set(node, version, value):
    return node.request("PUT", "/set/note", content=str(value), headers={"If-Match": version})


def test_each_tick_of_a_process_has_exactly_one_run(make_kck, database):
    database.execute("create table tick (second bigint)")
    process = "sql: insert into tick values (floor(extract(epoch from now()))::bigint)\nevery: 1s\njitter: 0\nmissed: skip\n"
    nodes = [make_kck(name, {"processes/tick.yml": process}) for name in ("one", "two", "three")]
    for node in nodes:
        node.start()
    wait_for(lambda: database.execute("select count(*) from tick")[0][0] >= TICKS, "the process to run",
             PATIENCE_SECONDS)
    runs, ticks = database.execute("select count(*), max(second) - min(second) + 1 from tick")[0]
    assert runs <= ticks + 1, "not twice as often as its ticks"
    for node in nodes:
        assert "could not be claimed" not in node.log()

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


def test_of_compare_and_sets_at_once_one_wins_at_most(trio):
    """One whose end is not known says so: then what is there tells whether it won."""
    assert trio[0].set("note", "-1").status_code == 200
    with ThreadPoolExecutor(len(trio)) as pool:
        for turn in range(ROUNDS):
            version = wait_for(lambda: common_version(trio), "all to see one version", PATIENCE_SECONDS)
            values = range(3 * turn, 3 * turn + 3)
            answers = list(pool.map(lambda node, value: compare_and_set(node, version, value), trio, values))
            told = [answer.status_code for answer in answers]
            assert all(status in (200, 412) or says_unclear(answer) for status, answer in zip(told, answers)), told
            wait_for(lambda: common_version(trio) not in (None, version), "a value to win", PATIENCE_SECONDS)
            won = trio[0].value("note") - values[0]
            assert told[won] != 412
            assert [place for place, status in enumerate(told) if status == 200] in ([won], []), told


def says_unclear(answer):
    return answer.status_code == 503 and "may have been written" in answer.json()["error"]["message"]


def common_version(nodes):
    versions = {node.fetch("note").headers["ETag"] for node in nodes}
    return versions.pop() if len(versions) == 1 else None


def compare_and_set(node, version, value):
    return node.request("PUT", "/set/note", content=str(value), headers={"If-Match": version})


def test_each_tick_of_a_process_has_one_run(make_kck, database):
    database.execute("create table tick (second bigint)")
    process = ("sql: insert into tick values (floor(extract(epoch from now()))::bigint)\n"
               "every: 1s\njitter: 0\nmissed: skip\n")
    nodes = [make_kck(name, {"processes/tick.yml": process}) for name in ("one", "two", "three")]
    for node in nodes:
        node.start()
    wait_for(lambda: database.execute("select count(*) from tick")[0][0] >= TICKS, "the process to run",
             PATIENCE_SECONDS)
    # On a busy machine some come late, or are left out.
    runs, ticks = database.execute("select count(*), max(second) - min(second) + 1 from tick")[0]
    assert runs <= 1.5 * ticks, "not as often as there are nodes"

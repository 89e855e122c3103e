"""Processes of a real server: their times, runs by hand, kills, and what is told of them."""

import datetime
import json
import os
import subprocess

import pytest

from support.files import kck_yml, product
from support.wait import wait_for

ITEM = product("select n from item where id = :id", "id: int", rest="refresh: {domain_key: all_items}")
ALL_ITEMS = product("select id from item order by id")
COUNT_UP = "sql: update counter set n = n + 1\nevery: {every}\nmissed: {missed}\n"
WARM = "domain: item\nevery: {every}\n"


@pytest.fixture
def filled(database):
    database.execute("create table counter (n int); insert into counter values (0);"
                     "create table item (id int primary key, n int); insert into item select i, 0 from generate_series(1, 5) i")
    return database


@pytest.fixture
def make(make_node, filled):
    def with_processes(**processes):
        files = {"kck.yml": kck_yml(filled.url, database="refresh: {share: 1, connections: 1}"),
                 "products/item.yml": ITEM, "products/all_items.yml": ALL_ITEMS}
        files.update({f"processes/{name}.yml": text for name, text in processes.items()})
        return make_node(files)

    return with_processes


def process(node, name):
    answer = node.get("/processes")
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["processes"] if one["name"] == name)


def counted(database):
    return database.execute("select n from counter")[0][0]


def run(node, name, wait=True):
    return node.request("POST", f"/processes/{name}/run" + ("?wait=1" if wait else ""))


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]["name"]


def test_sql_and_a_domain_run_at_their_times(make, filled):
    node = make(count=COUNT_UP.format(every="100ms", missed="once"), warm=WARM.format(every="100ms")).start()
    wait_for(lambda: counted(filled) >= 3, "the statement to run three times")
    assert process(node, "count")["runs"][0]["detail"] == "1 row"
    filled.execute("update item set n = 7")
    wait_for(lambda: all(node.value(f"item/{i}") == [[7]] for i in range(1, 6)), "the domain to be refreshed")
    filled.execute("insert into item values (6, 8)")
    wait_for(lambda: node.refresh("all_items").status_code == 200 and
             process(node, "warm")["runs"][0]["detail"] == "6 keys, 0 failed", "the new member")
    shown = process(node, "warm")
    assert (shown["kind"], shown["product"], shown["schedule"], shown["missed"]) == ("domain", "item", "every 100ms", "once")
    assert shown["last_success"] and shown["last_failure"] is None
    assert len(process(node, "count")["runs"]) <= 20


def test_by_hand_over_http(make, filled):
    node = make(count=COUNT_UP.format(every="1h", missed="once"), warm=WARM.format(every="1h"),
                wrong="sql: update counter set n = 1 / (n - n)\nevery: 1h\n").start()
    answer = run(node, "count")
    assert answer.status_code == 200 and answer.json()["run"]["detail"] == "1 row", answer.text
    assert answer.json()["run"]["tick"] is None
    answer = run(node, "count", wait=False)
    assert answer.status_code == 202 and answer.json()["success"] is True, answer.text
    wait_for(lambda: counted(filled) == 2, "the run that was begun")
    assert run(node, "warm").json()["run"]["detail"] == "5 keys, 0 failed"
    assert error_of(run(node, "wrong"), 400) == "KCKBadRequest"
    assert process(node, "wrong")["last_failure"]["result"] == "KCKBadRequest"
    assert "update" not in node.get("/processes").text, "no SQL is told"
    assert error_of(run(node, "nothing"), 404) == "KCKUnknownKey"
    assert error_of(node.request("POST", "/processes/count/run?wait=2"), 400) == "KCKBadRequest"
    assert node.request("POST", "/processes/count").status_code == 404
    assert node.get("/processes/count/run").status_code == 405
    assert '"POST /processes/<name>/run?wait=1"' in node.get("/").text


def test_a_process_does_not_overlap_itself(make, filled):
    node = make(count=COUNT_UP.format(every="1h", missed="once")).start()
    with filled.connect() as lock:
        lock.autocommit = False
        lock.execute("lock table counter")
        assert run(node, "count", wait=False).status_code == 202
        assert error_of(run(node, "count"), 503) == "KCKOverloaded"
        assert process(node, "count")["running_since"]
        assert 'kck_process_running{process="count"} 1' in node.get("/metrics").text
        lock.rollback()
    wait_for(lambda: process(node, "count")["runs"], "the end of the run")
    assert run(node, "count").status_code == 200
    assert counted(filled) == 2


def test_a_kill_in_the_midst_of_a_statement(make, filled):
    node = make(count=COUNT_UP.format(every="1h", missed="once")).start()
    with filled.connect() as lock:
        lock.autocommit = False
        lock.execute("lock table counter")
        assert run(node, "count", wait=False).status_code == 202
        wait_for(lambda: filled.running("update counter"), "the statement")
        node.kill()
        lock.rollback()
    filled.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like '%%update counter%%'"
                   " and datname = current_database() and pid <> pg_backend_pid()")
    node.start()
    wait_for(lambda: process(node, "count")["runs"][0]["result"] == "done", "the run to be begun again")
    assert [one["result"] for one in process(node, "count")["runs"]] == ["done", "interrupted"]
    assert counted(filled) in (1, 2), "killed between commit and record it runs again"


def test_a_kill_in_the_midst_of_a_domain(make, filled):
    node = make(warm=WARM.format(every="1h")).start()
    assert run(node, "warm").status_code == 200
    filled.execute("update item set n = 3")
    with filled.connect() as lock:
        lock.autocommit = False
        lock.execute("lock table item")
        assert run(node, "warm", wait=False).status_code == 202
        wait_for(lambda: process(node, "warm")["running_since"], "the run to begin")
        node.kill()
        lock.rollback()
    node.start()
    wait_for(lambda: process(node, "warm")["runs"][0]["result"] == "done", "the run to be begun again")
    assert [node.value(f"item/{i}") for i in range(1, 6)] == [[[3]]] * 5


def test_what_was_missed_while_no_server_ran(make, filled):
    node = make(count=COUNT_UP.format(every="1s", missed="all") + "jitter: 0\n").start()
    wait_for(lambda: process(node, "count")["runs"], "the first run")
    node.kill()
    now = "select extract(epoch from now())::float8"
    killed_at = filled.execute(now)[0][0]
    wait_for(lambda: filled.execute(now)[0][0] > killed_at + 4.5, "some ticks to pass")
    before = counted(filled)
    node.start()
    wait_for(lambda: counted(filled) >= before + 4, "a run for each missed tick")
    ticks = [datetime.datetime.fromisoformat(one["tick"].replace("Z", "+00:00")) for one in process(node, "count")["runs"]]
    apart = [later - earlier for later, earlier in zip(ticks, ticks[1:])]
    assert apart.count(datetime.timedelta(seconds=1)) >= 3, "ticks that were missed stand where they would have been"


def test_it_follows_its_file(make, filled):
    node = make(count=COUNT_UP.format(every="1h", missed="once")).start()
    assert run(node, "count").status_code == 200
    node.write({"processes/count.yml": COUNT_UP.format(every="50ms", missed="once")})
    node.signal(1)
    wait_for(lambda: counted(filled) >= 3, "the new times")
    assert any(one["tick"] is None for one in process(node, "count")["runs"]), "its history is kept"
    (node.folder / "processes/count.yml").unlink()
    node.signal(1)
    wait_for(lambda: not node.get("/processes").json()["processes"], "the process to be taken away")
    assert error_of(run(node, "count"), 404) == "KCKUnknownKey"


def test_metrics(make):
    node = make(count=COUNT_UP.format(every="1h", missed="once"), wrong="sql: update counter set n = 1 / (n - n)\nevery: 1h\n").start()
    run(node, "count")
    run(node, "wrong")
    text = node.get("/metrics").text
    assert 'kck_process_runs_total{process="count",result="done"} 1' in text
    assert 'kck_process_runs_total{process="wrong",result="KCKBadRequest"} 1' in text
    assert 'kck_process_running{process="count"} 0' in text
    assert 'kck_process_last_success_unixtime{process="count"} ' in text
    assert 'kck_process_last_success_unixtime{process="wrong"}' not in text


def test_the_command_line(make, filled):
    node = make(count=COUNT_UP.format(every="1h", missed="once"), warm="domain: item\ncron: \"0 3 * * *\"\ntimezone: Europe/Berlin\n").start()
    done = node.run("process", "run", "count", "--wait")
    assert (done.returncode, done.stdout) == (0, "ran count: 1 row\n"), done.stderr
    done = node.run("process", "run", "warm")
    assert (done.returncode, done.stdout) == (0, "began warm\n"), done.stderr
    wait_for(lambda: process(node, "warm")["runs"], "its end")
    rows = [line.split("\t") for line in node.run("process", "list").stdout.splitlines()]
    assert [row[:3] for row in rows] == [["count", "sql main", "every 1h"],
                                         ["warm", "domain item", "cron 0 3 * * * (Europe/Berlin)"]]
    assert "done: 1 row" in rows[0][4] and len(rows[1][3]) == len("2026-11-24 02:00:00")
    shown = json.loads(node.run("process", "list", "--json").stdout)["processes"]
    assert [one["name"] for one in shown] == ["count", "warm"]
    done = node.run("process", "run", "nothing")
    assert done.returncode == 1 and "kck process list" in done.stderr
    assert node.run("process").returncode == 2
    table = on_a_terminal(node, "process", "list")
    assert table[0].startswith("NAME   WORK         TIMES") and table[1].startswith("count  sql main     every 1h"), table


def on_a_terminal(node, *arguments):
    ours, theirs = os.openpty()
    command = [node.binary, "--folder", node.folder, *arguments, "--url", node.url]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, stdout=theirs, timeout=60).returncode == 0
    os.close(theirs)
    text = b""
    while True:
        try:
            text += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    return text.decode().splitlines()


def test_a_stop_in_the_midst_of_a_domain(make, filled):
    node = make(warm=WARM.format(every="1h")).start()
    with filled.connect() as lock:
        lock.autocommit = False
        lock.execute("lock table item")
        assert run(node, "warm", wait=False).status_code == 202
        wait_for(lambda: filled.running("from item"), "the statement")
        node.signal()
        lock.rollback()
    assert node.process.wait(timeout=30) == 0
    node.start()
    wait_for(lambda: process(node, "warm")["runs"] and process(node, "warm")["runs"][0]["result"] == "done", "the run")

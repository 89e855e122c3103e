"""What a value is known to have seen: snapshot stamps, versions, stale and fresh, over HTTP."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx

from support.files import kck_yml, product
from support.wait import wait_for

ITEM = product("select n from item where id = :id", "id: int")


def start(make_node, database, **products):
    database.execute("create table item (id int primary key, n int); insert into item values (1, 10), (2, 20)")
    files = {"kck.yml": kck_yml(database.url)}
    files.update({f"products/{name}.yml": text for name, text in products.items()})
    return make_node(files).start()


def snapshot(answer):
    """(xmin, xmax, in progress) of KCK-As-Of."""
    text = re.search(r'snapshot="(\d+):(\d+):([\d,]*)"', answer.headers["KCK-As-Of"])
    return int(text[1]), int(text[2]), {int(number) for number in text[3].split(",") if number}


def sees(answer, transaction):
    _, xmax, in_progress = snapshot(answer)
    return transaction < xmax and transaction not in in_progress


def number(answer):
    """The number of a version EPOCH.NUMBER.SUB, by which fills of one history are ordered."""
    epoch, middle, _ = answer.json()["version"].split(".")
    return int(epoch), int(middle)


def test_a_stamp_sees_exactly_what_has_committed(make_node, database):
    node = start(make_node, database, item=ITEM)
    with database.connect() as first, database.connect() as second:
        first.autocommit = second.autocommit = False
        held = first.execute("update item set n = 11 where id = 1 returning pg_current_xact_id()::text").fetchone()
        held = int(held[0])
        done = second.execute("update item set n = 21 where id = 2 returning pg_current_xact_id()::text").fetchone()
        done = int(done[0])
        second.commit()

        before = node.fetch("item/1")
        assert before.json()["value"] == [[10]] and not sees(before, held) and sees(before, done)
        assert node.value("item/2") == [[21]]

        still = node.refresh("item/1")
        assert still.json()["value"] == [[10]] and not sees(still, held)
        assert still.headers["ETag"] == before.headers["ETag"]

        first.commit()
    after = node.refresh("item/1")
    assert after.json()["value"] == [[11]] and sees(after, held)
    assert number(after) > number(before)
    assert after.headers["KCK-State"] == "fresh"
    assert node.value("item/1") == [[11]]


def test_a_renewal_keeps_the_content_and_moves_the_stamp(make_node, database):
    node = start(make_node, database, item=ITEM)
    first = node.fetch("item/1")
    database.execute("update item set n = n + 1 where id = 2")
    renewed = node.refresh("item/1")
    assert renewed.content == first.content and renewed.headers["ETag"] == first.headers["ETag"]
    assert snapshot(renewed)[1] > snapshot(first)[1]
    unchanged = node.get("/fetch/item/1", headers={"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304 and not unchanged.content
    assert unchanged.headers["KCK-As-Of"] == renewed.headers["KCK-As-Of"]
    assert unchanged.headers["KCK-State"] == "fresh"


def test_versions_rise_with_the_data(make_node, database):
    node = start(make_node, database, item=ITEM)
    versions = []
    for n in range(5):
        database.execute("update item set n = %s where id = 1", [100 + n])
        answer = node.refresh("item/1")
        assert answer.json()["value"] == [[100 + n]]
        versions.append(number(answer))
    assert versions == sorted(versions) and len(set(versions)) == 5


def test_soft_life(make_node, database):
    node = start(make_node, database, item=ITEM + "stale_seconds: 0.3\nexpire_seconds: 3600\n")
    assert node.fetch("item/1").headers["KCK-State"] == "fresh"
    database.execute("update item set n = 12 where id = 1")
    stale = wait_for(lambda: (a := node.fetch("item/1")).headers["KCK-State"] == "stale" and a, "the value to grow old")
    assert stale.json()["value"] == [[10]]
    wait_for(lambda: node.value("item/1") == [[12]], "the refresh behind the stale answer")


def test_hard_life(make_node, database):
    node = start(make_node, database, item=ITEM + "expire_seconds: 0.3\n")
    assert node.value("item/1") == [[10]]
    database.execute("update item set n = 13 where id = 1")
    wait_for(lambda: node.fetch("item/1").json()["value"] == [[13]], "the old value to end")


def test_on_stale_wait(make_node, database):
    waits = ITEM + "stale_seconds: 0.2\non_stale: wait\nwait_ms: 5000\n"
    node = start(make_node, database, item=waits)
    assert node.value("item/1") == [[10]]
    database.execute("update item set n = 14 where id = 1")
    node.refresh("item/1", wait=False)
    answer = node.fetch("item/1")
    assert answer.json()["value"] == [[14]] and answer.headers["KCK-State"] == "fresh"


def test_a_changed_definition(make_node, database, postgres):
    node = start(make_node, database, item=ITEM)
    assert node.value("item/1") == [[10]]
    assert node.stop() == 0
    node.write({"products/item.yml": product("select n, 'changed' from item where id = :id", "id: int")})
    node.start()
    first = node.fetch("item/1")
    assert (first.json()["value"], first.headers["KCK-State"]) == ([[10]], "stale")
    second = wait_for(lambda: (a := node.fetch("item/1")).headers["KCK-State"] == "fresh" and a, "the first new fill")
    assert second.json()["value"] == [[10, "changed"]]
    assert second.headers["ETag"] != first.headers["ETag"]


def test_a_purge_during_a_fill_is_not_undone(make_node, database):
    """The fill has taken its snapshot; the change and the purge come before it ends."""
    sql = "select n, pg_sleep(:seconds)::text as slept from item where id = 1"
    node = start(make_node, database, slow=product(sql, "seconds: float"))
    with ThreadPoolExecutor() as pool:
        early = pool.submit(httpx.get, f"{node.url}/fetch/slow/0.7", trust_env=False, timeout=30)
        wait_for(lambda: database.running("pg_sleep"), "the fill to run")
        database.execute("update item set n = 11 where id = 1")
        assert node.request("DELETE", "/fetch/slow/0.7").status_code == 200
        assert database.running("pg_sleep"), "the fill ended before the purge"
        assert early.result().json()["value"] == [[10, ""]]
    assert node.value("slow/0.7") == [[11, ""]]

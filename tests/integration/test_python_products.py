"""Products in Python, computed by the worker processes of a real server."""

import json
import re
import threading

import pytest

from support.files import make_sqlite
from support.python import NOTE, kck_yml, runs
from support.wait import wait_for


@pytest.fixture
def serve(make_node):
    """serve(product's text, more files, fields of python…): a node that serves it."""

    def start(text, files=None, settings=None, **python):
        kept = {"kck.yml": settings or kck_yml(**python), "products/all.py": NOTE + text}
        return make_node({**kept, **(files or {})}).start()

    return start


SHOP = "create table item (id integer primary key, n int); insert into item values (1, 10)"
SHOP_UPDATER = """database: main
parameters: [{name: id, type: int, primary_key: true}, {name: n, type: int}]
query: {template: {update: "update item set n = :n where id = :id"}}
"""


def error_of(answer, name, status):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is False and body["error"]["name"] == name, answer.text
    return body["error"]["message"]


def set_ok(node, key, text):
    answer = node.set(key, text)
    assert answer.status_code == 200, answer.text


def metric(node, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", node.get("/metrics").text, re.MULTILINE).group(1))


def test_typed_parameters(serve):
    node = serve("""
from datetime import date, datetime
from uuid import UUID

@kck.product
def typed(i: int, f: float, s, b: bool, d: date, t: datetime, u: UUID, n: int | None):
    return {"types": [type(one).__name__ for one in (i, f, s, b, d, t, u, n)], "i": i, "f": f, "s": s, "t": t, "n": n}

@kck.product
def nothing():
    return None
""")
    uuid = "c9a3b1ce-6a11-4a5a-8f0c-5e7f2f6ab0d1"
    value = node.value(f"typed/007/1.50/a%2Fb/true/2013-01-31/2013-01-31T06:00:00+01:00/{uuid}/%00")
    assert value["types"] == ["int", "float", "str", "bool", "date", "datetime", "UUID", "NoneType"]
    assert (value["i"], value["f"], value["s"], value["n"]) == (7, 1.5, "a/b", None)
    assert value["t"] == "2013-01-31T05:00:00+00:00"
    canonical = node.fetch(f"typed/7/1.5/a%2Fb/true/2013-01-31/2013-01-31T05:00:00Z/{uuid}/%00")
    assert canonical.json()["key"].startswith("typed/7/1.5/a%2Fb/true/"), "another spelling is the same key"
    assert metric(node, "kck_python_calls_total") == 1
    assert node.value(f"typed/7/1.5/a/true/2013-01-31/2013-01-31T05:00:00Z/{uuid}/3")["types"][-1] == "int"
    assert node.value("nothing") is None
    error_of(node.get("/fetch/typed/x"), "KCKBadKey", 400)


def test_a_hit_asks_no_worker_and_a_refresh_with_equal_content_keeps_the_version(serve):
    node = serve("""
@kck.product
def square(n: int):
    note(n)
    return n * n
""")
    first = node.fetch("square/3")
    assert first.json()["value"] == 9 and first.headers["KCK-State"] == "fresh"
    assert node.fetch("square/3").headers["ETag"] == first.headers["ETag"]
    assert runs(node) == ["3"]
    assert node.refresh("square/3").headers["ETag"] == first.headers["ETag"]
    assert runs(node) == ["3", "3"]


def test_no_value(serve):
    node = serve("""
@kck.product
def missing(n: int):
    note("missing")
    raise kck.NoValue

@kck.product(empty={"as": "value", "cache_seconds": 60})
def none_listed(n: int):
    note("listed")
    raise kck.NoValue
""")
    for _ in range(2):
        error_of(node.get("/fetch/missing/1"), "KCKKeyNotSetException", 404)
        assert node.value("none_listed/1") == []
    assert runs(node) == ["missing", "listed"], "that there is none is remembered"


def test_an_exception_is_told_to_the_log_and_not_to_the_caller(serve):
    node = serve("""
@kck.product
def failing(n: int):
    secret = "hunter2"
    raise ValueError(f"the password {secret} was refused")
""")
    message = error_of(node.get("/fetch/failing/1"), "KCKPrimerFailed", 502)
    assert "hunter2" not in message and "ValueError" in message
    wait_for(lambda: "the password hunter2 was refused" in node.log(), "the traceback in the log")
    assert re.search(r'products/all\.py", line \d+, in failing', node.log()), node.log()
    shown = node.run("explain", "failing/1")
    assert shown.returncode == 0 and "the password hunter2 was refused" in shown.stdout, shown.stdout
    assert "in failing" in shown.stdout
    assert metric(node, 'kck_python_failures_total{how="raised"}') >= 1
    assert metric(node, "kck_python_restarts_total") == 0, "an exception costs no worker"


def test_errors_that_are_meant_for_the_caller(serve):
    node = serve("""
@kck.product
def choosy(how: str):
    raise getattr(kck, how)(f"this is {how}")
""")
    for name, status in (("KCKBadRequest", 400), ("KCKBadKey", 400), ("KCKForbidden", 403), ("KCKUnknownKey", 404),
                         ("KCKOverloaded", 503)):
        assert error_of(node.get(f"/fetch/choosy/{name}"), name, status) == f"this is {name}"


def test_a_value_without_a_form_in_json_names_its_place(serve):
    node = serve("""
@kck.product
def odd():
    return {"rows": [1, object()]}
""")
    assert "rows" not in error_of(node.get("/fetch/odd"), "KCKPrimerFailed", 502)
    wait_for(lambda: 'value["rows"][1]' in node.log(), "the place in the log")


DAMAGE = """
import ctypes
import sys

@kck.product
def good(n: int):
    return n + 1

@kck.product(timeout="300ms")
def hangs():
    while True:
        time.sleep(0.01)

@kck.product
def crashes():
    ctypes.string_at(0)

@kck.product
def leaks():
    held = []
    while True:
        held.append(bytearray(1 << 20))

@kck.product
def leaves():
    sys.exit("enough of it")

@kck.product
def deep():
    return deep.function()

@kck.product
def forks():
    if (child := os.fork()) == 0:
        return "of the child"
    os.waitpid(child, 0)
    return "of the parent"

@kck.product
def prints():
    print("printed by a product")
    os.write(2, b"written to stderr\\n")
    return "done"
"""


def test_what_a_product_does_costs_its_own_request_alone(serve):
    node = serve(DAMAGE, memory="256MiB")
    assert node.value("good/1") == 2
    for number, (key, name, status) in enumerate([
            ("hangs", "KCKSourceTimeout", 504), ("crashes", "KCKPrimerFailed", 502), ("leaks", "KCKPrimerFailed", 502),
            ("leaves", "KCKPrimerFailed", 502), ("deep", "KCKPrimerFailed", 502)]):
        error_of(node.get(f"/fetch/{key}"), name, status)
        assert node.value(f"good/{number + 10}") == number + 11
    assert node.value("forks") == "of the parent"
    assert node.value("prints") == "done"
    for words in ("printed by a product", "written to stderr", "MemoryError", "enough of it", "RecursionError",
                  "Segmentation fault"):
        wait_for(lambda words=words: words in node.log(), f"{words!r} in the log")
    assert "SystemExit" in node.run("explain", "leaves").stdout
    assert metric(node, 'kck_python_failures_total{how="late"}') == 1
    assert metric(node, 'kck_python_failures_total{how="died"}') == 1
    assert metric(node, "kck_python_restarts_total") >= 2
    assert metric(node, "kck_python_workers") + metric(node, "kck_python_workers_starting") == 2
    assert metric(node, "kck_python_resident_bytes") > 1 << 20


def test_what_ran_beside_a_crash_is_computed_again(serve):
    node = serve("""
@kck.product
async def beside(n: int):
    import asyncio
    note(f"beside {n}")
    while not pathlib.Path("crashed").exists():
        await asyncio.sleep(0.005)
    return n

@kck.product
def crashes():
    pathlib.Path("crashed").touch()
    os.kill(os.getpid(), 9)
""", workers=1)
    values = {}
    readers = [threading.Thread(target=lambda n=n: values.update({n: node.get(f"/fetch/beside/{n}")})) for n in range(4)]
    for reader in readers:
        reader.start()
    wait_for(lambda: len(runs(node)) == 4, "all four to be under way")
    error_of(node.get("/fetch/crashes"), "KCKPrimerFailed", 502)
    for reader in readers:
        reader.join()
    assert [values[n].json()["value"] for n in range(4)] == [0, 1, 2, 3]
    assert len(runs(node)) > 4, "the worker was taken from under them"


def test_async_functions_run_at_once(serve):
    node = serve("""
import asyncio

inside = 0

@kck.product
async def meets(n: int):
    global inside
    inside += 1
    while inside < 8:
        await asyncio.sleep(0.005)
    return n
""", workers=1)
    answers = {}
    readers = [threading.Thread(target=lambda n=n: answers.update({n: node.value(f"meets/{n}")})) for n in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert answers == {n: n for n in range(8)}, "none returns before all have begun"


MANY = """
@kck.product
def ids():
    return kck.get("listed", default=[1, 2, 3, 4, 5])

@kck.product(many=True, parameters=[{"name": "id", "type": "int"}], domain_key="ids"%s)
def item(ids):
    note(f"{len(ids)} items")
    return {id: id * 10 for id in ids}

@kck.product
def hold(n: int):
    await_gate(f"gate{n}")
"""


def waiting(node):
    (queue,) = node.get("/queue").json()["databases"]
    return queue["waiting"]


def are_computed_at_once(node, number, make_due):
    """Whether five keys that become due while the one refresh that may run is under way are one call after it."""
    before = len(runs(node))
    node.refresh(f"hold/{number}", wait=False)
    wait_for(lambda: f"at gate{number}" in runs(node), "the refresh to be under way")
    make_due()
    wait_for(lambda: waiting(node) == 5 or make_due(), "the keys to wait")
    (node.folder / f"gate{number}").touch()
    wait_for(lambda: waiting(node) == 0, "them to be computed")
    return "5 items" in runs(node)[before:]


def test_many_keys_of_a_domain_are_computed_together(serve):
    node = serve(MANY % "", {"processes/warm.yml": "domain: item\nevery: 1h\n"})
    # What a key takes is measured, and a busy machine may make it look dear: then there are further rounds.
    numbers = iter(range(1000))
    wait_for(lambda: are_computed_at_once(node, next(numbers), lambda: warm(node)), "a call of all of them", 90)
    assert [node.value(f"item/{n}") for n in range(1, 6)] == [10, 20, 30, 40, 50]


def warm(node):
    assert node.request("POST", "/processes/warm/run").status_code in (202, 503)


def test_many_keys_are_refreshed_together_by_their_interval(serve):
    node = serve(MANY % ', every="50ms"')
    read = lambda: [node.value(f"item/{n}") for n in range(1, 6)] == []  # noqa: E731: who is not read is not refreshed
    numbers = iter(range(1000))
    wait_for(lambda: are_computed_at_once(node, next(numbers), read), "a call of all of them", 90)


def test_new_members_of_a_domain_are_computed_before_anyone_asks(serve):
    node = serve(MANY % "")
    set_ok(node, "listed", "[1]")
    assert node.value("ids") == [1] and node.value("item/1") == 10
    set_ok(node, "listed", "[1, 2]")
    wait_for(lambda: node.get("/explain/item/2").json()["entry"], "the new one")
    assert runs(node) == ["1 items", "1 items"]


def test_one_bad_key_of_many_fails_alone(serve):
    node = serve("""
@kck.product(many=True, parameters=[{"name": "id", "type": "int"}])
def item(ids):
    note(len(ids))
    return {id: ValueError("this one") if id == 2 else id for id in ids if id != 3}

@kck.product(many=True, parameters=[{"name": "id", "type": "int"}])
def all_or_none(ids):
    if 2 in ids:
        raise ValueError("with two among them")
    return [str(id) for id in ids]
""")
    answers = node.request("POST", "/mget", json=["item/1", "item/2", "item/3", "item/4"]).json()
    shown = [one["value"] if one["success"] else one["error"]["name"] for one in answers["items"]]
    assert shown == [1, "KCKPrimerFailed", "KCKKeyNotSetException", 4]
    answers = node.request("POST", "/mget", json=[f"all_or_none/{n}" for n in range(5)]).json()
    shown = [one["value"] if one["success"] else one["error"]["name"] for one in answers["items"]]
    assert shown == ["0", "1", "KCKPrimerFailed", "3", "4"]


READS = """
@kck.product
def report(city: str):
    text = kck.get("shop", city, default="none")
    note(f"report {city}: {text}")
    return {"text": text, "fixed": kck.get("fixed", default=None)}

@kck.product
async def summary(city: str):
    return {"of": (await kck.aget("report", city))["text"]}
"""


def test_what_a_product_reads_refreshes_it(serve):
    node = serve(READS)
    set_ok(node, "shop/Oslo", '"open"')
    first = node.fetch("summary/Oslo")
    assert first.json()["value"] == {"of": "open"}
    assert first.headers["KCK-State"] == "fresh", "what it waited for while it was computed is no change of it"
    assert runs(node) == ["report Oslo: open"]
    set_ok(node, "shop/Oslo", '"closed"')
    wait_for(lambda: runs(node)[-1] == "report Oslo: closed", "the refresh before anyone asks")
    wait_for(lambda: node.value("summary/Oslo") == {"of": "closed"}, "what follows from it")

    set_ok(node, "shop/Oslo", '"closed"')
    assert node.fetch("report/Oslo").headers["KCK-State"] == "fresh", "equal content changes nothing"
    assert runs(node) == ["report Oslo: open", "report Oslo: closed"]

    # What was not there has been read as well.
    set_ok(node, "fixed", "1")
    wait_for(lambda: node.value("report/Oslo") == {"text": "closed", "fixed": 1}, "what came to be there")
    node.request("DELETE", "/fetch/shop/Oslo")
    wait_for(lambda: node.value("report/Oslo")["text"] == "none", "what was taken away")


def test_what_a_product_reads_is_known_after_a_restart(serve):
    node = serve(READS)
    set_ok(node, "shop/Oslo", '"open"')
    set_ok(node, "shop/Bergen", '"open"')
    assert node.value("report/Oslo")["text"] == node.value("report/Bergen")["text"] == "open"
    assert node.stop() == 0
    node.start()
    set_ok(node, "shop/Bergen", '"open"')
    set_ok(node, "shop/Oslo", '"closed"')
    wait_for(lambda: "report Oslo: closed" in runs(node), "the refresh before anyone asks")
    assert node.fetch("report/Bergen").headers["KCK-State"] == "fresh"
    assert runs(node).count("report Bergen: open") == 1
    node.kill()
    node.start()
    set_ok(node, "shop/Bergen", '"closed"')
    wait_for(lambda: "report Bergen: closed" in runs(node), "the same after a kill")


def test_a_sql_product_that_is_read_refreshes_its_reader(serve, tmp_path):
    url = make_sqlite(tmp_path / "shop.db", SHOP)
    node = serve("""
@kck.product
def doubled(id: int):
    return kck.get("item", id)[0][0] * 2
""", {"products/item.yml": "database: main\nparameters: [{name: id, type: int}]\n"
                           "query: {template: select n from item where id = :id}\nrefresh: {after_updates: [item/:id]}\n",
      "updaters/item.yml": SHOP_UPDATER},
                 settings=kck_yml(f'main: {{url: "{url}"}}'))
    assert node.value("doubled/1") == 20
    assert node.request("PUT", "/update/item/1", json={"n": 7}).status_code == 200
    wait_for(lambda: node.value("doubled/1") == 14, "the change to come through")


def test_a_cycle_is_refused(serve):
    node = serve("""
@kck.product
def hen():
    return [kck.get("egg")]

@kck.product
def egg():
    return [kck.get("hen")]

@kck.product
def itself(n: int):
    return kck.get("itself", n)
""", workers=1)
    error_of(node.get("/fetch/hen"), "KCKPrimerFailed", 502)
    wait_for(lambda: "egg → hen → egg" in node.log(), "the cycle in the log")
    error_of(node.get("/fetch/itself/1"), "KCKPrimerFailed", 502)
    wait_for(lambda: "itself/1 → itself/1" in node.log(), "the cycle in the log")


def test_nested_reads_need_no_more_workers_than_there_are(serve):
    node = serve("""
@kck.product
def tower(n: int):
    return 0 if n == 0 else kck.get("tower", n - 1) + 1

@kck.product
def wide():
    return sum(kck.mget([kck.key("tower", n) for n in range(20, 30)]))
""", workers=1)
    assert node.value("tower/12") == 12
    assert node.value("wide") == sum(range(20, 30))


def test_what_waits_for_the_one_worker_among_others_is_computed_for_its_reader(serve):
    node = serve(MANY % "" + """
@kck.product
def outer():
    await_gate("gate")
    return kck.get("item", 1)
""", workers=1)
    answers = []
    reader = threading.Thread(target=lambda: answers.append(node.value("outer")))
    reader.start()
    wait_for(lambda: runs(node) == ["at gate"], "the reader to be under way")
    for n in range(1, 4):
        node.refresh(f"item/{n}", wait=False)
    wait_for(lambda: metric(node, "kck_python_waiting") >= 1, "their call to wait for the worker")
    (node.folder / "gate").touch()
    reader.join()
    assert answers == [10]


def test_hints_arrive_as_an_argument(serve, tmp_path):
    url = make_sqlite(tmp_path / "shop.db", SHOP)
    node = serve("""
import sqlite3

@kck.product(database="main", after_updates="item/:id")
def item(id: int, hints):
    n = sqlite3.connect(os.environ["SHOP_DB"]).execute("select n from item where id = ?", [id]).fetchone()[0]
    return {"n": n, "hints": hints}
""".replace('os.environ["SHOP_DB"]', repr(url.removeprefix("sqlite:"))), {
        "updaters/item.yml": SHOP_UPDATER},
                 settings=kck_yml(f'main: {{url: "{url}"}}'))
    assert node.value("item/1") == {"n": 10, "hints": []}
    written = node.request("PUT", "/update/item/1", json={"n": 11})
    assert written.status_code == 200, written.text
    shown = node.get("/fetch/item/1", headers={"KCK-After": written.json()["token"]}).json()["value"]
    assert shown["n"] == 11, "with the write's token"
    wait_for(lambda: node.value("item/1")["hints"], "the refresh of the write, with what it knows")
    hint = node.value("item/1")["hints"][0]
    assert "11" in json.dumps(hint) and "item" in json.dumps(hint), hint
    assert node.request("POST", "/refresh/item/1", json={"by": "hand"}).status_code in (200, 202)
    wait_for(lambda: node.value("item/1")["hints"] == [{"by": "hand"}], "the refresh by hand")


def test_calls_of_a_product(serve):
    node = serve("""
@kck.product
def base(n: int):
    note("base")
    return n

@kck.product
def caller(n: int):
    kck.set("noted", {"n": n})
    kck.refresh("base", n, hint={"why": "caller"})
    kck.purge("other")
    return [base(n), base.function(n), base(n=n)]
""")
    set_ok(node, "other", "1")
    assert node.value("caller/3") == [3, 3, 3]
    assert node.value("noted") == {"n": 3}
    assert node.get("/fetch/other").status_code == 404


def test_classes_and_their_hooks(serve):
    node = serve("""
class Weather(kck.Primer):
    name = "weather"
    expire = 60

    def compute(self, city: str, days: int = None):
        return {"city": city, "days": days}

    def pre_prime(self, key):
        note(f"pre {key}")

    def post_prime(self, key, params, value):
        note(f"post {key} {params['days']} {value['city']}")
        raise ValueError("of a hook")
""")
    assert node.value("weather/Oslo/3") == {"city": "Oslo", "days": 3}
    assert runs(node) == ["pre weather/Oslo/3", "post weather/Oslo/3 3 Oslo"]
    wait_for(lambda: "ValueError: of a hook" in node.log(), "the hook's error in the log")


def test_values_of_libraries_and_options(serve):
    node = serve("""
from dataclasses import dataclass
from decimal import Decimal

@dataclass
class Price:
    amount: Decimal
    currency: str

@kck.product(expire=60, stale=30, settable=True, on_miss="error", cache_control={"max_age": 10})
def price(n: int):
    return Price(Decimal("1.10"), "EUR")
""")
    error_of(node.get("/fetch/price/1"), "KCKKeyNotSetException", 404)
    refreshed = node.refresh("price/1")
    assert '"value":{"amount":1.10,"currency":"EUR"}' in refreshed.text
    assert "max-age=10" in node.fetch("price/1").headers["Cache-Control"]
    set_ok(node, "price/1", "5")
    assert node.value("price/1") == 5

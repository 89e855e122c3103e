"""Updaters, processes and changes of files in Python; what `kck check` says of them; how the workers end."""

import json
import re
import signal
import subprocess
import threading

import pytest

from support import openapi
from support.files import make_sqlite
from support.python import NOTE, PYTHON, is_alive, kck_yml, kill, runs, workers_of
from support.wait import wait_for

# Products and updaters of table item, over the database that URL names: by psycopg, or by sqlite3.
ITEMS = """
import contextlib
import sqlite3

URL = %r

@contextlib.contextmanager
def database():
    if URL.startswith("sqlite:"):
        connection = sqlite3.connect(URL.removeprefix("sqlite:"), isolation_level=None)
    else:
        import psycopg
        connection = psycopg.connect(URL, autocommit=True)
    with contextlib.closing(connection):
        yield connection

def run(sql, *params):
    if not URL.startswith("sqlite:"):
        sql = sql.replace("?", "%%s")
    with database() as connection:
        cursor = connection.execute(sql, params)
        return cursor.fetchall() if cursor.description else cursor.rowcount
"""
PRODUCT = """
from items import run

@kck.product(after_updates="item/:id"%s)
def item(id: int):
    found = run("select name, price from item where id = ?", id)
    if not found:
        raise kck.NoValue
    return {"name": found[0][0], "price": found[0][1]}
"""
UPDATER = """
import os
import signal

import kck
from items import run


class Item(kck.Updater):
    name = "item"
    description = "Items of the shop"
    primary_key = "id"

    def insert(self, id: int, name: str, price: float | None = None):
        if name == "":
            raise kck.KCKBadRequest("an item has a name")
        if name == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        run("insert into item values (?, ?, ?)", id, name, price)
        return {"id": id}

    def update(self, id: int, name: str, price: float | None = None):
        return run("update item set name = ?, price = ? where id = ?", name, price, id)

    def delete(self, id: int):
        return run("delete from item where id = ?", id)
"""
TABLE = "create table item (id integer primary key, name text not null, price float)"


@pytest.fixture(params=["postgres", "sqlite"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return make_sqlite(tmp_path / "items.db", TABLE)
    database = request.getfixturevalue("database")
    database.execute(TABLE)
    return database.url


@pytest.fixture
def shop(make_node, url):
    """shop(names_it): a product and an updater in Python over table item; the product names its database, or does not."""

    def start(names_it=False, **files):
        named = ', database="main"' if names_it else ""
        return make_node({
            "kck.yml": kck_yml(f'main: {{url: "{url}"}}', path="[lib]"), "lib/items.py": ITEMS % url,
            "products/item.py": NOTE + PRODUCT % named, "updaters/item.py": UPDATER, **files,
        }).start()

    return start


def after(node, key, token):
    answer = node.get("/fetch/" + key, headers={"KCK-After": token})
    assert answer.status_code in (200, 404), answer.text
    return answer.json().get("value")


def written(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def error_of(answer, name, status):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["name"] == name, answer.text
    return answer.json()["error"]["message"]


@pytest.mark.parametrize("names_it", [False, True], ids=["alone", "of-a-database"])
def test_an_updater_in_python_its_token_and_what_follows(shop, names_it):
    node = shop(names_it)
    made = written(node.request("POST", "/create/item", json={"id": 1, "name": "pen", "price": 1.5}))
    assert (made["action"], made["rows"], made["returning"]) == ("insert", 1, [{"id": 1}])
    assert after(node, "item/1", made["token"]) == {"name": "pen", "price": 1.5}
    changed = written(node.request("PUT", "/update/item/1", data={"name": "quill"}))
    assert (changed["action"], changed["rows"], changed["returning"]) == ("update", 1, [])
    assert after(node, "item/1", changed["token"]) == {"name": "quill", "price": None}
    written(node.request("PUT", "/update/item/1", json={"name": "brush", "price": 2}))
    wait_for(lambda: node.value("item/1") == {"name": "brush", "price": 2.0}, "the refresh after the write")
    gone = written(node.request("DELETE", "/update/item/1"))
    assert (gone["action"], gone["rows"]) == ("delete", 1)
    assert after(node, "item/1", gone["token"]) is None
    assert written(node.request("PUT", "/update/item/9", json={"name": "none"}))["rows"] == 0


def test_a_sql_product_shows_what_an_updater_in_python_wrote(shop):
    product = ("database: main\nparameters: [{name: id, type: int}]\n"
               "query: {template: select name from item where id = :id}\nrefresh: {after_updates: [item/:id]}\n")
    node = shop(**{"products/sql_item.yml": product})
    written(node.request("POST", "/create/item", json={"id": 1, "name": "pen"}))
    assert node.value("sql_item/1") == [["pen"]]
    for name in ("quill", "brush"):
        token = written(node.request("PUT", "/update/item/1", json={"name": name}))["token"]
        assert after(node, "sql_item/1", token) == [[name]]


def test_a_sql_updater_refreshes_a_product_in_python(shop):
    updater = ("database: main\nparameters: [{name: id, type: int, primary_key: true}, {name: name}]\n"
               'query: {template: {insert: "insert into item values (:id, :name, 1)", '
               'update: "update item set name = :name where id = :id"}}\n')
    node = shop(True, **{"updaters/item.py": "", "updaters/item.yml": updater})
    made = written(node.request("POST", "/create/item", json={"id": 1, "name": "pen"}))
    assert after(node, "item/1", made["token"])["name"] == "pen"
    for name in ("quill", "brush"):
        token = written(node.request("PUT", "/update/item/1", json={"name": name}))["token"]
        assert after(node, "item/1", token)["name"] == name
    written(node.request("PUT", "/update/item/1", json={"name": "chalk"}))
    wait_for(lambda: node.value("item/1")["name"] == "chalk", "the refresh after the write")


def test_refusals_and_failures_of_an_updater(shop):
    node = shop()
    nameless = node.request("POST", "/create/item", json={"id": 1, "name": ""})
    assert error_of(nameless, "KCKBadRequest", 400) == "an item has a name"
    assert "name" in error_of(node.request("POST", "/create/item", json={"id": 1}), "KCKBadRequest", 400)
    error_of(node.request("POST", "/create/item", json={"id": "x", "name": "a"}), "KCKBadRequest", 400)
    written(node.request("POST", "/create/item", json={"id": 1, "name": "secret"}))
    message = error_of(node.request("POST", "/create/item", json={"id": 1, "name": "secret"}), "KCKSourceError", 502)
    assert "secret" not in message
    wait_for(lambda: re.search(r'updaters/item\.py", line \d+, in insert', node.log()), "the traceback in the log")
    message = error_of(node.request("POST", "/create/item", json={"id": 2, "name": "crash"}), "KCKSourceError", 502)
    assert "whether it wrote is not known" in message
    assert 'kck_writes_total{updater="item",result="KCKSourceError"} 2' in node.get("/metrics").text


PROCESS = """
from items import run

@kck.process(every="1h")
def import_items():
    note("imports")
    kck.create("item", {"id": 7, "name": "pen"})
    kck.refresh("item", 7)
    print(kck.get("item", 7))

@kck.process(every="1h", timeout="1h")
async def fails():
    raise ValueError("of a process")
"""


def test_a_process_in_python_writes_through_an_updater_in_python(shop):
    node = shop(**{"processes/all.py": NOTE + PROCESS})
    done = node.run("process", "run", "import_items", "--wait")
    assert done.returncode == 0 and done.stdout.startswith("ran import_items"), done.stderr
    assert node.value("item/7")["name"] == "pen"
    assert "python worker" in node.log() and "'name': 'pen'" in node.log()
    assert node.run("process", "run", "fails", "--wait").returncode == 1
    shown = {one["name"]: one for one in node.get("/processes").json()["processes"]}
    assert shown["import_items"]["kind"] == "python" and shown["import_items"]["runs"][0]["result"] == "done"
    assert shown["fails"]["last_failure"]["result"] == "KCKPrimerFailed"
    assert "of a process" not in node.get("/processes").text
    wait_for(lambda: "ValueError: of a process" in node.log(), "the traceback in the log")
    assert 'kck_process_runs_total{process="import_items",result="done"} 1' in node.get("/metrics").text


def test_one_worker_is_enough_for_what_calls_an_updater(make_node, tmp_path):
    url = make_sqlite(tmp_path / "items.db", TABLE)
    node = make_node({"kck.yml": kck_yml(workers=1, path="[lib]"), "lib/items.py": ITEMS % url,
                      "updaters/item.py": UPDATER, "products/item.py": NOTE + PRODUCT % "", "processes/all.py": NOTE + PROCESS}).start()
    assert node.run("process", "run", "import_items", "--wait").returncode == 0
    assert node.value("item/7")["name"] == "pen"


def test_a_process_runs_at_its_times(make_node):
    node = make_node({"kck.yml": kck_yml(), "processes/tick.py": NOTE + """
@kck.process(every="50ms")
def tick():
    note("tick")
"""}).start()
    wait_for(lambda: len(runs(node)) >= 3, "three runs")
    listed = node.run("process", "list")
    assert "python" in listed.stdout and "every 50ms" in listed.stdout


# Changes of files.


# A product over a helper's FACTOR.
TIMES = "import kck, helper\n\n@kck.product\ndef times(n: int):\n    return n%s\n"


def refused(node):
    return node.get("/readyz").json().get("refused_change", [])


def test_a_changed_product_a_changed_helper_and_a_broken_change(make_node):
    node = make_node({"kck.yml": kck_yml(path="[lib]"), "lib/helper.py": "FACTOR = 2\n",
                      "products/n.py": TIMES % " * helper.FACTOR"}).start()
    assert node.value("times/4") == 8
    node.write({"products/n.py": TIMES % " * helper.FACTOR + 1"})
    wait_for(lambda: node.value("times/4") == 9, "the changed product")
    node.write({"lib/helper.py": "FACTOR = 3\n"})
    wait_for(lambda: node.value("times/4") == 13, "the changed helper")

    node.write({"products/n.py": (TIMES % "").replace("int):", "int)")})
    wait_for(lambda: refused(node), "the refusal")
    assert refused(node)[0].startswith("products/n.py:4:"), refused(node)
    assert node.refresh("times/4").json()["value"] == 13 and node.value("times/5") == 16
    before = workers_of(node)
    for pid in before:
        kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(workers_of(node)) - set(before)) == 2, "other workers")
    assert node.value("times/7") == 22, "they import what is in service, not what lies there"
    node.write({"products/n.py": TIMES % ""})
    wait_for(lambda: node.value("times/4") == 4, "the cure")
    assert not refused(node)

    node.write({"lib/helper.py": "FACTOR = 3\nimport nothing_of_that_name\n"})
    wait_for(lambda: refused(node), "the refusal of a broken helper")
    assert "lib/helper.py:2" in refused(node)[0], refused(node)
    assert node.value("times/6") == 6
    node.write({"lib/helper.py": "FACTOR = 3\n",
                "products/more.py": "import kck\n\n@kck.product\ndef more():\n    return 1\n"})
    wait_for(lambda: node.get("/fetch/more").status_code == 200, "a further file")
    (node.folder / "products/more.py").unlink()
    wait_for(lambda: node.get("/fetch/more").status_code == 404, "the file to go")


def test_no_request_fails_while_files_change(make_node):
    text = "import kck\n\n@kck.product\ndef number(n: int):\n    return [n, {}]\n"
    node = make_node({"kck.yml": kck_yml(), "products/n.py": text.format(0)}).start()
    assert node.value("number/1") == [1, 0]
    over = threading.Event()
    faults, answers = [], []

    def read(first):
        key = first
        while not over.is_set():
            key += 4
            answer = node.get(f"/fetch/number/{key}")
            answers.append(answer.status_code)
            if answer.status_code != 200 or answer.json()["value"][0] != key:
                faults.append(answer.text)

    readers = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 4):
            node.write({"products/n.py": text.format(number)})
            node.signal(signal.SIGHUP)
            wait_for(lambda number=number: node.value("number/1") == [1, number], f"change {number}", 40)
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert not faults and len(answers) > 20, faults[:3]


# kck check.


def faults_of(node):
    done = node.check("--json")
    return done.returncode, json.loads(done.stdout)


def test_check_tells_faults_with_file_and_line(make_node):
    node = make_node({
        "kck.yml": kck_yml(path="[lib]"),
        "lib/helper.py": "x = 1\n\n\nimport nothing_of_that_name\n",
        "products/fine.py": "import kck\n\n@kck.product\ndef fine():\n    return 1\n",
        "products/syntax.py": "import kck\n\ndef broken(:\n    pass\n",
        "products/raises.py": "import kck\n\nraise RuntimeError('at import')\n",
        "products/helped.py": "import kck\nimport helper\n",
        "products/leaves.py": "import sys\nsys.exit(3)\n",
        "products/option.py": "import kck\n\n@kck.product(every='soon')\ndef often():\n    return 1\n",
        "products/typed.py": "import kck\n\n@kck.product\ndef typed(x: list):\n    return 1\n",
        "products/trigger.py":
            "import kck\n\n@kck.product(after_updates='nobody/:id')\ndef triggered(id: int):\n    return 1\n",
        "updaters/both.py":
            "import kck\n\nclass Both(kck.Updater):\n    async def insert(self, a): ...\n    def delete(self, a): ...\n",
        "processes/twice.py":
            "import kck\n\n@kck.process(every='1h')\ndef a(): ...\n\n@kck.process(every='1h', name='a')\ndef b(): ...\n",
    })
    status, faults = faults_of(node)
    assert status == 1
    found = {}
    for fault in faults:
        name = "/".join(fault["file"].split("/")[-2:])
        found.setdefault(name, []).append((fault["line"], fault["message"] + " " + fault["cure"]))
    expected = {"products/syntax.py": (3, "SyntaxError"), "products/raises.py": (3, "RuntimeError: at import"),
                "lib/helper.py": (4, "nothing_of_that_name"), "products/leaves.py": (2, "SystemExit"),
                "products/option.py": (3, "soon"), "products/typed.py": (3, "list"), "products/trigger.py": (3, "nobody"),
                "updaters/both.py": (3, "async"), "processes/twice.py": (6, "defined twice")}
    assert set(found) == set(expected), json.dumps(faults, indent=1)
    for name, (line, part) in expected.items():
        assert found[name][0][0] in (line, line + 1) and part in found[name][0][1], (name, found[name])
    node.launch()
    assert node.process.wait(timeout=60) == 1, "what check refuses is not served"


def test_check_tells_of_an_interpreter_that_does_not_do(make_node, tmp_path):
    product = {"products/one.py": "import kck\n\n@kck.product\ndef one():\n    return 1\n"}
    absent = make_node({"kck.yml": kck_yml(interpreter="/none/python3"), **product})
    status, faults = faults_of(absent)
    assert status == 1 and len(faults) == 1 and faults[0]["file"].endswith("kck.yml") and faults[0]["line"] == 1, faults
    assert "/none/python3" in faults[0]["message"] and "No such file" in faults[0]["message"]

    subprocess.run([PYTHON, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    bare = make_node({"kck.yml": f'python: {{virtualenv: "{tmp_path / "bare"}"}}\nstore: {{url: "memory:"}}\n', **product})
    status, faults = faults_of(bare)
    assert status == 1 and len(faults) == 1, faults
    assert "msgpack" in faults[0]["message"] and "pip install 'kck[worker]'" in faults[0]["message"], faults

    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--system-site-packages", tmp_path / "full"], check=True)
    full = make_node({"kck.yml": f'python: {{virtualenv: "{tmp_path / "full"}"}}\nstore: {{url: "memory:"}}\n', **product})
    assert faults_of(full) == (0, [])
    assert full.start().value("one") == 1


def test_check_reads_a_sound_folder_and_counts_it(make_node, tmp_path):
    url = make_sqlite(tmp_path / "items.db", TABLE)
    node = make_node({"kck.yml": kck_yml(path="[lib]"), "lib/items.py": ITEMS % url, "updaters/item.py": UPDATER,
                      "products/item.py": NOTE + PRODUCT % "", "processes/all.py": NOTE + PROCESS})
    done = node.check()
    assert done.returncode == 0, done.stdout
    assert "1 product, 1 updater and 2 processes read: 0 errors, 0 warnings" in done.stdout, done.stdout


# What is told of them.


def test_openapi_describes_products_and_updaters_in_python(make_node, tmp_path):
    url = make_sqlite(tmp_path / "items.db", TABLE)
    product = (PRODUCT % "").replace("    found", '    """An item\n    of the shop."""\n    found', 1)
    node = make_node({"kck.yml": kck_yml(path="[lib]"), "lib/items.py": ITEMS % url, "updaters/item.py": UPDATER,
                      "products/item.py": NOTE + product}).start()
    document = node.get("/openapi.json").json()
    assert openapi.validate(document) == ""
    fetch = document["paths"]["/fetch/item/{id}"]["get"]
    assert "An item of the shop." in json.dumps(fetch)
    assert fetch["parameters"][0]["name"] == "id" and fetch["parameters"][0]["schema"]["type"] == "integer"
    assert "/create/item" in document["paths"] and "Items of the shop" in json.dumps(document["paths"]["/create/item"])
    assert "/update/item/{id}" in document["paths"]


# The ends of servers and workers.

WAITS = """
@kck.product
def waits():
    await_gate("gate")
    return os.getpid()

@kck.product
def pid(n: int):
    return os.getpid()
"""


def test_a_killed_server_takes_its_workers_along(make_node):
    node = make_node({"kck.yml": kck_yml(), "products/waits.py": NOTE + WAITS}).start()
    first = node.value("pid/1")
    wait_for(lambda: len(workers_of(node)) == 2, "both workers")
    busy = threading.Thread(target=ask_in_vain, args=(node.url + "/fetch/waits",))
    busy.start()
    wait_for(lambda: runs(node) == ["at gate"], "a call to be under way")
    pids = workers_of(node)
    assert first in pids
    node.kill()
    busy.join()
    wait_for(lambda: not any(is_alive(pid) for pid in pids), "the workers to be gone")


def ask_in_vain(url):
    subprocess.run(["curl", "--silent", "--max-time", "60", url], stdout=subprocess.DEVNULL)


def test_a_stop_waits_for_the_call_that_is_under_way(make_node):
    node = make_node({"kck.yml": kck_yml(), "products/waits.py": NOTE + WAITS}).start()
    answers = []
    busy = threading.Thread(target=lambda: answers.append(node.get("/fetch/waits")))
    busy.start()
    wait_for(lambda: runs(node) == ["at gate"], "a call to be under way")
    pids = workers_of(node)
    node.signal()
    wait_for(lambda: "finishing the requests under way" in node.log(), "the server to begin its end")
    (node.folder / "gate").touch()
    assert node.process.wait(timeout=60) == 0
    busy.join()
    assert answers[0].status_code == 200 and answers[0].json()["value"] in pids
    assert not any(is_alive(pid) for pid in pids)


def test_a_stop_ends_a_call_that_does_not(make_node):
    settings = kck_yml(more="http: {drain_timeout_ms: 100}")
    node = make_node({"kck.yml": settings, "products/waits.py": NOTE + WAITS}).start()
    busy = threading.Thread(target=ask_in_vain, args=(node.url + "/fetch/waits",))
    busy.start()
    wait_for(lambda: runs(node) == ["at gate"], "a call to be under way")
    pids = workers_of(node)
    node.signal()
    assert node.process.wait(timeout=60) == 0
    busy.join()
    assert not any(is_alive(pid) for pid in pids)

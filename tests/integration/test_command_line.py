"""The commands of `kck`, as a person and as a script would use them."""

import json
import os
import signal
import socket
import subprocess

import httpx
import pytest

from support.files import kck_yml, make_sqlite, product
from support.node import Node, run_kck
from support.wait import wait_for


@pytest.fixture
def node(make_node, tmp_path):
    url = make_sqlite(tmp_path / "items.db", "create table item (id integer primary key, name text);"
                                             "insert into item values (1, 'one'), (2, 'two')")
    files = {
        "kck.yml": kck_yml(url, store="memory:"),
        "products/item.yml": product("select name from item where id = :id", "id: int"),
    }
    return make_node(files).start()


def succeeds(done):
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}{done.stderr}"
    return done.stdout


def fails(done, *parts, status=1):
    assert done.returncode == status, f"{done.stdout}{done.stderr}"
    for part in parts:
        assert part in done.stderr, done.stderr
    return done.stderr


def test_version(kck_binary):
    text = succeeds(run_kck(kck_binary, "version"))
    name, number = text.split()
    assert name == "kck" and number[0].isdigit()
    assert json.loads(succeeds(run_kck(kck_binary, "version", "--json"))) == {"version": number}
    assert succeeds(run_kck(kck_binary, "--version")) == text


@pytest.mark.parametrize("arguments", [
    [], ["dance"], ["fetch"], ["set", "key"], ["serve", "--threads", "none"], ["serve", "--listen", "nowhere"],
    ["fetch", "key", "--url", "ftp://x"],
])
def test_usage_errors_exit_2(kck_binary, tmp_path, arguments):
    (tmp_path / "kck.yml").write_text(kck_yml("sqlite:x.db", store="memory:"))
    done = run_kck(kck_binary, "--folder", tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr


def test_help_exits_0(kck_binary):
    text = succeeds(run_kck(kck_binary, "--help"))
    for command in ["serve", "check", "fetch", "set", "purge", "refresh", "explain", "queue", "process", "init", "version"]:
        assert command in text


def test_fetch(node):
    assert succeeds(node.run("fetch", "item/1")) == '[["one"]]\n'
    answer = json.loads(succeeds(node.run("fetch", "item/2", "--json")))
    assert (answer["success"], answer["key"], answer["value"]) == (True, "item/2", [["two"]])


def test_a_terminal_shows_a_row_a_line(node):
    node.set("table", '[[1,"a, [b]"],[2,"\\\\"],[],{"c":[3,4]}]')
    node.set("blank", "[]")
    assert on_a_terminal(node, "fetch", "table") == [
        "[", '  [1,"a, [b]"],', '  [2,"\\\\"],', "  [],", '  {"c":[3,4]}', "]"]
    assert on_a_terminal(node, "fetch", "blank") == ["[]"]


def on_a_terminal(node, *arguments):
    """The lines that a command prints where its standard output is a terminal."""
    ours, theirs = os.openpty()
    try:
        command = [node.binary, *arguments, "--url", node.url]
        assert subprocess.run(command, stdout=theirs, timeout=60).returncode == 0
        return os.read(ours, 65536).decode().splitlines()
    finally:
        os.close(ours)
        os.close(theirs)


def test_fetch_that_fails_says_what_to_try(node):
    fails(node.run("fetch", "nothing"), "KCKUnknownKey", "kck check")
    fails(node.run("fetch", "item/x"), "KCKBadKey", "percent-encoded")
    done = node.run("fetch", "item/3", "--json")
    fails(done, "KCKKeyNotSetException")
    assert json.loads(done.stdout)["error"]["name"] == "KCKKeyNotSetException"


def test_set_and_purge(node):
    assert succeeds(node.run("set", "greeting/for you", '{"text": "é"}')).startswith("set greeting/for you, version ")
    assert json.loads(succeeds(node.run("fetch", "greeting/for you"))) == {"text": "é"}
    assert json.loads(succeeds(node.run("fetch", "greeting/for%20you"))) == {"text": "é"}
    assert succeeds(node.run("set", "greeting", "-", input="[1, 2]")).startswith("set greeting")
    assert json.loads(succeeds(node.run("fetch", "greeting"))) == [1, 2]
    assert succeeds(node.run("purge", "greeting")) == "purged greeting\n"
    fails(node.run("fetch", "greeting"), "KCKUnknownKey")


def test_compare_and_set(node):
    version = json.loads(succeeds(node.run("set", "counter", "1", "--json")))["version"]
    succeeds(node.run("set", "counter", "2", "--if-match", version))
    fails(node.run("set", "counter", "3", "--if-match", version), "VersionMismatch", "--json")
    fails(node.run("purge", "counter", "--if-match", version), "VersionMismatch")
    assert succeeds(node.run("fetch", "counter")) == "2\n"


def test_set_that_is_no_json_is_a_usage_error(node):
    fails(node.run("set", "greeting", "hello"), "not JSON", "quotes", status=2)


def test_refresh(node, tmp_path):
    assert succeeds(node.run("fetch", "item/1")) == '[["one"]]\n'
    make_sqlite(tmp_path / "items.db", "update item set name = 'first' where id = 1")
    assert succeeds(node.run("fetch", "item/1")) == '[["one"]]\n'
    assert succeeds(node.run("refresh", "item/1", "--wait")).startswith("refreshed item/1, version ")
    assert succeeds(node.run("fetch", "item/1")) == '[["first"]]\n'

    make_sqlite(tmp_path / "items.db", "update item set name = 'again' where id = 1")
    assert succeeds(node.run("refresh", "item/1")) == "queued a refresh of item/1\n"
    wait_for(lambda: node.run("fetch", "item/1").stdout == '[["again"]]\n', "the queued refresh")


def test_a_whole_product(node, tmp_path):
    for key in ["item/1", "item/2"]:
        succeeds(node.run("fetch", key))
    make_sqlite(tmp_path / "items.db", "update item set name = name || '!'")
    assert succeeds(node.run("refresh", "item/*")) == "queued a refresh of item/*\n"
    wait_for(lambda: node.run("fetch", "item/2").stdout == '[["two!"]]\n', "the product's refresh")
    make_sqlite(tmp_path / "items.db", "update item set name = name || '?'")
    assert succeeds(node.run("purge", "item/*")) == "purged item/*\n"
    assert succeeds(node.run("fetch", "item/1")) == '[["one!?"]]\n'


def test_the_server_is_found_by_the_folder(node):
    text = (node.folder / "kck.yml").read_text()
    node.write({"kck.yml": text + f'http: {{listen: "127.0.0.1:{node.port}"}}\n'})
    assert succeeds(node.run("fetch", "item/1", url=False)) == '[["one"]]\n'


def test_no_server(kck_binary, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        fails(run_kck(kck_binary, "fetch", "item/1", "--url", url), url, "kck serve")
    fails(run_kck(kck_binary, "--folder", tmp_path, "fetch", "item/1"), "kck.yml", "--folder", "--url")


def test_no_folder(kck_binary, tmp_path):
    for command in ["serve", "check"]:
        done = run_kck(kck_binary, "--folder", tmp_path, command)
        assert done.returncode == 1 and "kck.yml" in done.stdout + done.stderr


def test_port_in_use(node, make_node):
    other = make_node({"kck.yml": (node.folder / "kck.yml").read_text()})
    other.port = node.port
    other.launch()
    assert other.process.wait(timeout=30) == 1
    assert str(node.port) in other.log() and "use" in other.log()


def test_store_in_use_names_the_folder(make_node, tmp_path):
    url = make_sqlite(tmp_path / "items.db", "create table item (id)")
    files = {"kck.yml": kck_yml(url, store=f"rocksdb:{tmp_path / 'store'}")}
    make_node(files).start()
    other = make_node(files)
    other.launch()
    assert other.process.wait(timeout=30) == 1
    assert str(tmp_path / "store") in other.log()


def test_init_serves_at_once(kck_binary, tmp_path):
    folder = tmp_path / "new" / "folder"
    text = succeeds(run_kck(kck_binary, "init", folder))
    assert "kck.yml" in text and f"kck --folder {folder} serve" in text
    assert "0 errors, 0 warnings" in succeeds(run_kck(kck_binary, "--folder", folder, "check"))
    node = Node(kck_binary, folder, {})
    try:
        node.start()
        assert node.value("hello/en/World") == [{"message": "Hello, World!", "language": "en"}]
        assert node.value("hello/xx/World") == []
    finally:
        node.destroy()


def test_init_overwrites_nothing(kck_binary, tmp_path):
    (tmp_path / "products").mkdir()
    mine = tmp_path / "products" / "hello.yml"
    mine.write_text("mine")
    fails(run_kck(kck_binary, "init", tmp_path), "hello.yml", "another folder")
    assert mine.read_text() == "mine" and not (tmp_path / "kck.yml").exists()


def test_listen_on_all_addresses_warns(make_node, node):
    open_node = make_node({"kck.yml": (node.folder / "kck.yml").read_text()})
    command = [open_node.binary, "--folder", open_node.folder, "serve", "--listen", "0.0.0.0:0"]
    with open(open_node.folder / "serve.log", "wb") as log:
        open_node.process = subprocess.Popen(command, stdout=log, stderr=log)
    wait_for(lambda: " serves " in open_node.log(), "the server to start")
    assert "has no auth" in open_node.log()
    assert "has no auth" not in node.log()
    assert open_node.stop() == 0


def test_health_and_metrics(node):
    assert node.get("/healthz").status_code == 200
    assert node.get("/readyz").status_code == 200
    metrics = node.get("/metrics").text
    assert "# TYPE kck_" in metrics and 'kck_build_info{version="' in metrics


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(node, number):
    node.signal(number)
    assert node.process.wait(timeout=30) == 0
    assert "stopped" in node.log()
    with pytest.raises(httpx.ConnectError):
        httpx.get(node.url, trust_env=False)
    assert not os.path.exists(f"/proc/{node.process.pid}")

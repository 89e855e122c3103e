"""What the log says of requests and fills, and what it never says; names that requests carry."""

import json
import re
import subprocess

from support.files import kck_yml, make_sqlite, product
from support.wait import wait_for

SECRET = "xyzzy-planted-secret"
SCRIPT = "create table item (id integer primary key, name text); insert into item values (7, 'seven');"
ITEM = product("select name from item where id = :id", params="id: int")
# Counts for some tenths of a second.
SLOW = product("with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000 + :id) select count(*) from n",
               params="id: int")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def files(tmp_path, log, products=None):
    url = make_sqlite(tmp_path / "data.db", SCRIPT)
    return {"kck.yml": kck_yml(url) + f"log: {log}\n", "products/item.yml": ITEM, **(products or {})}


def lines(node):
    return [json.loads(line) for line in node.log().splitlines()]


def requests(node, **wanted):
    return [line for line in lines(node) if line["message"] == "request"
            and all(line.get(name) == value for name, value in wanted.items())]


def serve_json(make_node, tmp_path, products=None, **log):
    fields = {"format": "json", "requests": "true", **log}
    text = "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"
    return make_node(files(tmp_path, text, products)).start()


def test_each_line_is_an_object(make_node, tmp_path):
    node = serve_json(make_node, tmp_path)
    assert node.fetch("item/7").status_code == 200
    wait_for(lambda: requests(node, call="fetch"), "the request's line")
    for line in lines(node):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
        assert line["level"] in ("debug", "info", "warning", "error") and line["message"], line


def test_a_request_has_its_line(make_node, tmp_path):
    node = serve_json(make_node, tmp_path)
    for _ in range(2):
        node.fetch("item/7")
    node.get("/fetch/item/none", headers={"X-Request-Id": "mine-1"})
    wait_for(lambda: len(requests(node, call="fetch")) == 3, "the requests' lines")
    first, second, third = requests(node, call="fetch")
    assert first["from"] == "fill" and second["from"] == "memory" and second["state"] == "fresh"
    assert first["product"] == "item" and first["status"] == 200 and first["method"] == "GET"
    assert first["client"] == "127.0.0.1" and first["bytes"] > 0 and first["duration_ms"] > 0
    assert first["request_id"] and first["request_id"] != second["request_id"]
    assert third["request_id"] == "mine-1" and third["error"] == "KCKBadKey" and third["status"] == 400
    node.get("/healthz")
    assert not requests(node, call="healthz"), "probes are of level debug"


def test_no_line_without_being_asked_for(make_node, tmp_path):
    node = make_node(files(tmp_path, "{requests: false}")).start()
    node.fetch("item/7")
    assert "request" not in node.log().split(" serves ", 1)[1]


def test_requests_carry_their_names(make_node, tmp_path):
    node = serve_json(make_node, tmp_path, requests="false")
    named = node.get("/fetch/item/7", headers={"X-Request-Id": "order:42/a"})
    assert named.headers["X-Request-Id"] == "order:42/a"
    traced = node.get("/fetch/item/7", headers={"traceparent": PARENT})
    assert traced.headers["X-Request-Id"] == TRACE
    failed = node.get("/fetch/none")
    assert re.fullmatch(r"[0-9a-f]{16}", failed.headers["X-Request-Id"])
    garbled = node.get("/fetch/none", headers={"X-Request-Id": "a b\"c", "traceparent": PARENT[:-1]})
    assert re.fullmatch(r"[0-9a-f]{16}", garbled.headers["X-Request-Id"])
    assert "X-Request-Id" not in node.fetch("item/7").headers


def test_slow_fills_are_told(make_node, tmp_path):
    node = serve_json(make_node, tmp_path, {"products/slow.yml": SLOW}, slow_fill="1ms", requests="false")
    node.get("/fetch/slow/1", headers={"traceparent": PARENT, "X-Request-Id": "slow-one"})
    (line,) = [line for line in lines(node) if line["message"] == "a fill was slow"]
    assert line["level"] == "warning" and line["product"] == "slow" and line["database"] == "main"
    assert line["cost_ms"] >= 1 and line["took_ms"] >= 1 and line["rows"] == 1 and line["statement_keys"] == 1
    assert line["request_id"] == "slow-one" and line["trace_id"] == TRACE and re.fullmatch("[0-9a-f]{16}", line["span_id"])


def test_the_log_follows_kck_yml(make_node, tmp_path):
    node = serve_json(make_node, tmp_path, requests="false")
    text = (node.folder / "kck.yml").read_text()
    node.write({"kck.yml": text.replace("requests: false", "requests: true")})
    wait_for(lambda: node.fetch("item/7") and requests(node, call="fetch"), "requests to be logged")


def test_no_line_has_a_secret_or_a_parameter(make_node, tmp_path):
    yml = f'auth: {{keys: [{{algorithm: HS256, secret: "{SECRET} of 32 bytes, or more"}}], auth_user: login/:email}}\n'
    login = "database: main\nname: login\nparameters: [{name: email}]\n" \
            "query: {template: \"select id, 'no hash' from item where name = :email\"}\n"
    text = product("select :name", params="name: string", rest="access: public")
    folder = files(tmp_path, "{format: json, requests: true, level: debug, slow_fill: 1ms}",
                   {"products/text.yml": text, "products/login.yml": login})
    folder["kck.yml"] += yml
    node = make_node(folder).start()
    node.fetch(f"text/{SECRET}")
    node.get(f"/fetch/{SECRET}")
    node.get(f"/mget?key=text%2F{SECRET}")
    node.get("/fetch/text/a", headers={"Authorization": f"Bearer {SECRET}", "X-Request-Id": f"{SECRET} x"})
    node.request("POST", "/login/" + SECRET, json={"password": SECRET})
    node.request("POST", f"/create/{SECRET}", json={"name": SECRET})
    node.request("PUT", f"/set/{SECRET}", content=f'"{SECRET}"')
    node.get(f"/{SECRET}?{SECRET}")
    wait_for(lambda: len(requests(node)) >= 8, "the requests' lines")
    assert SECRET not in node.log()
    assert "select" not in node.log()


def test_a_sampled_trace_is_passed_to_postgresql(make_node, tmp_path, database):
    named = product("select application_name from pg_stat_activity where pid = pg_backend_pid() and :id > 0", params="id: int")
    node = make_node({"kck.yml": kck_yml(database.url), "products/named.yml": named}).start()

    def name(key, **headers):
        return node.get("/fetch/named/" + key, headers=headers).json()["value"][0][0]

    traced = name("1", traceparent=PARENT)
    assert re.fullmatch(f"kck 00-{TRACE}-[0-9a-f]{{16}}-01", traced) and "00f067aa0ba902b7" not in traced
    before = name("2")
    assert TRACE not in before, "it is put back"
    assert name("3", traceparent=PARENT[:-1] + "0") == before, "nobody records this one"


def test_check_says_what_is_wrong(make_node, tmp_path):
    node = make_node(files(tmp_path, "{format: xml, level: loud, slow_fill: soon, request: true}"))
    checked = subprocess.run([node.binary, "--folder", node.folder, "check"], capture_output=True, text=True)
    said = checked.stdout + checked.stderr
    assert checked.returncode == 1
    for what in ['"format" cannot be "xml"', '"level" cannot be "loud"', '"slow_fill" has to be a duration',
                 'unknown field "request"']:
        assert what in said, said

"""The log: JSON or text, request ids, traces, slow and failed fills, and that it tells no secrets."""

import json
import re
import socket

import httpx
import pytest

from support.files import kck_yml, product
from support.wait import wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SECRET = "hunter2planted"


def log_files(url, log, **http):
    return {
        "kck.yml": kck_yml(url, database="statement_timeout_ms: 2000", **http) + f"log: {{{log}}}\n",
        "products/item.yml": product("select :name || '', current_setting('application_name')", "name: string"),
        "products/slow.yml": product("select 1 from pg_sleep(0.15)"),
        "products/broken.yml": product("select 1 / length(:name || '') / 0", "name: string"),
    }


def lines(node):
    return [json.loads(line) for line in node.log().splitlines()]


def requests(node):
    return [line for line in lines(node) if line["message"] == "request"]


def logged(node, request_id):
    """The request's line, which is written behind its answer."""
    return wait_for(lambda: [line for line in requests(node) if line["request_id"] == request_id], request_id)[0]


@pytest.fixture
def node(make_node, database):
    return make_node(log_files(database.url, "format: json, requests: true, slow_fill: 100ms")).start()


def test_each_request_is_a_line_of_json(node):
    for request_id in ("first-1", "second-2"):
        node.get("/fetch/item/apple", headers={"X-Request-Id": request_id})
    line = logged(node, "first-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert (line["level"], line["method"], line["call"], line["product"]) == ("info", "GET", "fetch", "item")
    assert (line["status"], line["from"], line["state"], line["client"]) == (200, "fill", "fresh", "127.0.0.1")
    assert line["duration_ms"] > 0 and line["bytes"] > 100
    assert logged(node, "second-2")["from"] == "memory"


def test_probes_are_no_lines_at_info(node):
    node.get("/healthz")
    node.get("/metrics")
    node.get("/fetch/item/a", headers={"X-Request-Id": "after"})
    logged(node, "after")
    assert [line["call"] for line in requests(node)] == ["fetch"]


def test_bytes_that_are_no_request_are_a_line(node):
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(b"GET /fetch/item/a HTTP/1.1\r\nHost: kck\r\nContent-Length: x\r\n\r\n")
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 400 ")
    line = logged(node, re.search("X-Request-Id: (.*)\r\n", answer)[1])
    assert (line["call"], line["status"]) == ("none", 400)


def test_request_ids(make_node, database):
    node = make_node(log_files(database.url, "requests: false")).start()
    plain = node.get("/fetch/item/a")
    assert "X-Request-Id" not in plain.headers
    assert node.get("/fetch/item/a", headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] == "mine"
    assert node.get("/fetch/item/a", headers={"traceparent": PARENT}).headers["X-Request-Id"] == TRACE
    refused = node.get("/fetch/item/a", headers={"X-Request-Id": "two words"}).headers["X-Request-Id"]
    failed = node.get("/fetch/nothing").headers["X-Request-Id"]
    again = node.get("/fetch/nothing").headers["X-Request-Id"]
    assert all(re.fullmatch("[0-9a-f]{16}", made) for made in (refused, failed, again))
    assert len({refused, failed, again}) == 3


def test_a_slow_fill_names_its_request(node):
    node.get("/fetch/slow", headers={"X-Request-Id": "patient", "traceparent": PARENT})
    line = next(line for line in lines(node) if line["message"] == "a fill was slow")
    assert (line["level"], line["product"], line["database"]) == ("warning", "slow", "main")
    assert (line["request_id"], line["trace_id"], line["rows"], line["behind"]) == ("patient", TRACE, 1, "no")
    assert line["took_ms"] >= line["cost_ms"] >= 100 and line["statement_keys"] == 1


def test_a_failed_fill_names_its_request(node):
    answer = node.get(f"/fetch/broken/{SECRET}", headers={"X-Request-Id": "unlucky"})
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (502, "unlucky")
    line = next(line for line in lines(node) if line["message"].startswith("a fill failed"))
    assert (line["product"], line["error"], line["request_id"]) == ("broken", "KCKSourceError", "unlucky")
    assert logged(node, "unlucky")["error"] == "KCKSourceError"


def test_a_sampled_trace_is_shown_to_the_database(node):
    assert node.value("item/before")[0][1] == "kck"
    name = node.get("/fetch/item/traced", headers={"traceparent": PARENT}).json()["value"][0][1]
    span = re.fullmatch(f"kck 00-{TRACE}-([0-9a-f]{{16}})-01", name).group(1)
    line = logged(node, TRACE)
    assert (line["trace_id"], line["span_id"]) == (TRACE, span) and span != "00f067aa0ba902b7"
    unsampled = PARENT[:-1] + "0"
    assert node.get("/fetch/item/unsampled", headers={"traceparent": unsampled}).json()["value"][0][1] == "kck"
    for key in range(12):
        assert node.value(f"item/after{key}")[0][1] == "kck", "each connection has its name again"


def test_a_failed_fill_leaves_no_trace_on_its_connection(node):
    for key in range(6):
        assert node.get(f"/fetch/broken/{key}", headers={"traceparent": PARENT}).status_code == 502
    for key in range(12):
        assert node.value(f"item/{key}")[0][1] == "kck"


def test_no_secret_is_logged(make_node, database):
    """At the level that tells most: what stands in a header, a query, a path, a body, a URL or the SQL."""
    url = database.url.replace("postgres@", f"postgres:{SECRET}@")
    files = log_files(url, "format: json, level: debug, requests: true, slow_fill: 1ms")
    files["products/item.yml"] = product(f"select :name || '' as {SECRET} from (select pg_sleep(0.002)) as slept", "name: string",
                                         rest="stale_seconds: 0.01\nrefresh: {after_updates: [item]}")
    files["updaters/item.yml"] = ("database: main\nparameters: [{name: name, type: string, primary_key: true}]\n"
                                  f"query:\n  template:\n    update: select :name || '{SECRET}' || 1/0\n")
    node = make_node(files).start()
    headers = {"Authorization": f"Bearer {SECRET}", "X-Other": SECRET, "Cookie": SECRET, "Origin": f"http://{SECRET}",
               "X-Request-Id": f"a {SECRET}", "traceparent": SECRET, "KCK-After": SECRET, "If-Match": SECRET}
    node.get(f"/fetch/item/{SECRET}", headers=headers)
    for path in (f"/fetch/item/{SECRET}?token={SECRET}", f"/fetch/item/{SECRET}", f"/fetch/broken/{SECRET}",
                 f"/fetch/{SECRET}/{SECRET}", f"/{SECRET}?{SECRET}", f"/mget?key=item/{SECRET}", f"/explain/item/{SECRET}"):
        node.get(path)
    node.request("POST", "/mget", content=json.dumps([f"broken/{SECRET}"]))
    node.set(SECRET, json.dumps(SECRET))
    node.set("name", SECRET)
    node.request("PUT", f"/update/item/{SECRET}", json={"name": SECRET, SECRET: SECRET})
    node.refresh(f"item/{SECRET}")
    node.refresh(f"broken/{SECRET}")
    httpx.request("BREW", f"{node.url}/{SECRET}", trust_env=False)
    node.get("/fetch/item/last", headers={"X-Request-Id": "last"})
    logged(node, "last")
    assert {"request", "a fill was slow"} <= {line["message"] for line in lines(node)}
    assert SECRET not in node.log()
    assert "select" not in node.log()


def test_no_login_is_logged(make_node, database):
    auth = f'auth: {{keys: [{{algorithm: HS256, secret: "{SECRET} of 32 bytes, or more"}}], auth_user: login/:email}}\n'
    files = log_files(database.url, "format: json, level: debug, requests: true, slow_fill: 1ms")
    files["kck.yml"] += auth
    files["products/login.yml"] = product("select 7, 'no hash' where length(:email) > 0", "email: string")
    node = make_node(files).start()
    node.request("POST", "/login/" + SECRET, json={"password": SECRET})
    node.request("POST", "/token", json={"refresh_token": SECRET})
    node.get("/fetch/item/a", headers={"Authorization": f"Bearer {SECRET}"})
    wait_for(lambda: len(requests(node)) == 3, "the requests' lines")
    assert SECRET not in node.log()


def test_text_is_the_default(make_node, database):
    node = make_node(log_files(database.url, "requests: true")).start()
    node.get("/fetch/item/a", headers={"X-Request-Id": "plain"})
    wait_for(lambda: "request_id=plain" in node.log(), "the request's line")
    assert re.search(r"info request method=GET call=fetch product=item status=200 bytes=\d+ duration_ms=[\d.]+ from=fill "
                     r"state=fresh request_id=plain client=127\.0\.0\.1\n", node.log())


def test_level_and_requests_follow_the_file(make_node, database):
    node = make_node(log_files(database.url, "format: json")).start()
    node.get("/fetch/item/a", headers={"X-Request-Id": "before"})
    node.write({"kck.yml": log_files(database.url, "format: json, requests: true, slow_fill: 100ms")["kck.yml"]})
    wait_for(lambda: "are in service now" in node.log(), "the change to be taken")
    node.get("/fetch/item/a", headers={"X-Request-Id": "after"})
    logged(node, "after")
    node.get("/fetch/slow")
    assert any(line["message"] == "a fill was slow" for line in lines(node))
    assert "before" not in [line["request_id"] for line in requests(node)]


@pytest.mark.parametrize("log, fault", [
    ("format: xml", "format"), ("level: loud", "level"), ("requests: maybe", "requests"),
    ("slow_fill: soon", "slow_fill"), ("colour: red", "colour"),
])
def test_faults(make_node, database, log, fault):
    node = make_node(log_files(database.url, log))
    checked = node.check()
    assert checked.returncode == 1
    assert re.search(rf"kck\.yml:\d+:\d+: error: .*{fault}", checked.stdout + checked.stderr), checked.stdout


def test_a_refused_start_is_json_too(make_node, database):
    files = log_files(database.url, "format: json")
    files["products/faulty.yml"] = "database: none\n"
    node = make_node(files)
    node.launch()
    assert node.process.wait(timeout=30) == 1
    assert [line["level"] for line in lines(node)].count("error") >= 2

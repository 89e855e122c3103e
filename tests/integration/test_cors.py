"""What browsers ask for a page of another origin, and what such a page may not do."""

import pytest

from support.files import kck_yml, make_sqlite, product

APP = "https://app.example"
UPDATER = 'parameters: [{name: n, type: int}]\nquery: {template: {insert: "insert into item values (:n)"}}\n'


def start(make_node, tmp_path, **http):
    url = make_sqlite(tmp_path / "items.db", "create table item (n int)")
    files = {"kck.yml": kck_yml(url, **http), "products/items.yml": product("select count(*) from item"),
             "updaters/item.yml": UPDATER}
    return make_node(files).start()


@pytest.fixture
def node(make_node, tmp_path):
    return start(make_node, tmp_path, cors=f'{{origins: ["{APP}"], headers: [X-Trace]}}')


def preflight(node, path, origin=APP, method="PUT"):
    return node.request("OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": method,
                                                  "Access-Control-Request-Headers": "authorization"})


def test_a_preflight_says_what_a_page_may_do(node):
    answer = preflight(node, "/update/item/1")
    assert answer.status_code == 204 and answer.content == b"" and "Content-Length" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, DELETE"
    for name in ["Authorization", "KCK-After", "X-Trace"]:
        assert name in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "600" and answer.headers["Vary"] == "Origin"
    others = preflight(node, "/update/item/1", origin="https://evil.example")
    assert others.status_code == 405 and "Access-Control-Allow-Origin" not in others.headers
    assert preflight(node, "/nowhere").status_code == 404


def test_answers_can_be_read_by_pages_that_are_named(node):
    for path, options in [("/fetch/items", {}), ("/fetch/nothing", {}),
                          ("/fetch/items", {"If-None-Match": node.fetch("items").headers["ETag"]})]:
        answer = node.get(path, headers={"Origin": APP, **options})
        assert answer.headers["Access-Control-Allow-Origin"] == APP, answer.status_code
        assert "KCK-State" in answer.headers["Access-Control-Expose-Headers"]
        others = node.get(path, headers={"Origin": "https://evil.example", **options})
        assert "Access-Control-Allow-Origin" not in others.headers and others.headers["Vary"] == "Origin"


def test_a_page_of_another_site_writes_nothing(node):
    form = {"data": {"n": "1"}}
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = node.request("POST", "/create/item", headers=cross, **form)
    assert refused.status_code == 403 and refused.json()["error"]["name"] == "KCKForbidden"
    assert node.request("DELETE", "/fetch/items", headers=cross).status_code == 403
    assert node.value("items") == [[0]]
    assert node.request("POST", "/create/item", headers={**cross, "Origin": APP}, **form).status_code == 200
    assert node.request("POST", "/create/item", headers={"Sec-Fetch-Site": "same-origin"}, **form).status_code == 200
    assert node.request("POST", "/create/item", **form).status_code == 200


def test_without_cors_no_page_reads_or_writes(make_node, tmp_path):
    node = start(make_node, tmp_path)
    assert preflight(node, "/update/item/1").status_code == 405
    answer = node.get("/fetch/items", headers={"Origin": APP})
    assert answer.status_code == 200 and "Access-Control-Allow-Origin" not in answer.headers and "Vary" not in answer.headers
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": APP}
    assert node.request("POST", "/create/item", data={"n": "1"}, headers=cross).status_code == 403

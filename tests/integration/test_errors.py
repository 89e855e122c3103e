"""Every error that a client can meet, over real HTTP: its name, its status, and what it must not tell."""

import httpx
import pytest

from support.files import kck_yml, product

SECRET_SQL = "secret_column_name"


@pytest.fixture
def node(make_node, database):
    database.execute(f"create table item (id int primary key, price numeric, {SECRET_SQL} int);"
                     "insert into item values (1, 9.50, 0)")
    files = {
        "kck.yml": kck_yml(database.url, database="statement_timeout_ms: 300"),
        "products/item.yml": product("select price from item where id = :id", "id: int"),
        "products/never_computed.yml": product("select 1", rest="on_miss: error"),
        "products/divided.yml": product(f"select price / {SECRET_SQL} from item where id = :id", "id: int"),
        "products/slow.yml": product("select 1 from pg_sleep(5)"),
        "products/unmade.yml": product("select 'text' as t", rest="").replace(
            "  type: rows", "  type: rows\n  process_result: {jq: \".[0][0] + 1\"}"),
        "products/day.yml": product("select :day", "day: date"),
        "products/open.yml": product("select 1", rest="settable: true"),
    }
    return make_node(files).start()


def failure(answer, name, status):
    body = answer.json()
    assert (answer.status_code, body["success"]) == (status, False), answer.text
    error = body["error"]
    assert error["name"] == name, answer.text
    assert isinstance(error["args"], list) and error["message"], answer.text
    assert SECRET_SQL not in answer.text and "select" not in answer.text.lower(), answer.text
    return error


def test_unknown_key(node):
    failure(node.get("/fetch/nothing/1"), "KCKUnknownKey", 404)
    failure(node.refresh("nothing/1"), "KCKUnknownKey", 404)
    failure(node.refresh("nothing/*", wait=False), "KCKUnknownKey", 404)
    failure(node.request("DELETE", "/fetch/nothing/*"), "KCKUnknownKey", 404)


def test_key_not_set(node):
    failure(node.get("/fetch/item/2"), "KCKKeyNotSetException", 404)
    failure(node.get("/fetch/never_computed"), "KCKKeyNotSetException", 404)


@pytest.mark.parametrize("key", [
    "item", "item/1/2", "item/one", "item/99999999999999999999", "item/%zz", "item/%00", "day/2023-02-30",
    "item/" + "1" * 2000,
])
def test_bad_key(node, key):
    error = failure(node.get("/fetch/" + key), "KCKBadKey", 400)
    assert len(error["message"]) > 10


def test_bad_request(node):
    failure(node.set("item/1", "[[1]]"), "KCKBadRequest", 400)
    failure(node.set("open", "{not json"), "KCKBadRequest", 400)
    failure(node.set("open", ""), "KCKBadRequest", 400)
    failure(node.request("POST", "/mget", content="{not json"), "KCKBadRequest", 400)
    failure(node.request("POST", "/mget", content='{"key": 1}'), "KCKBadRequest", 400)


def test_version_mismatch(node):
    first = node.set("free", "1").json()["version"]
    second = node.request("PUT", "/set/free", content="2", headers={"If-Match": f'"{first}"'})
    assert second.status_code == 200
    failure(node.request("PUT", "/set/free", content="3", headers={"If-Match": f'"{first}"'}), "VersionMismatch", 412)
    failure(node.request("DELETE", "/fetch/free", headers={"If-Match": f'"{first}"'}), "VersionMismatch", 412)
    assert node.value("free") == 2


def test_source_error(node):
    failure(node.get("/fetch/divided/1"), "KCKSourceError", 502)


def test_source_timeout(node):
    failure(node.get("/fetch/slow"), "KCKSourceTimeout", 504)


def test_primer_failed(node):
    failure(node.get("/fetch/unmade"), "KCKPrimerFailed", 502)


def test_unreachable_database(node, postgres):
    assert node.value("item/1") == [[9.5]]
    postgres.stop()
    failure(node.get("/fetch/item/3"), "KCKSourceError", 502)
    assert node.value("item/1") == [[9.5]]


def test_mget_has_a_success_or_an_error_for_each(node):
    answer = node.get("/mget", params=[("key", "item/1"), ("key", "item/2"), ("key", "nothing/1"), ("key", "item/x")])
    assert answer.status_code == 200
    items = answer.json()["items"]
    names = [item["error"]["name"] if not item["success"] else item["value"] for item in items]
    assert names == [[[9.5]], "KCKKeyNotSetException", "KCKUnknownKey", "KCKBadKey"]
    assert node.request("POST", "/mget", json=["item/1", "item/2", "nothing/1", "item/x"]).json()["items"] == items


def test_calls_that_do_not_exist(node):
    assert node.get("/nothing").status_code == 404
    answer = node.request("PATCH", "/fetch/item/1")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert answer.json()["success"] is False


def test_overload_answers_503_with_a_time_to_retry(make_node, database):
    files = {"kck.yml": kck_yml(database.url, connections_max=1), "products/one.yml": product("select 1")}
    node = make_node(files).start()
    assert node.value("one") == [[1]]  # this connection is kept, and is the only one allowed
    with httpx.Client(base_url=node.url, trust_env=False) as other:
        answer = other.get("/fetch/one")
    failure(answer, "KCKOverloaded", 503)
    assert int(answer.headers["Retry-After"]) >= 1


def test_compat_answers_200_with_the_same_names(make_node, database):
    files = {"kck.yml": kck_yml(database.url, compat='"0.6"'), "products/one.yml": product("select 1")}
    node = make_node(files).start()
    failure(node.get("/fetch/nothing"), "KCKUnknownKey", 200)
    failure(node.get("/fetch/one/2"), "KCKBadKey", 200)
    assert isinstance(node.fetch("one").json()["version"], int)

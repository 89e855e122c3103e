"""The Python client against the real server: every call, every kind of error, both kinds of client."""

import asyncio
import datetime
import decimal
import inspect
import json
import threading
import uuid

import pytest
from support.certificates import make_pair
from support.files import kck_yml, make_sqlite, product

import kck


def test_both_clients_have_the_same_calls():
    def calls(kind):
        return {name: inspect.signature(value) for name, value in inspect.getmembers(kind, inspect.isfunction)
                if not name.startswith("_")}

    sync, aio = calls(kck.Client), calls(kck.AsyncClient)
    aio["close"] = aio.pop("aclose")
    assert sync == aio
    for name in sync:
        other = kck.AsyncClient.aclose if name == "close" else getattr(kck.AsyncClient, name)
        assert inspect.getdoc(getattr(kck.Client, name)) == inspect.getdoc(other), name
        assert name == "session" or inspect.iscoroutinefunction(other), name


def test_reading(client, node):
    assert client.get("item", 1) == client.get("item/1") == {"id": 1, "name": "pen", "price": 1.5}
    assert client.get("echo", "a/b ä%?#", None) == [["a/b ä%?#", None]]
    assert client.get("echo", "", "*") == [["", "*"]]
    day, name = datetime.date(2013, 1, 31), uuid.UUID(int=7)
    assert client.get("day", day, name) == [[str(day), str(name)]]
    found = client.entry("item", "001")
    assert (found.key, found.value["name"], found.state, found.age_seconds) == ("item/1", "pen", "fresh", 0)
    assert f'"{found.version}"' == node.fetch("item/1").headers["ETag"]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(now - found.as_of).total_seconds() < 300 and abs(now - found.modified).total_seconds() < 300
    again = client.entry("item", 1, known=found)
    assert again.value is found.value and (again.version, again.state) == (found.version, "fresh")
    assert client.explain("item", 1)["state"] == "fresh"
    assert client.call("GET", "/healthz") and client.call("GET", "/queue?keys=5")["success"]


def test_a_snapshot_of_postgresql(make_node, database):
    node = make_node({"kck.yml": kck_yml(database.url), "products/one.yml": product("select 1.10::numeric")}).start()
    with kck.Client(node.url, loads=lambda text: json.loads(text, parse_float=decimal.Decimal)) as client:
        found = client.entry("one")
        assert found.snapshot and found.snapshot.count(":") == 2 and found.value == [[decimal.Decimal("1.10")]]
        assert client.entries(["one"])[0] == found


def test_what_has_no_value(client):
    for key, kind in [("item/77", kck.KCKKeyNotSetException), ("nothing/1", kck.KCKUnknownKey)]:
        with pytest.raises(kind) as caught:
            client.get(key)
        error = caught.value
        assert isinstance(error, kck.KCKNotFound) and error.status == 404 and error.args == (key,)
        assert error.name == kind.__name__ and error.message and str(error) == error.message
        assert client.get(key, default=None) is None
    with pytest.raises(kck.KCKBadKey):
        client.get("item", "x", default=None)


def test_many(client):
    keys = ["item/1", kck.key("item", 2), "item/77", "item/x"]
    assert [value["name"] for value in client.mget(keys[:2])] == ["pen", "ink"]
    assert client.mget(keys[1:3], default=0)[1] == 0
    with pytest.raises(kck.KCKKeyNotSetException):
        client.mget(keys[:3])
    with pytest.raises(kck.KCKBadKey):
        client.mget(keys, default=0)
    found = client.entries(keys)
    assert [type(one) for one in found] == [kck.Entry, kck.Entry, kck.KCKKeyNotSetException, kck.KCKBadKey]
    assert found[0] == client.entry("item", 1)
    sizes = list(range(1, 2301))
    assert client.mget(f"big/{size}" for size in sizes) == [[["x" * size]] for size in sizes]
    assert client.mget([]) == []


def test_set_and_purge(client):
    value = {"ä": [1, None, True, 1.5], "when": datetime.date(2026, 1, 31), "price": decimal.Decimal("1.10")}
    version = client.set("free/key", value)
    assert client.get("free", "key") == {"ä": [1, None, True, 1.5], "when": "2026-01-31", "price": 1.1}
    with pytest.raises(kck.KCKValueError, match=r'value\["a"\]'):
        client.set("free/key", {"a": object()})
    assert client.entry("free/key").version == version
    with pytest.raises(kck.VersionMismatch) as caught:
        client.set("free/key", 2, if_match="0.1.0")
    assert caught.value.status == 412
    version = client.set("free/key", 2, if_match=version, expire="1h", stale=60)
    report = client.explain("free/key")["entry"]
    assert 3500 < report["expires_in_seconds"] <= 3600 and 0 < report["stale_in_seconds"] <= 60
    with pytest.raises(kck.VersionMismatch):
        client.purge("free/key", if_match="0.1.0")
    client.purge("free", "key", if_match=version)
    assert client.get("free/key", default=None) is None
    with pytest.raises(kck.KCKBadRequest):
        client.set("item/1", 2)
    client.get("item", 1)
    client.purge("item/*")
    assert client.explain("item", 1)["state"] == "none"


def test_refresh(client):
    first = client.entry("item", 1)
    assert client.refresh("item", 1, hint={"why": "so"}) is None
    assert client.refresh("item/*") is None
    second = client.refresh("item", 1, wait=True)
    assert second.value == first.value and second.as_of >= first.as_of and second.state == "fresh"
    with pytest.raises(kck.KCKUnknownKey):
        client.refresh("nothing", 1, wait=True)


def test_writing_and_reading_ones_own_writes(client, node):
    client.mget(["item/1", "item/2"])
    done = client.update("item", {"name": "pen", "price": decimal.Decimal("2.25")}, 1)
    assert (done.action, done.rows, done.returning) == ("update", 1, [])
    assert client.get("item", 1)["price"] == 2.25
    done = client.create("item", {"id": 3, "name": "nib", "price": None})
    assert (done.action, done.returning) == ("insert", [{"id": 3}])
    assert client.mget(["item/3"]) == [{"id": 3, "name": "nib", "price": None}]
    client.update("item", {"id": 2, "name": "dye", "price": 4})
    other = kck.Client(node.url).session(tokens=client.tokens)
    assert other.get("item", 2)["name"] == "dye"
    assert client.delete("item", 3).rows == 1
    assert client.get("item", 3, default=None) is None
    for number in range(40):  # more than the server takes tokens of
        client.update("item", {"name": "pen", "price": number}, 1)
    assert client.get("item", 1)["price"] == 39
    with pytest.raises(kck.KCKBadRequest, match="name"):
        client.update("item", {"price": 1}, 1)


def test_writes_of_a_store_that_is_lost_are_forgotten(make_node, files, tmp_path):
    url = make_sqlite(tmp_path / "more.db", "create table item (id integer primary key, name text, price real)")
    node = make_node({**files, "kck.yml": kck_yml(url, store="memory:")}).start()
    with kck.Client(node.url) as client:
        client.create("item", {"id": 1, "name": "pen"})
        assert client.get("item", 1)["name"] == "pen" and client.tokens
        assert node.stop() == 0
        node.start()
        with pytest.raises(kck.KCKBadRequest, match="token"):
            client.get("item", 1)
        assert client.get("item", 1)["name"] == "pen" and not client.tokens


def test_a_restart_of_the_server_is_not_noticed(client, node):
    client.get("item", 1)
    assert node.stop() == 0
    node.start()
    assert client.get("item", 1)["name"] == "pen"
    assert node.stop() == 0
    node.start()
    assert client.update("item", {"name": "pen", "price": 9}, 1).rows == 1


def test_large_values_both_ways(client):
    text = "äx" * 500_000
    client.set("large", text)
    assert client.get("large") == text
    assert client.get("big", 5_000_000)[0][0] == "x" * 5_000_000
    with pytest.raises(kck.KCKError) as caught:
        client.set("larger", "x" * 40_000_000)
    assert isinstance(caught.value, (kck.KCKBadRequest, kck.KCKConnectionError))


def test_the_administrators_socket(make_node, files):
    node = make_node({**files, "kck.yml": files["kck.yml"] + AUTH.split("  auth_user")[0]}).start()
    path = node.folder / "kck.sock"
    for url in [f"unix:{path}", f"http+unix://{str(path).replace('/', '%2F')}"]:
        with kck.Client(url) as client:
            client.set("a", 1)
            assert client.get("a") == 1
    with kck.Client(node.url) as client, pytest.raises(kck.AuthHeaderNotPresent):
        client.get("a")

    async def main():
        async with kck.AsyncClient(f"unix:{path}") as client:
            return await client.get("a")

    assert asyncio.run(main()) == 1
    with pytest.raises(kck.KCKConnectionError):
        kck.Client(f"unix:{path}.not").get("a")


AUTH = """auth:
  keys: [{id: main, algorithm: HS256, secret: "0123456789abcdef0123456789abcdef0123456789"}]
  auth_user: auth/:email
  token_life: 1s
  leeway_seconds: 0
  refresh_life: 1d
"""
ACCOUNT = """database: main
parameters: [{name: email}]
query:
  template: select id, password_hash from account where email = :email
  type: dicts
"""


@pytest.fixture
def login_node(make_node, tmp_path, kck_binary):
    from support.node import run_kck

    hashed = run_kck(kck_binary, "token", "hash-password", input="right\n").stdout.strip()
    url = make_sqlite(tmp_path / "users.db", "create table account (id int, email text, password_hash text); "
                                             f"insert into account values (7, 'ann@shop.example', '{hashed}')")
    mine = product("select :user_id", "user_id: int", rest="access: {claims: {sub: user_id}}")
    return make_node({"kck.yml": kck_yml(url) + AUTH, "products/auth.yml": ACCOUNT, "products/mine.yml": mine}).start()


def test_logging_in_renewing_and_logging_out(login_node):
    with kck.Client(login_node.url) as client:
        with pytest.raises(kck.AuthHeaderNotPresent):
            client.get("mine")
        with pytest.raises(kck.AuthLoginUnknownUser):
            client.login("ann@shop.example", "wrong")
        user = client.session()
        found = user.login("ann@shop.example", "right")
        assert found.auth_token and found.refresh_token and found.expires_in_seconds == 1
        assert user.get("mine") == [[7]]
        with pytest.raises(kck.AuthHeaderNotPresent):
            client.get("mine")
        old = client.session(token=found.auth_token)

        def expired():
            try:
                old.get("mine")
            except kck.AuthTokenExpired:
                return True

        from support.wait import wait_for

        wait_for(expired, "the token to end")
        assert user.get("mine") == [[7]]
        user.logout()
        with pytest.raises(kck.AuthHeaderNotPresent):
            user.get("mine")
        with pytest.raises(kck.AuthTokenInvalid):
            client.session(token="no.such.token").get("mine")
        with pytest.raises(kck.KCKForbidden):
            client.session(token=client.session().login("ann@shop.example", "right").auth_token).set("a", 1)


def test_https(make_node, files, tmp_path):
    import ssl

    folder = tmp_path / "pair"
    folder.mkdir()
    pair = make_pair(folder)
    http = f"http: {{tls: {{cert: {pair[0]}, key: {pair[1]}}}}}\n"
    node = make_node({**files, "kck.yml": files["kck.yml"] + http}, ca=pair[0]).start()
    trusted = ssl.create_default_context(cafile=pair[0])
    with kck.Client(node.url, tls=trusted) as client:
        assert client.get("item", 1)["name"] == "pen"
        assert client.get("big", 5_000_000) == [["x" * 5_000_000]]
        assert client.update("item", {"name": "pen", "price": 2}, 1).rows == 1  # over a connection that is looked at

    async def main():
        async with kck.AsyncClient(node.url, tls=trusted) as client:
            return await asyncio.gather(*(client.get("item", 1) for _ in range(20)))

    assert [found["name"] for found in asyncio.run(main())] == ["pen"] * 20
    with pytest.raises(kck.KCKConnectionError, match="cannot be reached"):
        kck.Client(node.url).get("item", 1)


def test_asyncio(node):
    async def main():
        async with kck.AsyncClient(node.url, pool_size=5) as client:
            values = await asyncio.gather(*(client.get("big", size % 50) for size in range(1, 500)))
            assert [len(value[0][0]) for value in values] == [size % 50 for size in range(1, 500)]
            await client.update("item", {"name": "pen", "price": 7}, 1)
            assert (await client.get("item", 1))["price"] == 7
            assert (await client.entries(["item/1", "item/x"]))[0].key == "item/1"
            assert await client.get("item", 77, default="none") == "none"
            assert (await client.refresh("item", 1, wait=True)).state == "fresh"
            with pytest.raises(kck.KCKBadKey):
                await client.get("item", "x")

    asyncio.run(main())


def test_many_threads(client):
    wrong = []

    def work(first):
        for size in range(first, first + 100):
            if client.get("big", size) != [["x" * size]]:
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(1, 2000, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

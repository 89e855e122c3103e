"""Tokens over real HTTP: who may read and write what, and that nobody gets another one's bytes."""

import base64
import hashlib
import hmac
import json
import os
import random
import re
import socket
import stat
import time

import httpx
import pytest

from support.files import kck_yml, make_sqlite
from support.wait import wait_for

SECRET = "a secret of the tests, of 32 bytes or more"
AUTH = f'auth:\n  keys: [{{id: one, algorithm: HS256, secret: "{SECRET}"}}]\n'
PRODUCTS = """
name: open
query: {template: select count(*) from note}
access: public
---
name: all
query: {template: select id from note order by id}
access: user
---
name: mine
parameters: [{name: owner}, {name: id, type: int}]
query: {template: "select text from note where owner = :owner and id = :id"}
access: {claims: {sub: owner}}
---
name: kept
query: {template: select 1}
access: user
cache_control: {max_age: 60s}
---
name: edited
query: {template: select 'edited'}
access: {roles: [editor, chief]}
---
name: unsaid
query: {template: select 1}
"""
UPDATERS = """
name: note
parameters: [{name: id, type: int, primary_key: true}, {name: owner}, {name: text}]
query:
  template:
    insert: insert into note (owner, text) values (:owner, :text) returning id
    update: update note set text = :text where id = :id and owner = :owner
    delete: delete from note where id = :id and owner = :owner
access: {claims: {sub: owner}}
---
name: closed
parameters: [{name: id, type: int, primary_key: true}]
query: {template: {delete: "delete from note where id = :id"}}
"""
SCRIPT = """create table note (id integer primary key, owner text, text text);
insert into note values (1, 'ann', 'of ann'), (2, 'bob', 'of bob');"""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims, secret=SECRET, header=None):
    head = encode(json.dumps(header or {"alg": "HS256", "typ": "JWT", "kid": "one"}).encode())
    text = head + "." + encode(json.dumps(claims).encode())
    return text + "." + encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def token(subject="ann", **claims):
    return sign({"sub": subject, "exp": int(time.time()) + 3600, **claims})


def bearer(text):
    return {"Authorization": "Bearer " + text}


def failure(answer, status, name):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["name"] == name, answer.text
    return error["message"]


@pytest.fixture
def node(make_node, tmp_path):
    url = make_sqlite(tmp_path / "notes.db", SCRIPT)
    files = {"kck.yml": kck_yml(url) + AUTH, "products/all.yml": PRODUCTS, "updaters/all.yml": UPDATERS}
    return make_node(files).start()


def test_products_open_to_whom_they_name(node):
    assert node.value("open") == [[2]]
    challenge = node.get("/fetch/all")
    failure(challenge, 401, "AuthHeaderNotPresent")
    assert challenge.headers["WWW-Authenticate"].startswith("Bearer")
    assert node.get("/fetch/all", headers=bearer(token())).json()["value"] == [[1], [2]]
    assert node.get("/fetch/all", headers={"Authorization": token()}).status_code == 200, "as KCK 0.6 had it"
    failure(node.get("/fetch/edited", headers=bearer(token())), 403, "KCKForbidden")
    assert node.get("/fetch/edited", headers=bearer(token(roles=["editor"]))).status_code == 200
    failure(node.get("/fetch/unsaid", headers=bearer(token(roles=["editor"]))), 403, "KCKForbidden")
    assert node.get("/fetch/unsaid", headers=bearer(token(roles=["admin"]))).status_code == 200
    failure(node.get("/fetch/none"), 401, "AuthHeaderNotPresent")
    failure(node.get("/fetch/none", headers=bearer(token())), 403, "KCKForbidden")


def test_claims_are_parameters_that_no_request_can_give(node):
    ann, bob = bearer(token("ann")), bearer(token("bob"))
    assert node.get("/fetch/mine/1", headers=ann).json()["value"] == [["of ann"]]
    assert node.get("/fetch/mine/1", headers=bob).status_code == 404
    assert node.get("/fetch/mine/2", headers=bob).json()["key"] == "mine/bob/2"
    for key in ["mine/ann/1", "mine//1", "mine/1/ann", "mine/ann%2F1", "%6Dine/ann/1"]:
        answer = node.get("/fetch/" + key, headers=bob)
        assert answer.status_code == 400 and "of ann" not in answer.text, key
    assert node.get("/fetch/%6Dine/2", headers=bob).json()["value"] == [["of bob"]]
    tricky = bearer(token("ann/1"))
    assert node.get("/fetch/mine/1", headers=tricky).status_code == 404, "a slash in a claim ends no parameter"
    no_subject = bearer(sign({"exp": int(time.time()) + 60}))
    failure(node.get("/fetch/mine/1", headers=no_subject), 403, "KCKForbidden")


def test_answers_that_depend_on_the_token_are_no_caches_business(node):
    ann = bearer(token("ann"))
    mine = node.get("/fetch/mine/1", headers=ann)
    assert mine.headers["Cache-Control"] == "private, no-cache" and mine.headers["Vary"] == "Authorization"
    same = node.get("/fetch/mine/1", headers={**ann, "If-None-Match": mine.headers["ETag"]})
    assert same.status_code == 304 and same.headers["Vary"] == "Authorization"
    others = node.get("/fetch/mine/1", headers={**bearer(token("bob")), "If-None-Match": mine.headers["ETag"]})
    assert others.status_code == 404
    assert node.get("/fetch/mine/1", headers={"If-None-Match": mine.headers["ETag"]}).status_code == 401
    kept = node.get("/fetch/kept", headers=ann)
    assert kept.headers["Cache-Control"] == "private, max-age=60" and kept.headers["Vary"] == "Authorization"
    public = node.fetch("open")
    assert public.headers["Cache-Control"] == "no-cache" and "Vary" not in public.headers


def test_many_keys_open_one_by_one(node):
    keys = ["open", "all", "mine/1", "mine/2", "edited", "unsaid", "none"]
    items = node.request("POST", "/mget", json=keys, headers=bearer(token("ann"))).json()["items"]
    said = [item["value"] if item["success"] else item["error"]["name"] for item in items]
    assert said == [[[2]], [[1], [2]], [["of ann"]], "KCKKeyNotSetException", "KCKForbidden", "KCKForbidden", "KCKForbidden"]
    items = node.request("POST", "/mget", json=keys).json()["items"]
    assert [item["success"] for item in items] == [True] + [False] * 6


def test_writes_are_of_whom_the_token_names(node):
    ann, bob = bearer(token("ann")), bearer(token("bob"))
    made = node.request("POST", "/create/note", json={"text": "new"}, headers=ann)
    assert made.status_code == 200 and made.json()["returning"] == [[3]]
    after = {**ann, "KCK-After": made.json()["token"]}
    assert node.get("/fetch/mine/3", headers=after).json()["value"] == [["new"]]
    stolen = node.request("PUT", "/update/note/3", json={"text": "bob's"}, headers=bob)
    assert stolen.json()["rows"] == 0
    forged = node.request("PUT", "/update/note/3", json={"text": "x", "owner": "ann"}, headers=bob)
    assert "comes from the token" in failure(forged, 400, "KCKBadRequest")
    assert node.request("DELETE", "/update/note/3", headers=ann).json()["rows"] == 1
    failure(node.request("POST", "/create/note", json={"text": "new"}), 401, "AuthHeaderNotPresent")
    failure(node.request("DELETE", "/update/closed/1", headers=ann), 403, "KCKForbidden")
    failure(node.request("POST", "/create/nothing", json={}), 401, "AuthHeaderNotPresent")
    failure(node.request("POST", "/create/nothing", json={}, headers=ann), 403, "KCKForbidden")


def test_administrators_calls_need_their_role(node):
    calls = [("PUT", "/set/x"), ("DELETE", "/fetch/open"), ("DELETE", "/fetch/open/*"), ("POST", "/refresh/open"),
             ("POST", "/refresh/open/*"), ("GET", "/explain/open"), ("GET", "/queue"), ("POST", "/queue/retry"),
             ("GET", "/processes"), ("POST", "/processes/x/run"), ("GET", "/metrics")]
    for method, path in calls:
        failure(node.request(method, path, content="1"), 401, "AuthHeaderNotPresent")
        failure(node.request(method, path, content="1", headers=bearer(token())), 403, "KCKForbidden")
        allowed = node.request(method, path, content="1" if "set" in path else None, headers=bearer(token(roles=["admin"])))
        assert allowed.status_code not in (401, 403), path
    for path in ["/healthz", "/readyz", "/"]:
        assert node.get(path).status_code == 200, path


def test_tokens_that_do_not_hold_are_told_apart(node):
    assert "past its life" in failure(node.get("/fetch/all", headers=bearer(sign({"exp": int(time.time()) - 60}))),
                                      401, "AuthTokenExpired")
    for text in ["x", "a.b.c", token()[:-3], sign({"exp": int(time.time()) + 60}, "another secret of 32 bytes or more"),
                 sign({"exp": int(time.time()) + 60}, header={"alg": "none"}), "a b c"]:
        failure(node.get("/fetch/all", headers={"Authorization": "Bearer " + text}), 401, "AuthTokenInvalid")
    assert node.get("/fetch/all", headers={"Authorization": "Bearer"}).status_code == 401
    twice = [("Authorization", token()), ("Authorization", token())]
    assert node.get("/fetch/all", headers=twice).status_code == 400
    assert SECRET not in node.log() and token()[:20] not in node.log()


def test_administrators_come_by_a_socket_of_their_own(node):
    path = node.folder / "kck.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    local = httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://kck")
    assert local.get("/fetch/mine/bob/2").json()["value"] == [["of bob"]]
    assert local.get("/queue").status_code == 200
    assert node.run("fetch", "mine/ann/1", url=False).stdout.strip() == '[["of ann"]]'
    assert node.run("queue", url=False).returncode == 0
    refused = node.run("queue")
    assert refused.returncode == 1 and "KCK_TOKEN" in refused.stderr
    assert node.run("queue", env={**os.environ, "KCK_TOKEN": token(roles=["admin"])}).returncode == 0
    local.close()
    node.kill()
    assert path.exists()
    node.start()
    assert node.run("queue", url=False).returncode == 0, "what a killed server left is replaced"
    node.stop()
    assert not path.exists()


def test_keys_are_rotated_while_it_serves(node):
    old = bearer(token())
    assert node.get("/fetch/all", headers=old).status_code == 200
    other = "another secret of the tests, of 32 bytes"
    text = (node.folder / "kck.yml").read_text()
    both = text.replace("keys: [", f'keys: [{{id: two, algorithm: HS256, secret: "{other}"}}, ')
    new = bearer(sign({"sub": "ann", "exp": int(time.time()) + 3600}, other, {"alg": "HS256", "kid": "two"}))
    assert node.get("/fetch/all", headers=new).status_code == 401
    node.write({"kck.yml": both})
    wait_for(lambda: node.get("/fetch/all", headers=new).status_code == 200, "the new key", 20)
    assert node.get("/fetch/all", headers=old).status_code == 200
    node.write({"kck.yml": text.replace(SECRET, other).replace("id: one", "id: two")})
    wait_for(lambda: node.get("/fetch/all", headers=old).status_code == 401, "the old key to go", 20)
    assert node.get("/fetch/all", headers=new).status_code == 200
    node.write({"kck.yml": text.replace(SECRET, "short")})
    wait_for(lambda: "32 bytes" in node.log(), "the refusal", 20)
    assert node.get("/fetch/all", headers=new).status_code == 200


def test_auth_does_not_come_or_go_without_a_restart(node):
    text = (node.folder / "kck.yml").read_text()
    node.write({"kck.yml": text.replace(AUTH, ""), "products/all.yml": PRODUCTS.split("---")[0]})
    wait_for(lambda: "auth came or went" in node.log(), "the refusal", 20)
    failure(node.get("/fetch/all"), 401, "AuthHeaderNotPresent")


def test_tokens_of_the_command_line(node):
    made = node.run("token", "new", "--subject", "bob", "--claim", "n=7", "--role", "editor", url=False)
    assert made.returncode == 0, made.stderr
    assert node.get("/fetch/mine/2", headers=bearer(made.stdout.strip())).json()["value"] == [["of bob"]]
    seen = node.run("token", "inspect", "--json", made.stdout.strip(), url=False)
    assert json.loads(seen.stdout)["claims"]["n"] == 7 and json.loads(seen.stdout)["taken"] is True
    bad = node.run("token", "inspect", token()[:-2], url=False)
    assert bad.returncode == 1 and "AuthTokenInvalid" in bad.stdout
    hashed = node.run("token", "hash-password", url=False, input="secret\n")
    assert hashed.stdout.startswith("$argon2id$v=19$")


class Pipeline:
    """Requests over one connection, all of them sent before the answers are read."""

    def __init__(self, node):
        self.socket = socket.create_connection(("127.0.0.1", node.port), timeout=60)
        self.stream = self.socket.makefile("rb")

    def run(self, requests):
        self.socket.sendall(b"".join(requests))
        return [self._answer() for _ in requests]

    def _answer(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            assert line, "the connection ended"
            head += line
        length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
        return int(head[9:12]), self.stream.read(length)


def test_ten_thousand_users_of_ten_tenants_share_ten_entries(make_node, database):
    database.execute("create table report (tenant text, body text);"
                     "insert into report select 'tenant-' || t, 'body of tenant-' || t from generate_series(0, 9) t")
    files = {"kck.yml": kck_yml(database.url) + AUTH,
             "products/report.yml": "parameters: [{name: tenant}]\n"
                                    'query: {template: "select body from report where tenant = :tenant"}\n'
                                    "access: {claims: {tenant: tenant}}\n"}
    node = make_node(files).start()
    users = [(number % 10, token(f"user-{number}", tenant=f"tenant-{number % 10}")) for number in range(10000)]
    requests = {}
    for number, (tenant, text) in enumerate(users):
        head = f"GET /fetch/report HTTP/1.1\r\nHost: kck\r\nAuthorization: Bearer {text}\r\n\r\n"
        requests[number] = (tenant, head.encode())
    chosen = random.Random(7)
    pipeline = Pipeline(node)
    for _ in range(200):
        some = [requests[chosen.randrange(len(users))] for _ in range(500)]
        for (tenant, _), (status, body) in zip(some, pipeline.run([request for _, request in some])):
            assert status == 200
            assert body.count(b"tenant-") == 2 and body.count(b"tenant-%d" % tenant) == 2, body
    admin = node.get("/metrics", headers=bearer(token(roles=["admin"]))).text
    assert re.search(r"^kck_fills_total 10$", admin, re.M), "a fill for each tenant, and no more"

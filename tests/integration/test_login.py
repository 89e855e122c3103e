"""Logging in and out over real HTTP: passwords, tokens, what a refresh token is good for, and what is held back."""

import base64
import hashlib
import json
import sqlite3
import subprocess
import urllib.parse

import pytest

from support.files import kck_yml, make_sqlite

# Of the password "password"; cheap, since the tests are not about its costs.
HASH = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
SECRET = "a secret of the tests, of 32 bytes or more"
AUTH = f"""auth:
  keys: [{{id: one, algorithm: HS256, secret: "{SECRET}"}}]
  issuer: https://shop.example
  audience: shop
  auth_user: auth/:email
"""
PRODUCTS = """
name: auth
parameters: [{name: email}]
query:
  template: select id, hash as password_hash, tenant, role as roles from person where email = :email
  type: dicts
  process_result: {jq: ".[0] | .roles = [.roles]"}
---
name: mine
parameters: [{name: user_id, type: int}, {name: tenant}]
query: {template: "select :user_id, :tenant"}
access: {claims: {sub: user_id, tenant: tenant}}
---
name: edited
query: {template: select 'edited'}
access: {roles: [editor]}
"""
SCRIPT = f"""create table person (id integer primary key, email text, hash text, tenant text, role text);
insert into person values (7, 'ann@shop.example', '{HASH}', 'acme', 'editor'), (8, 'bob', '{HASH}', 'other', 'reader'),
  (9, 'carl', null, 'acme', 'reader'), (10, 'dora', 'no hash', 'acme', 'reader');"""
ANN = "ann%40shop.example"


@pytest.fixture
def database(tmp_path):
    return tmp_path / "people.db"


def files(database, auth=AUTH, products=PRODUCTS, **http):
    url = make_sqlite(database, SCRIPT) if not database.exists() else f"sqlite:{database}"
    return {"kck.yml": kck_yml(url, **http) + auth, "products/all.yml": products}


@pytest.fixture
def node(make_node, database):
    return make_node(files(database)).start()


def change(database, statement):
    connection = sqlite3.connect(database)
    connection.execute(statement)
    connection.commit()
    connection.close()


def log_in(node, user=ANN, password="password", **options):
    return node.request("POST", "/login/" + user, json={"password": password}, **options)


def logged_in(node, user=ANN):
    answer = log_in(node, user)
    assert answer.status_code == 200, answer.text
    return answer.json()


def renew(node, refresh_token):
    return node.request("POST", "/token", json={"refresh_token": refresh_token})


def bearer(tokens):
    return {"Authorization": "Bearer " + tokens["auth_token"]}


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def failure(answer, status, name):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["name"] == name, answer.text
    return answer.json()["error"]["message"]


def test_a_login_gives_a_token_of_who_the_product_says(node):
    tokens = logged_in(node)
    assert tokens["success"] and tokens["token_type"] == "Bearer" and tokens["expires_in"] == 900
    said = claims(tokens["auth_token"])
    assert said["sub"] == "7" and said["tenant"] == "acme" and said["roles"] == ["editor"]
    assert said["iss"] == "https://shop.example" and said["aud"] == "shop" and said["exp"] - said["iat"] == 900
    assert "password_hash" not in said and HASH not in json.dumps(said)
    assert node.get("/fetch/mine", headers=bearer(tokens)).json()["value"] == [[7, "acme"]]
    assert node.get("/fetch/edited", headers=bearer(tokens)).status_code == 200
    bob = logged_in(node, "bob")
    failure(node.get("/fetch/edited", headers=bearer(bob)), 403, "KCKForbidden")


def test_a_form_does_as_well(node):
    form = urllib.parse.urlencode({"password": "password"})
    answer = node.request("POST", "/login/" + ANN, content=form,
                          headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"


def test_the_unknown_and_the_wrong_are_answered_alike(node):
    answers = [log_in(node, user, password) for user, password in
               [(ANN, "Password"), ("nobody", "password"), ("carl", ""), ("carl", "password"), ("dora", "no hash")]]
    texts = {answer.text.replace(user, "USER") for answer, user in
             zip(answers, [ANN, "nobody", "carl", "carl", "dora"])}
    assert len(texts) == 1, texts
    failure(answers[0], 401, "AuthLoginUnknownUser")


def test_what_is_no_login_says_how_one_looks(node):
    failure(node.request("POST", "/login/" + ANN), 400, "KCKBadRequest")
    failure(node.request("POST", "/login/" + ANN, json={"password": None}), 400, "KCKBadRequest")
    failure(log_in(node, "a/b"), 400, "KCKBadKey")
    failure(log_in(node, ""), 400, "KCKBadKey")
    failure(node.request("POST", "/token", json={}), 400, "KCKBadRequest")
    assert node.get("/login/" + ANN).status_code == 405


def test_nobody_reads_the_hashes(node):
    tokens = logged_in(node)
    failure(node.get("/fetch/auth/" + ANN, headers=bearer(tokens)), 403, "KCKForbidden")
    failure(node.get("/fetch/auth/" + ANN), 401, "AuthHeaderNotPresent")


def test_a_password_counts_as_it_is_now(node, database):
    logged_in(node)
    change(database, "update person set hash = null where id = 7")
    failure(log_in(node), 401, "AuthLoginUnknownUser")
    change(database, f"update person set hash = '{HASH}' where id = 7")
    logged_in(node)


def test_logout_ends_the_session_and_no_other(node):
    one, two = logged_in(node), logged_in(node)
    assert node.get("/fetch/mine", headers=bearer(one)).status_code == 200
    out = node.request("POST", "/logout", headers=bearer(one))
    assert out.status_code == 200 and out.json() == {"success": True}
    failure(node.get("/fetch/mine", headers=bearer(one)), 401, "AuthTokenInvalid")
    failure(renew(node, one["refresh_token"]), 401, "AuthTokenInvalid")
    assert node.get("/fetch/mine", headers=bearer(two)).status_code == 200
    failure(node.request("POST", "/logout"), 401, "AuthHeaderNotPresent")
    failure(node.request("POST", "/logout", headers=bearer(one)), 401, "AuthTokenInvalid")


def test_a_logout_outlives_the_server(node):
    tokens, others = logged_in(node), logged_in(node)
    assert node.request("POST", "/logout", headers=bearer(tokens)).status_code == 200
    node.kill()
    node.start()
    failure(node.get("/fetch/mine", headers=bearer(tokens)), 401, "AuthTokenInvalid")
    assert node.get("/fetch/mine", headers=bearer(others)).status_code == 200


def test_logout_by_the_refresh_token(node):
    tokens = logged_in(node)
    assert node.request("POST", "/logout", json={"refresh_token": tokens["refresh_token"]}).status_code == 200
    failure(node.get("/fetch/mine", headers=bearer(tokens)), 401, "AuthTokenInvalid")


def test_a_refresh_token_brings_what_the_user_may_do_now(node, database):
    tokens = logged_in(node)
    change(database, "update person set role = 'chief' where id = 7")
    renewed = renew(node, tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert claims(renewed.json()["auth_token"])["roles"] == ["chief"]
    assert claims(renewed.json()["auth_token"])["sid"] == claims(tokens["auth_token"])["sid"]
    again = renew(node, renewed.json()["refresh_token"])
    assert again.status_code == 200
    failure(renew(node, tokens["refresh_token"]), 401, "AuthTokenInvalid")
    failure(renew(node, again.json()["refresh_token"]), 401, "AuthTokenInvalid")
    failure(node.get("/fetch/mine", headers=bearer(again.json())), 401, "AuthTokenInvalid")


def test_an_answer_that_was_lost_can_be_had_again(node):
    tokens = logged_in(node)
    assert renew(node, tokens["refresh_token"]).status_code == 200
    second = renew(node, tokens["refresh_token"])
    assert second.status_code == 200
    assert renew(node, second.json()["refresh_token"]).status_code == 200


def test_a_refresh_token_is_of_who_logged_in(node, database):
    tokens = logged_in(node, "bob")
    change(database, "update person set id = 80 where email = 'bob'")
    failure(renew(node, tokens["refresh_token"]), 401, "AuthLoginUnknownUser")
    change(database, "delete from person where email = 'bob'")
    failure(renew(node, tokens["refresh_token"]), 401, "AuthLoginUnknownUser")


def test_one_token_is_not_taken_for_the_other(node):
    tokens = logged_in(node)
    failure(renew(node, tokens["auth_token"]), 401, "AuthTokenInvalid")
    as_access = {"auth_token": tokens["refresh_token"]}
    failure(node.get("/fetch/mine", headers=bearer(as_access)), 401, "AuthTokenInvalid")


def test_attempts_of_a_user_are_limited(make_node, database):
    auth = AUTH + "  login_attempts: {per_user: 3, per_address: 100, within: 1h}\n"
    node = make_node(files(database, auth)).start()
    for _ in range(5):
        logged_in(node)  # those that succeed do not count
    for user in [ANN, "nobody"]:
        for _ in range(3):
            failure(log_in(node, user, "wrong"), 401, "AuthLoginUnknownUser")
        limited = log_in(node, user, "password")
        failure(limited, 429, "KCKOverloaded")
        assert 0 < int(limited.headers["Retry-After"]) <= 1200
    logged_in(node, "bob")


def test_attempts_from_an_address_are_limited(make_node, database):
    auth = AUTH + "  login_attempts: {per_user: 100, per_address: 3, within: 1h}\n"
    node = make_node(files(database, auth, trusted_proxies='["127.0.0.1"]')).start()

    def attempt(client, user):
        return log_in(node, user, "wrong", headers={"X-Forwarded-For": client})

    for i in range(3):
        failure(attempt("203.0.113.9", f"user{i}"), 401, "AuthLoginUnknownUser")
    failure(attempt("203.0.113.9", "user4"), 429, "KCKOverloaded")
    failure(attempt("198.51.100.7, 203.0.113.9", "user5"), 429, "KCKOverloaded")
    failure(attempt("203.0.113.10", "user6"), 401, "AuthLoginUnknownUser")


def test_headers_of_anybody_name_no_address(make_node, database):
    auth = AUTH + "  login_attempts: {per_user: 100, per_address: 3, within: 1h}\n"
    node = make_node(files(database, auth)).start()
    for i in range(3):
        failure(log_in(node, f"user{i}", "wrong", headers={"X-Forwarded-For": f"203.0.113.{i}"}), 401,
                "AuthLoginUnknownUser")
    failure(log_in(node, "user4", "wrong", headers={"X-Forwarded-For": "203.0.113.99"}), 429, "KCKOverloaded")


def test_a_database_that_is_down_is_no_wrong_password(make_node, database):
    node = make_node(files(database)).start()
    tokens = logged_in(node)
    change(database, "alter table person rename to gone")
    failure(log_in(node), 502, "KCKSourceError")
    failure(renew(node, tokens["refresh_token"]), 502, "KCKSourceError")
    change(database, "alter table gone rename to person")
    assert renew(node, tokens["refresh_token"]).status_code == 200, "it was not used up"


def test_requests_of_a_client_are_limited(make_node, database):
    node = make_node(files(database, rate_limit="{per_second: 0.01, burst: 4}")).start()
    tokens = logged_in(node)
    statuses = [node.get("/fetch/mine", headers=bearer(tokens)).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429], "by whom the token names"
    limited = node.get("/fetch/mine", headers=bearer(tokens))
    failure(limited, 429, "KCKOverloaded")
    assert 90 <= int(limited.headers["Retry-After"]) <= 100
    statuses = [node.get("/fetch/mine", headers={"Authorization": "Bearer x.y.z"}).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429], "by the address, which has logged in once before"
    assert all(node.get(path).status_code == 200 for path in ["/healthz", "/readyz"] * 5)


AUTH_06 = f"""auth:
  keys: [{{algorithm: HS256, secret: "{SECRET}"}}]
  auth_user: auth/:email/:passwd_hash
  password_hash_salt: ohsosalty
"""
PRODUCTS_06 = """
name: auth
parameters: [{name: email}, {name: passwd_hash}]
query:
  template: select id from person where email = :email and hash = :passwd_hash
  process_result: {jsonpath_first: "$[0][0]"}
---
name: simple
query: {template: select 1}
access: user
"""


def test_the_form_of_kck_06(make_node, database):
    node = make_node(files(database, AUTH_06, PRODUCTS_06, compat='"0.6"')).start()
    assert "salted MD5" in node.log()
    salted = hashlib.md5(b"ohsosalty" + b"blah").hexdigest()
    change(database, f"insert into person values (1, 'homer', '{salted}', '', '')")
    refused = node.request("POST", "/login/homer", data={"password": "wrong"})
    assert refused.status_code == 200 and refused.json()["error"]["name"] == "AuthLoginUnknownUser"
    answer = node.request("POST", "/login/homer", data={"password": "blah"}).json()
    assert answer["success"] and "refresh_token" not in answer
    bare = {"Authorization": answer["auth_token"]}
    assert node.get("/fetch/simple", headers=bare).json()["value"] == [[1]]
    assert node.get("/logout/homer", headers=bare).json() == {"success": True}
    assert node.get("/fetch/simple", headers=bare).json()["error"]["name"] == "AuthTokenInvalid"


def test_a_get_that_logs_out_is_of_06_alone(node):
    tokens = logged_in(node)
    assert node.get("/logout/ann", headers=bearer(tokens)).status_code == 404
    assert node.get("/fetch/mine", headers=bearer(tokens)).status_code == 200


def test_without_auth_user_there_is_no_login(make_node, database):
    auth = AUTH.replace("  auth_user: auth/:email\n", "")
    node = make_node(files(database, auth)).start()
    assert log_in(node).status_code == 404
    assert renew(node, "x").status_code == 404


def test_tokens_of_other_issuers_can_be_revoked(make_node, database):
    auth = AUTH.replace("  auth_user: auth/:email\n", "")
    node = make_node(files(database, auth)).start()

    def made():
        command = [node.binary, "--folder", node.folder, "token", "new", "--subject", "7", "--claim", "tenant=acme"]
        return {"auth_token": subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()}

    one, two = made(), made()
    assert node.request("POST", "/logout", headers=bearer(one)).status_code == 200
    failure(node.get("/fetch/mine", headers=bearer(one)), 401, "AuthTokenInvalid")
    assert node.get("/fetch/mine", headers=bearer(two)).status_code == 200


def test_metrics_count_logins(make_node, database):
    node = make_node(files(database, AUTH + "  public_metrics: true\n")).start()
    logged_in(node)
    log_in(node, "nobody")
    renew(node, logged_in(node)["refresh_token"])
    metrics = node.get("/metrics").text
    assert 'kck_logins_total{result="done"} 2' in metrics
    assert 'kck_logins_total{result="refused"} 1' in metrics
    assert 'kck_logins_total{result="renewed"} 1' in metrics
    assert "kck_sessions_remembered 1" in metrics


@pytest.mark.parametrize("auth, said", [
    (AUTH.replace("auth/:email", "none/:email"), 'there is no product "none"'),
    (AUTH.replace("auth/:email", "auth/:email/x"), "has 1 parameters, and auth_user gives 2"),
    (AUTH.replace("auth/:email", "auth/x"), "no key with one parameter for the user"),
    (AUTH.replace("auth/:email", "mine/:user/x"), "its access lets others"),
    (AUTH.replace("auth/:email", "auth/:email/:passwd_hash"), "the form of KCK 0.6, salted MD5"),
    (AUTH + "  password_hash_salt: x\n", "has no meaning without :passwd_hash"),
    (AUTH.replace("  auth_user: auth/:email\n", "  token_life: 5m\n"), "has no meaning without auth_user"),
    (AUTH + "  token_life: 100ms\n", "whole seconds, at most 3660 days"),
    (AUTH + "  login_attempts: {per_user: 0}\n", "from 1 to"),
    (AUTH + "  login_attempts: {per_hour: 3}\n", 'unknown field "per_hour"'),
])
def test_check_says_what_is_wrong(make_node, database, auth, said):
    node = make_node(files(database, auth))
    checked = subprocess.run([node.binary, "--folder", node.folder, "check"], capture_output=True, text=True)
    assert checked.returncode == 1 and said in checked.stdout + checked.stderr, checked.stdout + checked.stderr

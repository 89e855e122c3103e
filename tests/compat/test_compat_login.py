"""HTTP with tokens as 0.6.3 had it: logging in by a salted hash, and what a token opens."""

import hashlib

import pytest

from compat_folder import BOOK, body, failure, served

AUTH = """
database: lending
parameters:
  - name: email
  - name: passwd_hash
query:
  template: select id from member where email = :email and pass = :passwd_hash
  process_result: {jsonpath_first: "$[0][0]"}
"""


@pytest.fixture
def node(make_node, database):
    return served(make_node, database, {"kprimers/auth.yml": AUTH, "kprimers/book.yml": BOOK}, use_auth=True)


def log_in(node, password="blue"):
    return node.request("POST", "/login/ada", data={"password": password})


def add_user(database):
    hashed = hashlib.md5(b"pepperblue").hexdigest()
    database.execute("update member set email = 'ada', pass = %s where name = 'Ada'", [hashed])


def test_a_user_who_is_not_there_and_a_wrong_password(node, database):
    assert failure(log_in(node)) == "AuthLoginUnknownUser"
    add_user(database)
    assert failure(log_in(node, "green")) == "AuthLoginUnknownUser"
    assert body(log_in(node))["success"] is True


def test_a_token_opens_what_is_served(node, database):
    add_user(database)
    token = body(log_in(node))["auth_token"]
    assert failure(node.get("/fetch/book/1")) == "AuthHeaderNotPresent"
    assert failure(node.get("/fetch/book/1", headers={"Authorization": "this.is.bad"})) == "AuthTokenInvalid"
    for header in (token, f"Bearer {token}"):
        said = body(node.get("/fetch/book/1", headers={"Authorization": header}))
        assert (said["success"], said["key"], said["value"]) == (True, "book/1", [["Dune"]])


def test_nobody_reads_the_hashes_and_a_logout_ends_the_token(node, database):
    add_user(database)
    token = {"Authorization": body(log_in(node))["auth_token"]}
    hashed = hashlib.md5(b"pepperblue").hexdigest()
    assert failure(node.get(f"/fetch/auth/ada/{hashed}", headers=token)) == "KCKForbidden"
    assert body(node.get("/logout/ada", headers=token))["success"] is True
    assert failure(node.get("/fetch/book/1", headers=token)) == "AuthTokenInvalid"

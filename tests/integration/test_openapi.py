"""The description of the API at /openapi.json, held against the official schema and, by schemathesis, the server."""

import pytest

from support import openapi
from support.wait import wait_for


@pytest.fixture
def serve(make_node, tmp_path, database):
    def start(auth=False, compat=False):
        return make_node(openapi.folder(tmp_path, database.url, auth, compat)).start()

    return start


def document(node, token=None):
    answer = node.get("/openapi.json", headers={"Authorization": f"Bearer {token}"} if token else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


# tests/nightly/openapi sends more.
def test_every_answer_is_as_described(serve):
    node = serve()
    assert openapi.validate(document(node)) == ""
    outcome = openapi.run(node.url, 2, 1)
    assert outcome.status == 0, outcome.output
    assert outcome.cases > 1000, outcome.output


def test_every_answer_is_as_described_with_tokens(serve):
    node = serve(auth=True)
    token = openapi.new_token(node)
    assert openapi.validate(document(node, token)) == ""
    outcome = openapi.run(node.url, 4, 1, token, phases="examples,fuzzing")
    assert outcome.status == 0, outcome.output
    assert outcome.cases > 100, outcome.output


def test_every_answer_is_as_described_under_compat(serve):
    node = serve(compat=True)
    assert openapi.validate(document(node)) == ""
    # Nothing is refused by its status.
    outcome = openapi.run(node.url, 2, 1, phases="fuzzing", excluded="negative_data_rejection")
    assert outcome.status == 0, outcome.output
    assert outcome.cases > 50, outcome.output


def test_it_takes_a_token_where_tokens_are_asked_for(serve):
    node = serve(auth=True)
    refused = node.get("/openapi.json")
    assert refused.status_code == 401
    assert refused.json()["error"]["name"] == "AuthHeaderNotPresent"
    assert "note" not in refused.text
    answer = node.get("/openapi.json", headers={"Authorization": "Bearer " + openapi.new_token(node, "reader")})
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization"
    assert "/fetch/mine/{id}" in answer.json()["paths"], "the owner is the token's"


def test_it_follows_a_reload(serve):
    node = serve()
    before = node.get("/openapi.json")
    same = node.get("/openapi.json", headers={"If-None-Match": before.headers["ETag"]})
    assert same.status_code == 304 and same.headers["ETag"] == before.headers["ETag"]
    node.write({"products/new.yml": "database: main\ndescription: New\nquery: {template: select 1}\n"})
    wait_for(lambda: "/fetch/new" in document(node)["paths"], "the new product to be described")
    after = node.get("/openapi.json", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["paths"]["/fetch/new"]["get"]["description"] == "New"

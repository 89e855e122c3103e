"""Fills under a role of PostgreSQL: its row-level security decides what a token gets, filled alone or together."""

import json

import pytest

from support.files import kck_yml
from support.wait import wait_for
from test_auth import AUTH, bearer, token

TENANTS = ["acme", "beta"]
NOTE = """
parameters: [{name: tenant}, {name: id, type: int}]
query: {template: "select text, current_user::text from note where id = :id"}
access: {claims: {tenant: tenant}}
as: {role: app_reader, settings: {app.tenant: ":tenant"}}
"""
ALL = """
query: {template: "select count(*), current_user::text, coalesce(current_setting('app.tenant', true), '') from note"}
access: public
"""


@pytest.fixture
def prepared(database):
    database.execute("""
        do $$ begin create role app_reader; exception when duplicate_object then null; end $$;
        create table note (tenant text, id int, text text);
        insert into note select t, i, t || ' ' || i from unnest(array['acme', 'beta']) t, generate_series(1, 40) i;
        alter table note enable row level security;
        create policy tenants on note using (tenant = current_setting('app.tenant', true));
        grant select on note to app_reader;
    """)
    yield database
    database.execute("drop owned by app_reader")


@pytest.fixture
def node(make_node, prepared):
    files = {"kck.yml": kck_yml(prepared.url, database="pool: 1") + AUTH, "products/note.yml": NOTE,
             "products/all.yml": ALL}
    return make_node(files).start()


def of(tenant):
    return bearer(token(tenant=tenant))


def value(node, key, tenant):
    answer = node.get("/fetch/" + key, headers=of(tenant))
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def test_a_token_gets_the_rows_of_its_tenant(node):
    for number in range(1, 6):
        for tenant in TENANTS:
            assert value(node, f"note/{number}", tenant) == [[f"{tenant} {number}", "app_reader"]]
    assert node.get("/fetch/note/1", headers=of("none")).status_code == 404, "no rows of that tenant"
    assert node.get("/fetch/note/beta/1", headers=of("acme")).status_code == 400
    assert node.value("all") == [[80, "postgres", ""]], "the user of the url is a superuser, and nothing is left over"


def test_refreshes_that_go_together_stay_within_their_tenants(node, prepared):
    for number in range(1, 41):
        for tenant in TENANTS:
            value(node, f"note/{number}", tenant)
    admin = bearer(token(roles=["admin"]))
    prepared.execute("update note set text = text || ' new'")
    # The lock holds up the first of them until all are queued.
    with prepared.connect() as writer, writer.transaction():
        writer.execute("lock table note")
        for number in range(1, 41):
            for tenant in TENANTS:
                done = node.request("POST", f"/refresh/note/{tenant}/{number}", headers=admin)
                assert done.status_code == 202, done.text

    def renewed():
        return all(value(node, f"note/{number}", tenant) == [[f"{tenant} {number} new", "app_reader"]]
                   for number in range(1, 41) for tenant in TENANTS)

    wait_for(renewed, "all keys to be refreshed", 30)
    metrics = node.get("/metrics", headers=admin).text
    (together,) = [line for line in metrics.splitlines() if line.startswith("kck_source_batch_keys_total")]
    assert float(together.split()[-1]) > 0, together
    assert node.value("all") == [[80, "postgres", ""]]


def test_another_role_is_another_definition(node, prepared):
    assert value(node, "note/1", "acme") == [["acme 1", "app_reader"]]
    node.write({"products/note.yml": NOTE.replace("role: app_reader, ", "")})
    wait_for(lambda: len(value(node, "note/1", "acme")) == 2, "the superuser's rows")


def test_a_role_that_goes_leaves_what_is_cached(node, prepared):
    assert value(node, "note/1", "acme") == [["acme 1", "app_reader"]]
    node.write({"products/note.yml": NOTE.replace("app_reader", "app_missing")})
    wait_for(lambda: "app_missing" in node.log(), "the change to be refused")
    assert value(node, "note/1", "acme") == [["acme 1", "app_reader"]]


def faults(node):
    done = node.check()
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_check_names_the_place_of_a_role_that_is_missing_or_lacks_rights(node, prepared):
    assert node.check().returncode == 0, node.check().stdout + node.check().stderr
    node.write({"products/note.yml": NOTE.replace("app_reader", "app_missing")})
    told = faults(node)
    assert 'products/note.yml:5:5: error: role "app_missing" does not exist' in told, told
    prepared.execute("revoke select on note from app_reader")
    node.write({"products/note.yml": NOTE})
    told = faults(node)
    assert "products/note.yml:5:5: error: permission denied for table note" in told, told
    node.write({"products/note.yml": NOTE.replace('":tenant"', '":tenat"')})
    assert 'there is no parameter "tenat"' in faults(node)


def test_a_fill_under_a_role_that_is_gone_says_so(node, prepared):
    # Known to no check, since the role goes after it.
    prepared.execute("create role app_short; grant select on note to app_short")
    node.write({"products/short.yml": "query: {template: select count(*) from note}\naccess: public\n"
                                      "as: {role: app_short}\n"})
    wait_for(lambda: node.get("/fetch/short").status_code == 200, "the product to be there")
    prepared.execute("revoke select on note from app_short; drop role app_short")
    answer = node.request("POST", "/refresh/short?wait=1", headers=bearer(token(roles=["admin"])))
    text = json.dumps(answer.json())
    assert "there is no such role" in text and "select" not in text, text
    assert node.get("/fetch/short").json()["value"] == [[0]], "the last value stays in service"

"""`kck check`: every fault of a folder in one run, each with its place and its cure."""

import json

import pytest

from support.files import kck_yml, make_sqlite, product

FAULTY_PRODUCTS = {
    "products/fine.yml": product("select name from item where id = :id", "id: int"),
    "products/undeclared.yml": product("select name from item where id = :id and name = :nme", "id: int"),
    "products/unused.yml": product("select name from item", "id: int"),
    "products/misspelt_field.yml": product("select 1", rest="expire_secs: 5"),
    "products/no_such_table.yml": product("select name from itme where id = :id", "id: int"),
    "products/no_such_column.yml": product("select name,\n       prize\nfrom item where id = :id", "id: int"),
    "products/not_sql.yml": product("selec name from item"),
    "products/two_statements.yml": product("select 1; select 2"),
    "products/elsewhere.yml": product("select 1").replace("database: main", "database: mian"),
    "products/later.yml": product("select 1", rest="refresh: {on_change: auto}"),
    "products/no_such_source.yml": product("select :id", "id: int", rest="refresh: {after_primes: [fien/:id]}"),
    "products/back_and.yml": product("select 1", rest="refresh: {after_primes: forth}"),
    "products/forth.yml": product("select 1", rest="refresh: {after_primes: back_and}"),
    "products/bad_type.yml": product("select :id", "id: integre"),
    "products/bad_jq.yml": product("select 1").replace("  type: rows", "  type: rows\n  process_result: {jq: '.['}"),
    "products/not_yaml.yml": "query: {template: [",
    "products/twice.yml": product("select 1"),
    "products/twice.sql": "select 2\n",
    "processes/no_such_job_column.yml": "database: main\nevery: 1h\nsql: delete from item where prize = 1\n",
    "processes/no_such_domain.yml": "every: 1h\ndomain: fine\n",
    "processes/no_such_hour.yml": "cron: '0 25 * * *'\nsql: delete from item\n",
}

# What the report must say about each file, apart from its place.
EXPECTED = {
    "undeclared": "nme",
    "unused": "id",
    "misspelt_field": "expire_seconds",
    "no_such_table": "itme",
    "no_such_column": "prize",
    "not_sql": "selec",
    "two_statements": "statement",
    "elsewhere": "mian",
    "later": "not in this version",
    "bad_type": "integre",
    "bad_jq": "jq",
    "not_yaml": "",
    "twice": "twice",
    "no_such_source": "fine",
    "back_and": "back_and -> forth -> back_and",
    "no_such_job_column": "prize",
    "no_such_domain": "domain_key",
    "no_such_hour": "25",
}

# The line of the file on which the fault stands. The templates of product() begin on line 5.
EXPECTED_LINES = {
    "undeclared": 5, "misspelt_field": 7, "no_such_table": 5, "no_such_column": 6, "not_sql": 5, "two_statements": 5,
    "elsewhere": 1, "later": 7, "bad_type": 2, "no_such_source": 7, "no_such_job_column": 3, "no_such_domain": 2,
    "no_such_hour": 1, "back_and": 7,
}


@pytest.fixture(params=["postgres", "sqlite"])
def url(request, tmp_path):
    table = "create table item (id integer primary key, name text)"
    if request.param == "sqlite":
        return make_sqlite(tmp_path / "items.db", table)
    database = request.getfixturevalue("database")
    database.execute(table)
    return database.url


def by_stem(report):
    found = {}
    for fault in report:
        stem = fault["file"].rsplit("/", 1)[-1].split(".")[0]
        found.setdefault(stem, []).append(fault)
    return found


def test_all_faults_in_one_run(make_node, url):
    node = make_node({"kck.yml": kck_yml(url), **FAULTY_PRODUCTS})
    done = node.check("--json")
    assert done.returncode == 1, done.stderr
    found = by_stem(json.loads(done.stdout))
    assert set(found) == set(EXPECTED), done.stdout
    for stem, part in EXPECTED.items():
        texts = [fault["message"] + " " + fault["cure"] for fault in found[stem]]
        assert any(part in text for text in texts), (stem, texts)
        assert all(fault["severity"] == "error" for fault in found[stem])
    places = {stem: [fault["line"] for fault in found[stem]] for stem in EXPECTED_LINES}
    assert places == {stem: [line] for stem, line in EXPECTED_LINES.items()}
    assert all(fault["column"] >= 1 for stem in EXPECTED_LINES for fault in found[stem])


def test_the_text_names_file_line_and_column(make_node, url):
    node = make_node({"kck.yml": kck_yml(url), **FAULTY_PRODUCTS})
    done = node.check()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any("products/no_such_column.yml:6:" in line and ": error: " in line for line in lines), done.stdout
    assert " errors, 0 warnings" in lines[-1]


def test_a_sound_folder(make_node, url):
    node = make_node({"kck.yml": kck_yml(url), "products/fine.yml": FAULTY_PRODUCTS["products/fine.yml"]})
    done = node.check()
    assert (done.returncode, done.stderr) == (0, "") and "0 errors, 0 warnings" in done.stdout
    assert json.loads(node.check("--json").stdout) == []


def test_a_product_that_is_filled_singly_is_told_of_and_no_fault(make_node, database):
    node = make_node({"kck.yml": kck_yml(database.url), "products/plain.yml": product("select :id", "id: int"),
                      "products/chance.yml": product("select :id, random()", "id: int")})
    done = node.check()
    assert done.returncode == 0 and "0 errors, 1 warning" in done.stdout
    assert "products/chance.yml:1:1: warning: filled one key at a time: it calls what is volatile: random" in done.stdout


def test_what_a_process_may_run(make_node, database):
    """PostgreSQL takes more in a transaction than rows: the server is asked, and nothing is run."""
    database.execute("create table item (id int); create materialized view listed as select id from item")
    database.execute("create procedure tidy() language sql as 'truncate item'")
    jobs = {
        "view": "refresh materialized view listed", "call": "call tidy()", "clear": "truncate item",
        "gone": "call untidy()", "vacuum": "vacuum item",
    }
    files = {f"processes/{name}.yml": f"every: 1h\nsql: {sql}\n" for name, sql in jobs.items()}
    node = make_node({"kck.yml": kck_yml(database.url), **files})
    found = by_stem(json.loads(node.check("--json").stdout))
    assert set(found) == {"gone", "vacuum"}
    assert "untidy" in found["gone"][0]["message"] and found["gone"][0]["line"] == 2
    assert "process may run" in found["vacuum"][0]["message"]


def test_faults_of_kck_yml_and_of_products_together(make_node, url):
    text = kck_yml(url) + "memry: 5MiB\nauth: {}\n"
    node = make_node({"kck.yml": text, "products/unused.yml": FAULTY_PRODUCTS["products/unused.yml"]})
    found = by_stem(json.loads(node.check("--json").stdout))
    assert [fault["line"] for fault in found["kck"]] == [4, 5]
    assert "memory" in found["kck"][0]["message"] + found["kck"][0]["cure"]
    assert found["unused"]


def test_serve_refuses_what_check_refuses(make_node, url):
    node = make_node({"kck.yml": kck_yml(url), **FAULTY_PRODUCTS})
    node.launch()
    assert node.process.wait(timeout=30) == 1
    log = node.log()
    assert all(f"/{stem}." in log for stem in EXPECTED), log
    assert "kck check" in log and " serves " not in log


def test_an_unreachable_database_fails_check_and_not_serve(make_node, postgres, database):
    secret_url = database.url.replace("postgres@", "postgres:hunter2@")
    node = make_node({"kck.yml": kck_yml(secret_url), "products/one.yml": product("select 1")})
    postgres.stop()
    done = node.check()
    assert done.returncode == 1 and "main" in done.stdout and "hunter2" not in done.stdout + done.stderr
    node.start()
    assert "warning" in node.log() and "hunter2" not in node.log()
    assert node.get("/readyz").status_code == 200

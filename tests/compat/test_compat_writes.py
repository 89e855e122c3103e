"""Updaters of 0.6.3, and what their writes and other keys' computes have computed again."""

import pytest

from compat_folder import BOOK, body, failure, seen, served
from support.wait import wait_for

UPDATER = """
database: lending
parameters:
  - name: id
    type: int
    primary_key: true
  - name: title
  - name: price
query:
  template:
    insert: insert into book (title, price) values (:title, :price)
    update: update book set title = :title, price = :price where id = :id
"""
CLASSES = """
from kck.lib.kck_database import KCKDatabase
from kck.lib.kck_updater import KCKUpdater

class AnyName(KCKUpdater):
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int', 'primary_key': True}, {'name': 'name', 'type': 'string'}]
    query_template = {
        'insert': 'insert into member (name) values (:name) returning id',
        'update': 'update member set name = :name where id = :id',
    }

    def post_update(self, key=None, hints=None):
        KCKDatabase.query('lending', 'insert into seen (what) values (:what)', {'what': 'wrote ' + key})
"""
OF_PYTHON = CLASSES.replace("returning id", "returning id, name") + """
    def update(self, data, queued=False):
        return super().update({**data, 'name': data['name'].title()})
"""
AFTER_UPDATE = BOOK + "refresh: {after_updates: [book/:id]}\n"
AFTER_PRIME = BOOK + "refresh: {after_primes: [book_now/:id]}\n"


@pytest.fixture
def node(make_node, database):
    return served(make_node, database, {
        "kprimers/book_now.yml": BOOK,
        "kprimers/book_updated.yml": AFTER_UPDATE,
        "kprimers/book_primed.yml": AFTER_PRIME,
        "kupdaters/book.yml": UPDATER,
        "kupdaters/member.py": CLASSES,
        "kupdaters/titled.py": OF_PYTHON,
    })  # fmt: skip


def test_forms_create_and_update(node, database):
    made = node.request("POST", "/create/book", data={"title": "Ulysses", "price": "12.5"})
    assert body(made)["success"] is True
    ((id, price),) = database.execute("select id, price from book where title = 'Ulysses'")
    assert price == 12.5
    for path, fields in (("/update/book", {"id": id}), (f"/update/book/{id}", {})):
        written = node.request("PUT", path, data={**fields, "title": path, "price": "1"})
        assert body(written)["success"] is True
        assert database.execute("select title from book where id = %s", [id]) == [(path,)]


def test_a_write_without_the_primary_key_inserts(node, database):
    before = database.execute("select count(*) from book")
    assert body(node.request("PUT", "/update/book", data={"title": "Utopia", "price": "3"}))["success"] is True
    assert database.execute("select count(*) - 1 from book") == before


def test_classes_write_and_their_hooks_are_told(node, database):
    said = body(node.request("POST", "/create/member", data={"name": "Cy"}))
    assert said["returning"] == [[3]]
    assert body(node.request("PUT", "/update/member/3", data={"name": "Cyrus"}))["success"] is True
    assert database.execute("select name from member where id = 3") == [("Cyrus",)]
    wait_for(lambda: sorted(seen(database)) == ["wrote member", "wrote member/3"], "both writes to be told")


def test_an_update_of_its_own_has_the_sql_run_in_its_process(node, database):
    said = body(node.request("POST", "/create/titled", data={"name": "dee gray"}))
    assert said["returning"] == [{"id": 3, "name": "Dee Gray"}]
    assert body(node.request("PUT", "/update/titled/3", data={"name": "dee black"}))["rows"] == 1
    assert database.execute("select name from member where id = 3") == [("Dee Black",)]
    wait_for(lambda: len(seen(database)) == 2, "both writes to be told")


def test_a_write_that_misses_a_value_is_refused(node, database):
    assert failure(node.request("POST", "/create/book", data={"title": "Utopia"})) == "KCKBadRequest"
    assert failure(node.request("POST", "/create/nothing", data={"title": "Utopia"})) == "KCKUnknownKey"


def test_a_write_has_the_keys_that_depend_on_it_computed_again(node, database):
    assert node.value("book_updated/1") == [["Dune"]]
    node.request("PUT", "/update/book/1", data={"title": "Dune Messiah", "price": "1"})
    wait_for(lambda: node.value("book_updated/1") == [["Dune Messiah"]], "the key to be computed again")


def test_a_prime_has_the_keys_that_depend_on_it_computed_again(node, database):
    assert node.value("book_primed/1") == [["Dune"]]
    database.execute("update book set title = 'Dune Messiah' where id = 1")
    assert node.value("book_primed/1") == [["Dune"]]  # nothing tells of it
    assert node.value("book_now/1") == [["Dune Messiah"]]  # computed now
    wait_for(lambda: node.value("book_primed/1") == [["Dune Messiah"]], "the key to be computed again")


DOMAIN = """
database: lending
query:
  template: select id from book
  type: dicts
"""


def test_a_domain_lists_the_keys_to_compute(make_node, database):
    node = served(make_node, database, {
        "kprimers/book_ids.yml": DOMAIN,
        "kprimers/book_of_domain.yml": BOOK.replace("select title", "select title || ''")
        + "refresh: {domain_key: book_ids}\n",
    }, primes=False)  # fmt: skip

    def computed(*ids):
        return all(body(node.get(f"/fetch/book_of_domain/{id}"))["success"] for id in ids)

    assert failure(node.get("/fetch/book_of_domain/1")) == "KCKKeyNotSetException"
    assert body(node.refresh("book_ids"))["success"] is True
    wait_for(lambda: computed(1, 2, 3, 4), "the keys of the domain to be computed")
    database.execute("update book set title = 'another'")
    assert [node.value(f"book_of_domain/{id}") for id in (1, 4)] == [[["Dune"]], [["Solaris"]]]
    assert failure(node.get("/fetch/book_of_domain/5")) == "KCKKeyNotSetException"
    database.execute("insert into book (title) values ('Utopia')")
    assert body(node.refresh("book_ids"))["success"] is True
    wait_for(lambda: computed(5), "the key that the domain has new to be computed")
    assert [node.value(f"book_of_domain/{id}") for id in (1, 5)] == [[["Dune"]], [["Utopia"]]]


TIMED = """
from kck.lib.kck_database import KCKDatabase
from kck.lib.kck_primer import KCKPrimer

def renew(primer, value):
    for row in value:
        primer.get_cache().refresh(primer.name + '/' + str(row['id']))

def note(cache, row):
    KCKDatabase.query('lending', 'insert into seen (what) values (:what)', {'what': row['title']})
    cache.refresh('timed/1', queued=True)

class Timed(KCKPrimer):
    keys = ['timed']
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int'}]
    query_template = 'select title from book where id = :id'
    domain_key = 'book_ids'
    processes = {
        'renew': {'type': 'key', 'key_attribute': 'domain_key', 'hooks': {'value': [renew]}},
        'titles': {'type': 'sql', 'database': 'lending', 'query': 'select title from book order by id',
                   'hooks': {'row': [note]}},
    }
"""


def test_a_domain_that_is_computed_on_a_miss_is_walked_at_the_start(make_node, database):
    node = served(make_node, database, {
        "kprimers/book_ids.yml": DOMAIN,
        "kprimers/book_of_domain.yml": BOOK + "refresh: {domain_key: book_ids}\n",
    })  # fmt: skip
    wait_for(lambda: database.executions("select title from book") > 0, "the keys of the domain to be computed")
    wait_for(lambda: "book_of_domain is primed: 4 keys, 0 failed" in node.log(), "the walk to end")


def test_processes_refresh_at_their_times(make_node, database):
    node = served(make_node, database, {"kprimers/book_ids.yml": DOMAIN, "kprimers/timed.py": TIMED})
    assert node.value("timed/1") == [["Dune"]]
    database.execute("update book set title = 'Dune Messiah' where id = 1")
    assert node.value("timed/1") == [["Dune"]]
    listed = node.run("process", "list").stdout
    assert "timed.renew" in listed and "timed.titles" in listed
    assert node.run("process", "run", "timed.renew", "--wait").returncode == 0
    assert node.value("timed/1") == [["Dune Messiah"]]
    done = node.run("process", "run", "timed.titles", "--wait")
    assert done.returncode == 0, done.stderr
    assert seen(database)[:4].count("Dune Messiah") == 1 and len(seen(database)) >= 4

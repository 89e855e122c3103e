"""Primers of 0.6.3 over a real PostgreSQL: YAML and classes, what they make of rows, how long values live, misses."""

import pytest

from compat_folder import BOOK, body, failure, seen, served
from support.wait import wait_for

FIRST = BOOK + "  process_result: {jsonpath_first: '$[0][0]'}\n"
CLASSES = """
import datetime
from kck.lib.kck_primer import KCKPrimer, QUERY_TYPE_DICTS
from kck.lib.kck_database import KCKDatabase
from kck.lib.exceptions import PrimerComputerReturnedNoResults

class Title(KCKPrimer):
    keys = ['title', 'name']
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int'}]
    query_template = 'select title from book where id = :id'

class Priced(KCKPrimer):
    keys = ['priced']
    database = 'lending'
    parameters = [{'name': 'most', 'type': 'float'}]
    query_template = 'select title, price from book where price <= :most order by title'
    query_type = QUERY_TYPE_DICTS

    def result_filter(self, rows):
        return {'count': len(rows), 'first': rows[0]['title'] if rows else None}

class Shouted(KCKPrimer):
    keys = ['shouted']
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int'}]
    query_template = 'select title from book where id = :id'
    expire = datetime.timedelta(hours=1)

    def compute(self, keystr):
        return [row[0].upper() for row in super().compute(keystr)]

class Counted(KCKPrimer):
    keys = ['counted']
    parameters = [{'name': 'letter', 'type': 'str'}]

    def compute(self, keystr):
        letter = self.key_to_param_dict(keystr)['letter']
        rows = KCKDatabase.query(
            'lending', "select title, price::text as price from book where title like :letter || '%' order by id",
            {'letter': letter})
        found = [[row['title'], row.price, row[0], row.keys()] for row in rows]
        if not found:
            raise PrimerComputerReturnedNoResults
        return found
"""
BY_FILE = """
from kck.lib.kck_primer import KCKPrimer

class Whatever(KCKPrimer):
    database = 'lending'
    query_template = 'select count(*) from book'
"""


@pytest.fixture
def node(make_node, database):
    return served(make_node, database, {
        "kprimers/book.yml": BOOK,
        "kprimers/book_dicts.yml": BOOK + "  type: dicts\n",
        "kprimers/book_title.yml": FIRST,
        "kprimers/untyped.yml": BOOK.replace("    type: int\n", ""),
        "kprimers/unused.yml": BOOK.replace("  - name: id\n", "  - {name: shelf, type: str}\n  - name: id\n"),
        "kprimers/fiction/novel.yml": BOOK,
        "kprimers/brief.yml": BOOK + "expire_seconds: 0.5\n",
        "kprimers/classes.py": CLASSES,
        "kprimers/book_count.py": BY_FILE,
    })  # fmt: skip


def test_rows_dicts_and_a_json_path(node):
    said = body(node.get("/fetch/book/1"))
    assert said["success"] is True and said["key"] == "book/1" and said["value"] == [["Dune"]]
    assert isinstance(said["version"], int)
    assert node.value("book_dicts/2") == [{"title": "Emma"}]
    assert node.value("book_title/3") == "Momo"


def test_parameters_without_a_type_and_without_a_use(node):
    """The first is text, whose type follows from its place; the second is part of the key alone."""
    assert node.value("untyped/4") == [["Solaris"]]
    assert node.value("unused/upper/4") == [["Solaris"]]


def test_files_in_folders_below_and_their_changes(node, database):
    assert node.value("novel/1") == [["Dune"]]
    node.write({"kprimers/fiction/novel.yml": BOOK.replace("select title", "select 'a ' || title")})
    wait_for(lambda: node.value("novel/1") == [["a Dune"]], "the change to be taken")


def test_classes(node):
    assert node.value("title/1") == node.value("name/1") == [["Dune"]]
    assert node.value("priced/7") == {"count": 2, "first": "Emma"}
    assert node.value("priced/0") == {"count": 0, "first": None}
    assert node.value("shouted/3") == ["MOMO"]
    assert node.value("counted/D") == [["Dune", "9.5", "Dune", ["title", "price"]]]
    assert node.value("book_count") == [[4]]


def test_what_has_no_rows_is_not_set(node):
    for key in ("book/99", "title/99", "shouted/99", "counted/X"):
        assert failure(node.get(f"/fetch/{key}")) == "KCKKeyNotSetException", key


def test_a_value_is_gone_once_it_expires(node, database):
    first = body(node.get("/fetch/brief/1"))
    assert first["value"] == [["Dune"]]
    database.execute("update book set title = 'Dune 2' where id = 1")
    wait_for(lambda: node.value("brief/1") == [["Dune 2"]], "the value to expire")


def test_the_sql_of_a_class_runs_on_the_server_with_a_snapshot(node):
    assert node.fetch("title/1").headers["KCK-As-Of"] == node.fetch("title/1").headers["KCK-As-Of"]
    assert "snapshot" in node.get("/explain/title/1").json()["entry"]


def test_misses_are_not_computed_where_the_settings_say_so(make_node, database):
    node = served(make_node, database, {"kprimers/book.yml": BOOK, "kprimers/classes.py": CLASSES}, primes=False)
    for key in ("book/1", "title/1", "counted/D"):
        said = body(node.get(f"/fetch/{key}"))
        assert said["success"] is False
        assert said["error"]["name"] == "KCKKeyNotSetException" and said["error"]["args"][0] == key
        assert "traceback" not in said["error"]
        assert body(node.refresh(key))["success"] is True
        assert body(node.get(f"/fetch/{key}"))["success"] is True
    unknown = body(node.get("/fetch/nothing/of/that/name"))["error"]
    assert unknown["name"] == "KCKUnknownKey" and unknown["args"] == ["nothing/of/that/name"]


HOOKED = """
from kck.lib.kck_database import KCKDatabase
from kck.lib.kck_primer import KCKPrimer

def note(what):
    KCKDatabase.query('lending', 'insert into seen (what) values (:what)', {'what': what})

class Watched(KCKPrimer):
    keys = ['watched']
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int'}]
    query_template = 'select title from book where id = :id'

    def pre_prime(self, key=None, hints=None): note('pre_prime ' + key)
    def post_prime(self, key=None, hints=None): note('post_prime ' + str(hints.get(key)['value']))
    def pre_set(self, key=None): note('pre_set ' + key)
    def post_set(self, key=None, hints=None): note('post_set ' + str(hints.get(key)['value']))
    def pre_refresh(self, key=None, hints=None): note('pre_refresh ' + key)
    def post_refresh(self, key=None, hints=None): note('post_refresh ' + key)
    def pre_purge(self, key=None): note('pre_purge ' + key)
    def post_purge(self, key=None): note('post_purge ' + key)

class Failing(KCKPrimer):
    keys = ['failing']
    database = 'lending'
    query_template = 'select 1'
    def pre_prime(self, key): raise ValueError('in a hook')
    def post_prime(self, key): raise ValueError('in a hook')
"""


def test_hooks_before_come_first_and_those_after_follow(make_node, database):
    node = served(make_node, database, {"kprimers/watched.py": HOOKED})
    done = []

    def told(*what):
        """What was told since, of which the order is known for what comes before alone."""
        done.extend(sorted(what))
        wait_for(lambda: len(seen(database)) >= len(done), f"{what} to be told")
        new = sorted(seen(database)[-len(what):])
        assert new == sorted(what) and len(seen(database)) == len(done)

    assert node.value("watched/1") == [["Dune"]]
    assert seen(database)[:2] == ["pre_prime watched/1", "pre_set watched/1"]
    told("pre_prime watched/1", "pre_set watched/1", "post_set [['Dune']]", "post_prime [['Dune']]")
    assert body(node.refresh("watched/1"))["success"] is True
    told("pre_refresh watched/1", "pre_prime watched/1", "pre_set watched/1", "post_set [['Dune']]",
         "post_prime [['Dune']]", "post_refresh watched/1")  # fmt: skip
    assert body(node.set("watched/1", '"by hand"'))["success"] is True
    told("pre_set watched/1", "post_set by hand")
    assert body(node.request("DELETE", "/fetch/watched/1"))["success"] is True
    told("pre_purge watched/1", "post_purge watched/1")


def test_a_hook_that_raises_changes_nothing(make_node, database):
    node = served(make_node, database, {"kprimers/watched.py": HOOKED})
    assert node.value("failing") == [[1]]
    wait_for(lambda: node.log().count("ValueError: in a hook") >= 2, "both to be logged")

"""The cache of 0.6.3 as its Python code calls it: keys set by hand, hints, augmented values, decorators, databases."""

import pytest

from compat_folder import BOOK, body, failure, served
from support.wait import wait_for

PROBE = """
import datetime
from kck.lib import KCKCache
from kck.lib.exceptions import KCKKeyNotSetException, KCKUnknownKey, VersionedRefreshMismatchException
from kck.lib.kck_data import KCKData
from kck.lib.kck_database import KCKDatabase
from kck.lib.kck_primer import KCKPrimer

def general(cache):
    try:
        cache.get('shelf/none')
    except KCKUnknownKey as error:
        unknown = error.key
    cache.set('shelf/1', {'books': [1, 2]})
    entry = cache.get('shelf/1')
    many = cache.mget(['shelf/1', 'shelf/none'])
    return [unknown, entry['value'], entry['success'], entry['key'], type(entry['modified']).__name__,
            entry['version'] == cache.get('shelf/1')['version'],
            [one.get('value') for one in many], type(many[1]['exception']).__name__, many[1]['success']]

def purge(cache):
    cache.set('shelf/2', 1)
    done = cache.purge('shelf/2')
    try:
        cache.get('shelf/2')
    except KCKUnknownKey:
        return [done, 'gone']

def expire(cache):
    cache.set('shelf/brief', 1, expire=datetime.timedelta(milliseconds=300))
    return cache.get('shelf/brief')['value']

def refresh(cache):
    try:
        cache.get('book/1')
    except KCKKeyNotSetException as error:
        missed = error.key
    first = cache.refresh('book/1')
    primed = cache.get('book/2', prime_on_cache_miss=True)['value']
    try:
        cache.refresh('book/1', version='another')
    except VersionedRefreshMismatchException as error:
        refused = error.key
    return [missed, first['value'], first['version'] == cache.get('book/1')['version'], primed, refused,
            cache.refresh('book/1', queued=True)]

def write(cache):
    made = KCKData.get_instance().update('book', {'title': 'Utopia', 'price': 3})
    changed = cache.data_obj.update('book/1', {'title': 'Dune 2', 'price': 1})
    return [made, changed]

def database(cache):
    rows = KCKDatabase.query('lending', "select id, title, '12:30'::time as at from book where id <= :most order by id",
                             {'most': 2})
    first = rows.fetchone()
    rest = rows.fetchall()
    missing = [name for name in ('none',) if not hasattr(first, name)]
    made = KCKDatabase.query('lending', 'update book set price = 2 where title like :what', {'what': '%o%'})
    plain = KCKDatabase.get_database('lending').execute('select count(*) from book where title like \\'%o%\\'')
    return [list(first), first['title'], first.title, dict(first.items()), [row[0] for row in rest], missing,
            made.rowcount, plain.scalar(), rows.keys()]

class Probe(KCKPrimer):
    keys = ['probe']
    parameters = [{'name': 'what'}]

    def compute(self, keystr):
        return [globals()[self.key_to_param_dict(keystr)['what']](self.get_cache())]
"""
UPDATER = """
database: lending
parameters: [{name: id, type: int, primary_key: true}, {name: title}, {name: price, type: float}]
query:
  template:
    insert: insert into book (title, price) values (:title, :price)
    update: update book set title = :title, price = :price where id = :id
"""


@pytest.fixture
def node(make_node, database):
    files = {"kprimers/book.yml": BOOK, "kprimers/probe.py": PROBE, "kupdaters/book.yml": UPDATER}
    return served(make_node, database, files, primes=False)


def probe(node, what):
    said = body(node.refresh(f"probe/{what}"))
    assert said["success"] is True, (said, node.log()[-4000:])
    return said["value"][0]


def test_it_is_a_cache_for_anything(node):
    assert probe(node, "general") == ["shelf/none", {"books": [1, 2]}, True, "shelf/1", "datetime", True,
                                      [{"books": [1, 2]}, None], "KCKUnknownKey", False]  # fmt: skip
    assert node.value("shelf/1") == {"books": [1, 2]}


def test_purge_forgets(node):
    assert probe(node, "purge") == [True, "gone"]


def test_what_is_set_may_expire(node):
    assert probe(node, "expire") == 1
    wait_for(lambda: failure(node.get("/fetch/shelf/brief")) == "KCKUnknownKey"
             if not body(node.get("/fetch/shelf/brief"))["success"] else False, "the value to expire")  # fmt: skip


def test_refreshes_now_by_version_and_queued(node):
    assert probe(node, "refresh") == ["book/1", [["Dune"]], True, [["Emma"]], "book/1", True]


def test_writes(node, database):
    done = {"success": True, "rows": 1, "returning": []}
    assert probe(node, "write") == [done, done]
    assert database.execute("select title from book where id in (1, 5) order by id") == [("Dune 2",), ("Utopia",)]


def test_sql_by_hand(node):
    assert probe(node, "database") == [
        [1, "Dune", "12:30:00"], "Dune", "Dune", {"id": 1, "title": "Dune", "at": "12:30:00"}, [2], ["none"], 2, 2,
        ["id", "title", "at"],
    ]  # fmt: skip


AUGMENTING = """
from kck.lib.hints import HintsManager
from kck.lib.kck_primer import KCKPrimer

class Titles(KCKPrimer):
    keys = ['titles']
    database = 'lending'
    query_template = 'select id, title from book order by id'

    def register_hooks(self):
        super().register_hooks()
        for name in ('book', 'novel'):
            self.get_cache().primer_obj(name).add_hook('post_set', name + '/:id', self.book_was_set)

    def book_was_set(self, key=None, hints=None, param_key=None):
        self.get_cache().refresh('titles', hints=hints, queued=True)

    def compute_augmented_value(self, keystr, hints):
        known = hints.get(keystr)['value']
        assert known == self.get_cache().get(keystr)['value']
        return [[id, self.newer(id, title, hints)] for id, title in known]

    def newer(self, id, title, hints):
        for name in ('book', 'novel'):
            told = hints.to_dict()['hints'].get('%s/%d' % (name, id))
            if told:
                value = hints.get('%s/%d' % (name, id))['value']
                return value if isinstance(value, str) else value[0][0]
        return title

class Counts(Titles):
    keys = ['counts']
    query_template = None

    def register_hooks(self):
        self.get_cache().primer_obj('book').add_hook('post_set', 'x', self.count_again)

    def count_again(self, key=None, hints=None, param_key=None):
        self.get_cache().refresh('counts', hints=hints, queued=True)

    def compute(self, keystr):
        return [['counted', 0]]

    def compute_augmented_value(self, keystr, hints):
        return [['augmented', hints.count(exclude_keys=[keystr])]]

class Novel(KCKPrimer):
    keys = ['novel']
    database = 'lending'
    parameters = [{'name': 'id', 'type': 'int'}]
    query_template = 'select title from book where id = :id'
"""


def test_a_set_augments_what_was_computed_from_it(make_node, database):
    """The source has the old title: the new one comes by the hint."""
    node = served(make_node, database, {"kprimers/book.yml": BOOK, "kprimers/titles.py": AUGMENTING})
    titles = [[1, "Dune"], [2, "Emma"], [3, "Momo"], [4, "Solaris"]]
    assert node.value("titles") == titles and node.value("counts") == [["counted", 0]]
    assert body(node.set("book/1", '"Dune Messiah"'))["success"] is True
    wait_for(lambda: node.value("titles")[0] == [1, "Dune Messiah"], "the hint of a key set by hand")
    assert node.value("titles")[1:] == titles[1:]
    wait_for(lambda: node.value("counts") == [["augmented", 1]], "the value of Python to be augmented")
    assert body(node.set("novel/2", '"Emma, again"'))["success"] is True
    wait_for(lambda: node.value("titles")[1] == [2, "Emma, again"], "the hint of a class's key")
    # Without a hint the source counts.
    assert body(node.refresh("titles"))["value"] == titles


DECORATED = """
from kck.lib.decorators import kckprime, kckrefresh
from kck.lib.kck_database import KCKDatabase
from kck.lib.kck_primer import KCKPrimer

def note(what):
    KCKDatabase.query('lending', 'insert into seen (what) values (:what)', {'what': what})

def titles_of(member):
    note('computed ' + member)
    rows = KCKDatabase.query('lending', 'select book.title from loan join book on book.id = loan.book join member '
                             'on member.id = loan.member where member.name = :member order by 1', {'member': member})
    return [row[0] for row in rows]

@kckprime(name='loans', keys=['member'])
def loans(member):
    return titles_of(member)

@kckrefresh(name='loans', keys=['member'], param_keys={'member': 'who'}, queued=True)
def lend(book, who):
    KCKDatabase.query('lending', 'insert into loan select book.id, member.id from book, member '
                      'where title = :book and name = :who', {'book': book, 'who': who})

class Lending(KCKPrimer):
    keys = ['lending']
    parameters = [{'name': 'book'}, {'name': 'who'}]
    def compute(self, keystr):
        lend(book=self.key_to_param_dict(keystr)['book'], who=self.key_to_param_dict(keystr)['who'])
        return 'lent'

class Shown(KCKPrimer):
    keys = ['shown']
    parameters = [{'name': 'who'}]
    def compute(self, keystr):
        return {'loans': loans(self.key_to_param_dict(keystr)['who'])}
"""


def test_decorated_functions_read_the_cache_and_refresh_it(make_node, database):
    """They compute what is not there, also where the settings say that nothing else does."""
    node = served(make_node, database, {"kprimers/decorated.py": DECORATED}, primes=False)

    def computed():
        return database.execute("select count(*) from seen where what = 'computed Ada'")[0][0]

    assert body(node.refresh("shown/Ada"))["value"] == {"loans": []} and computed() == 1
    assert node.value("loans/Ada") == [] and computed() == 1
    assert body(node.refresh("lending/Dune/Ada"))["value"] == "lent"
    wait_for(lambda: node.value("loans/Ada") == ["Dune"], "the key to be computed again")
    wait_for(lambda: node.value("shown/Ada") == {"loans": ["Dune"]}, "what was computed from it to follow")
    assert computed() == 2

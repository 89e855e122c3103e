"""The modules of KCK 0.6.3 by their names, outside of a server: hints, databases, the cache over what is connected."""

import sqlite3
from datetime import datetime, timedelta, timezone

import kck
import pytest
from kck._calls import Entry, Written
from kck._runtime import set_current
from kck.lib import KCKCache, decorators, kck_database, kck_primer, kck_updater
from kck.lib.exceptions import KCKKeyNotSetException, KCKUnknownKey, PrimerComputerReturnedNoResults
from kck.lib.hints import HintsManager
from kck.lib.kck_data import KCKData
from kck.lib.kck_database import KCKDatabase, plain_url

NOW = datetime(2024, 1, 1, 12, 0, 0)


def record(key, value, minutes=0):
    return KCKCache.build_cache_entry_dict(key, "1.2.3", value, "t", NOW + timedelta(minutes=minutes))


class Cache:
    def __init__(self):
        self.asked = []

    def get(self, key, prime_on_cache_miss=False):
        self.asked.append((key, prime_on_cache_miss))
        return record(key, "of the cache")


def test_the_newest_hint_answers_and_else_the_cache():
    cache = Cache()
    hints = HintsManager(cache)
    assert hints.get("a", prime_on_cache_miss=True)["value"] == "of the cache" and cache.asked == [("a", True)]
    for value, minutes in (("first", 1), ("newest", 3), ("second", 2)):
        hints.set_hint_key(record("a", value, minutes))
    assert hints.get("a")["value"] == "newest" and len(cache.asked) == 1
    hints.unset_hint_key("a", NOW + timedelta(minutes=4))
    assert hints.get("a")["value"] == "of the cache"
    hints.set_hint_key(record("a", "after the purge", 5))
    assert hints.get("a")["value"] == "after the purge"


def test_hints_are_counted_and_those_of_others_are_not_there():
    hints = HintsManager(Cache())
    hints.set_hint_key(record("a", 1, 1))
    hints.set_hint_key(record("b", 2, 2))
    assert hints.count() == 2 and hints.count(exclude_keys=["b"]) == 1
    assert hints.count(since=NOW + timedelta(minutes=2)) == 1
    assert HintsManager(Cache()).count() == 0


def test_hints_travel_as_json():
    hints, other, third = HintsManager(Cache()), HintsManager(Cache()), HintsManager(Cache())
    hints.set_hint_key(record("a", {"x": [1]}, 1))
    hints.unset_hint_key("b", NOW)
    said = hints.to_dict()
    other.from_dict(said)
    assert other.get("a") == hints.get("a") and other.to_dict() == said
    third.set_hint_key(record("c", 1))
    third.import_from_dict(said)
    assert third.count() == 2


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("postgresql+psycopg2://u:p@h:5/d?sslmode=require", "postgresql://u:p@h:5/d?sslmode=require"),
        ("postgres://h/d", "postgresql://h/d"),
        ("sqlite:////srv/a.db", "sqlite:/srv/a.db"),
        ("sqlite:///a.db", "sqlite:a.db"),
        ("mysql://h/d", "mysql://h/d"),
    ],
)
def test_urls_of_sqlalchemy(url, plain):
    assert plain_url(url) == plain


def test_sql_over_sqlite(tmp_path, monkeypatch):
    monkeypatch.setitem(kck_database.urls, "shop", f"sqlite:{tmp_path}/shop.db")
    KCKDatabase.query("shop", "create table item (id integer primary key, name text)")
    made = KCKDatabase.query("shop", "insert into item (name) values (:name)", {"name": "pen"})
    assert made.rowcount == 1 and not made.returns_rows
    rows = KCKDatabase.query("shop", "select id, name from item where id = :id", {"id": 1})
    row = rows.fetchone()
    assert (row["name"], row.id, row[1], row.keys()) == ("pen", 1, "pen", ["id", "name"])
    assert rows.fetchone() is None and list(rows) == []
    assert (row.count("pen"), row.index("pen")) == (1, 1)
    counted = KCKDatabase.query("shop", 'select count(*) as count, 7 as "index" from item').fetchone()
    assert (counted.count, counted.index) == (1, 7)
    with pytest.raises(KeyError):
        row["other"]
    with pytest.raises(AttributeError):
        row.other  # noqa: B018
    with pytest.raises(sqlite3.OperationalError):
        KCKDatabase.query("shop", "select nothing from item")
    assert KCKDatabase.query("shop", "select count(*) from item").scalar() == 1
    with pytest.raises(kck.KCKError, match="kck.yml has no database other: it has shop"):
        KCKDatabase.query("other", "select 1")


@pytest.mark.parametrize(
    ("sql", "placed"),
    [
        ("select :id::int, n::text", "select %(id)s::int, n::text"),
        ("where a=:a and b = :b_2", "where a=%(a)s and b = %(b_2)s"),
        (r"select '10\:30', a\:\:int", "select '10:30', a::int"),
        ("where name like '%:' || :name || '%'", "where name like '%%:' || %(name)s || '%%'"),
    ],
)
def test_parameters_of_sql_for_postgresql(sql, placed):
    assert kck_database.for_driver(sql) == placed


def test_a_database_that_nothing_tells_of(monkeypatch):
    monkeypatch.setattr(kck_database, "urls", {})
    with pytest.raises(kck.KCKError, match="has no simple_settings"):
        KCKDatabase.query("main", "select 1")


class Connected:
    """Stands for a client."""

    def __init__(self):
        self.calls, self.held = [], {}

    def entry(self, key):
        if key not in self.held:
            kind = kck.KCKUnknownKey if key.startswith("unknown") else kck.KCKKeyNotSetException
            raise kck.errors.error_of(kind.__name__, [key], "no", 404)
        at = datetime(2024, 1, 1, tzinfo=timezone.utc)
        return Entry(key, self.held[key], "1.2.3", at, "fresh", 0, at)

    def refresh(self, key, hint=None, wait=False):
        self.calls.append(("refresh", key, hint, wait))
        self.held.setdefault(key, "computed")
        return self.entry(key) if wait else None

    def set(self, key, value, **more):
        self.held[key] = value

    def purge(self, key):
        self.held.pop(key, None)

    def update(self, updater, values, *primary_key):
        self.calls.append(("update", updater, values, primary_key))
        return Written("update", 1, [[7]], "token")


@pytest.fixture
def connected():
    made = Connected()
    set_current(made)
    yield made
    set_current(None)


def test_the_cache_calls_what_is_connected(connected):
    cache = KCKCache.get_instance()
    assert cache is KCKCache.get_instance() is not KCKCache.get_instance(new_instance=True, refresh_selector_string="x")
    with pytest.raises(KCKUnknownKey):
        cache.get("unknown/1")
    with pytest.raises(KCKKeyNotSetException) as error:
        cache.get("item/1")
    assert error.value.key == "item/1" and isinstance(error.value, kck.KCKKeyNotSetException)
    assert cache.get("item/1", prime_on_cache_miss=True)["value"] == "computed"
    cache.set("item/2", 5)
    entry = cache.get("item/2")
    assert entry == {"success": True, "key": "item/2", "value": 5, "version": "1.2.3", "tbl": None,
                     "modified": datetime(2024, 1, 1)}  # fmt: skip
    found = cache.mget(["item/2", "unknown/2"])
    assert found[0] == entry and found[1]["success"] is False and isinstance(found[1]["exception"], KCKUnknownKey)
    with pytest.raises(kck.VersionMismatch):
        cache.purge("item/2", version="another")
    assert cache.purge("item/2", version="1.2.3") is True and "item/2" not in connected.held


def test_refreshes_with_hints_are_queued(connected):
    hints = HintsManager()
    hints.set_hint_key(record("other/1", 1))
    cache = KCKCache.get_instance()
    assert cache.refresh("item/1", hints=hints, queued=True) is True
    assert connected.calls == [("refresh", "item/1", hints.to_dict(), False)]
    assert cache.refresh("item/1")["value"] == "computed"
    assert connected.calls[1] == ("refresh", "item/1", None, True)
    with pytest.raises(kck.VersionMismatch):
        cache.refresh("item/1", version="another")


def test_data_writes(connected):
    assert KCKData.get_instance().update("item/a%2Fb", {"x": 1}) == {"success": True, "rows": 1, "returning": [[7]]}
    assert connected.calls == [("update", "item", {"x": 1}, ("a/b",))]


def test_the_names_are_those_of_kck():
    assert kck_primer.KCKPrimer is kck.KCKPrimer and kck_updater.KCKUpdater is kck.KCKUpdater
    assert issubclass(PrimerComputerReturnedNoResults, kck.NoValue)
    assert callable(decorators.kckprime) and callable(decorators.kckrefresh)

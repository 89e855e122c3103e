"""Values of the databases' types arrive in JSON as they are, and parameters of every type arrive in the database."""

import base64
import datetime
import decimal
import json
import math
import sqlite3
import uuid

import psycopg.types.json
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.files import kck_yml, make_sqlite, product

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-2**53, 2**53) | TEXT,
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)
EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

# A column's type, what goes in, and what must come out.
POSTGRES_COLUMNS = {
    "i": ("bigint", st.integers(-2**63, 2**63 - 1), lambda v: v),
    "f": ("double precision", st.floats(allow_nan=False, allow_infinity=False), lambda v: v),
    "n": ("numeric", st.decimals(allow_nan=False, allow_infinity=False, min_value=-10**20, max_value=10**20, places=6),
          lambda v: v),
    "b": ("boolean", st.booleans(), lambda v: v),
    "t": ("text", TEXT, lambda v: v),
    "d": ("date", st.dates(), lambda v: v.isoformat()),
    "u": ("uuid", st.uuids(), str),
    "y": ("bytea", st.binary(max_size=40), lambda v: base64.b64encode(v).decode()),
    "j": ("jsonb", JSON, lambda v: v),
    "ai": ("bigint[]", st.lists(st.none() | st.integers(-2**63, 2**63 - 1), max_size=4), lambda v: v),
    "at": ("text[]", st.lists(st.none() | TEXT, max_size=4), lambda v: v),
}


def exact(text):
    """JSON with its decimals as they are written."""
    return json.loads(text, parse_float=decimal.Decimal)


def same(expected, got):
    if isinstance(expected, float):
        if isinstance(got, int):  # "-0" is -0.0 to a reader of floats; Python's makes it the integer 0
            return got == expected
        return float(got) == expected and math.copysign(1, float(got)) == math.copysign(1, expected)
    return got == expected


def test_postgres_types(make_node, database):
    names = list(POSTGRES_COLUMNS)
    columns = ", ".join(f"{name} {POSTGRES_COLUMNS[name][0]}" for name in names)
    database.execute(f"create table sample (id serial primary key, {columns})")
    sql = f"select {', '.join(names)} from sample where id = :id"
    node = make_node({"kck.yml": kck_yml(database.url), "products/sample.yml": product(sql, "id: int")}).start()
    places = ", ".join(["%s"] * len(names))
    insert = f"insert into sample ({', '.join(names)}) values ({places}) returning id"

    with database.connect() as connection:

        @EXAMPLES
        @given(st.fixed_dictionaries({name: st.none() | POSTGRES_COLUMNS[name][1] for name in names}))
        def round_trip(row):
            values = [psycopg.types.json.Jsonb(row[name]) if name == "j" and row[name] is not None else row[name]
                      for name in names]
            key = connection.execute(insert, values).fetchone()[0]
            got = exact(node.fetch(f"sample/{key}").text)["value"][0]
            for name, value in zip(names, got):
                expected = None if row[name] is None else POSTGRES_COLUMNS[name][2](row[name])
                assert same(expected, value), (name, row[name], value)

        round_trip()


def test_sqlite_types(make_node, tmp_path):
    path = tmp_path / "types.db"
    url = make_sqlite(path, "create table sample (id integer primary key, i integer, r real, t text, y blob, b boolean)")
    sql = "select i, r, t, y, b from sample where id = :id"
    node = make_node({"kck.yml": kck_yml(url), "products/sample.yml": product(sql, "id: int")}).start()
    connection = sqlite3.connect(path, isolation_level=None)

    @EXAMPLES
    @given(st.none() | st.integers(-2**63, 2**63 - 1), st.none() | st.floats(allow_nan=False, allow_infinity=False),
           st.none() | TEXT, st.none() | st.binary(max_size=40), st.none() | st.booleans())
    def round_trip(i, r, t, y, b):
        key = connection.execute("insert into sample (i, r, t, y, b) values (?, ?, ?, ?, ?)", (i, r, t, y, b)).lastrowid
        got = node.value(f"sample/{key}")[0]
        encoded = None if y is None else base64.b64encode(y).decode()
        assert got[0] == i and got[2:] == [t, encoded, b]
        assert got[1] is None if r is None else same(r, got[1])

    round_trip()
    connection.close()


# A parameter's type, a value, its spelling in a key, and what the database gives back.
PARAMETERS = [
    ("int", "007", 7),
    ("int", "-9223372036854775808", -2**63),
    ("float", "2.50", 2.5),
    ("string", "a%2Fb%20%C3%A9%25'%22;--", "a/b é%'\";--"),
    ("string", "", ""),
    ("date", "2024-02-29", "2024-02-29"),
    ("uuid", "{0}", "{0}"),
    ("bool", "true", True),
]


@pytest.mark.parametrize("kind,spelling,expected", PARAMETERS)
def test_postgres_parameters(make_node, database, kind, spelling, expected):
    number = str(uuid.UUID(int=2**127 + 12345))
    spelling = spelling.format(number) if kind == "uuid" else spelling
    expected = number if kind == "uuid" else expected
    node = make_node({"kck.yml": kck_yml(database.url, store="memory:"),
                      "products/echo.yml": product("select :p as p", f"p: {kind}")}).start()
    assert node.value(f"echo/{spelling}") == [[expected]]


def test_timestamps_in_utc(make_node, database):
    sql = "select timestamptz '2013-01-01 05:00:00.25+02', timestamp '2013-01-01 05:00:00', 'infinity'::timestamptz"
    node = make_node({"kck.yml": kck_yml(database.url), "products/t.yml": product(sql)}).start()
    aware, plain, infinite = node.value("t")[0]
    assert datetime.datetime.fromisoformat(aware.replace("Z", "+00:00")) == datetime.datetime(
        2013, 1, 1, 3, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    assert (plain, infinite) == ("2013-01-01T05:00:00", "infinity")

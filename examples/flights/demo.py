#!/usr/bin/python3
"""Shows KCK at work on real data; `make demo` runs it.

Loads New York's flights of 2013 into a database, serves the products of this folder from it and fetches a key of each
twice: the first answer comes from the database, the second from the cache. Then it stays up until Ctrl-C. With --check
it holds the answers against what is known of the data instead, and exits 0 or 1.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import sys

import load
from checks import wrong_answers
from kck_server import ROOT, Answer, KckServer
from temporary_postgres import TemporaryPostgres, free_port

FOLDER = pathlib.Path(__file__).resolve().parent
STATE = ROOT / "build" / "demo"
PORT = 8001
KEYS = (
    "airline/UA",
    "route/JFK/LAX",
    "flights_of_day/2013-07-04",
    "delays/EV/7",
    "plane_history/N258JB",
    "weather_delay/LGA",
    "busiest_airports",
    "destinations/EWR",
    "rank/UA",
)


def take_lock():
    """Two demonstrations of one checkout would empty each other's store."""
    STATE.mkdir(parents=True, exist_ok=True)
    lock = (STATE / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("demo: another make demo runs in this folder: stop it with Ctrl-C in its terminal, then try again")
    return lock


def require_port(port: int):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"demo: cannot listen on 127.0.0.1:{port}: {error.strerror}. Stop what uses it "
                     f"(`ss -ltnp sport = :{port}` names it), or take another: make demo PORT={port + 1}")


@contextlib.contextmanager
def flights_in(database: str):
    """The database, loaded; yields the environment that its kck.yml needs."""
    if database == "sqlite":
        print("Loading the flights into SQLite", flush=True)
        load.load(f"sqlite:{STATE / 'flights.db'}")
        yield dict(os.environ)
        return
    print("Starting a PostgreSQL 15 and loading the flights", flush=True)
    with TemporaryPostgres() as postgres:
        load.load(postgres.url)
        yield {**os.environ, "FLIGHTS_URL": postgres.url}


def fetch_twice(server: KckServer) -> dict[str, tuple[Answer, Answer]]:
    connection = server.connect()
    Answer(connection, "/healthz")  # so that no time below has the connecting in it
    return {key: (Answer(connection, f"/fetch/{key}"), Answer(connection, f"/fetch/{key}")) for key in KEYS}


def print_table(answers: dict[str, tuple[Answer, Answer]]):
    print(f"\n{'key':<28}{'first':>12}{'second':>12}{'faster':>10}{'rows':>8}")
    for key, (first, second) in answers.items():
        if first.status != 200:
            print(f"{key:<28}  HTTP {first.status}: {first.body}")
            continue
        rows = len(first.value) if isinstance(first.value, list) else 1
        print(f"{key:<28}{first.seconds * 1000:>9.1f} ms{second.seconds * 1000:>9.2f} ms"
              f"{first.seconds / second.seconds:>8,.0f} x{rows:>8,}")
    print(flush=True)


def print_invitation(server: KckServer, database: str):
    url = server.url
    print(f"KCK serves at {url}. In another terminal, try:\n")
    for call in (
        f"{url}/fetch/airline/B6",
        f"-i {url}/fetch/flights_of_day/2013-12-24",
        f"'{url}/mget?key=airline/DL&key=route/LGA/ORD'",
        f"{url}/fetch/airline/XX",
        f"-d '{{\"carrier\": \"ZZ\", \"name\": \"Zeppelin Air\"}}' {url}/create/airline",
        f"-H 'KCK-After: <the token of that answer>' {url}/fetch/airlines",
        f"-X DELETE {url}/update/airline/ZZ",
        f"{url}/explain/airlines",
        f"{url}/queue",
        f"{url}/metrics",
    ):
        print(f"  curl {call}")
    print(f"\nValues that change while you watch: examples/flights/renames.py --url {url}")
    print(f"\nThe products are in {(FOLDER / 'products').relative_to(ROOT)}, their settings in "
          f"{(FOLDER / database / 'kck.yml').relative_to(ROOT)}.\nCtrl-C stops it.", flush=True)


def check(server: KckServer, answers: dict[str, tuple[Answer, Answer]]) -> int:
    wrong = wrong_answers(server, answers)
    if not server.folder_is_right():
        wrong.append("kck check found faults (above)")
    if (status := server.stop()) != 0:
        wrong.append(f"kck serve ended with status {status} after SIGTERM, not 0")
    for line in wrong:
        print(f"wrong: {line}", file=sys.stderr)
    if wrong:
        print(f"The server's last words:\n{server.last_words()}", file=sys.stderr)
        return 1
    print("Every answer is right.")
    return 0


def stay_up(server: KckServer) -> int:
    with contextlib.suppress(KeyboardInterrupt):
        server.process.wait()
        print(f"demo: kck serve ended by itself. It said:\n{server.last_words()}", file=sys.stderr)
        return 1
    print("\nStopping.")
    return 0


def run(database: str, port: int, is_check: bool) -> int:
    with flights_in(database) as environment:
        shutil.rmtree(STATE / f"{database}-store", ignore_errors=True)  # so that first fetches reach the database
        log = STATE / "kck.log"
        with KckServer(FOLDER / database, port, environment, log) as server:
            answers = fetch_twice(server)
            print_table(answers)
            if is_check:
                return check(server, answers)
            print_invitation(server, database)
            return stay_up(server)


def interrupt(*_):
    raise KeyboardInterrupt


def run_alone(demonstrate) -> int:
    """The exit status of a demonstration, which ends in order at a signal, and which no other runs beside."""
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        with take_lock():
            return demonstrate()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--port", type=int, default=PORT, help=f"of KCK (default {PORT}; with --check, a free one)")
    parser.add_argument("--check", action="store_true", help="check the answers and end")
    arguments = parser.parse_args()

    def demonstrate():
        port = free_port() if arguments.check else arguments.port
        require_port(port)
        return run(arguments.database, port, arguments.check)

    return run_alone(demonstrate)


if __name__ == "__main__":
    sys.exit(main())

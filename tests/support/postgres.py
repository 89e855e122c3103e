"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, on a free port of 127.0.0.1."""

import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import psycopg

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")

# The prefix parts the log into entries; every statement of a client is one.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "60",
    "log_statement": "all",
    "log_line_prefix": "@@%d@ ",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    def __init__(self, **settings):
        """`settings` take the place of SETTINGS, or stand beside them."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kck-postgres-"))
        self.port = free_port()
        self.running = False
        self._names = itertools.count(1)
        self._log_path = self.folder / "server.log"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync",
                  "--pgdata", self.folder / "data")
        with open(self.folder / "data/postgresql.conf", "a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in {**SETTINGS, **settings, "port": self.port}.items())

    def run(self, program, *arguments):
        """What the program prints. PostgreSQL refuses to be root; then it is user postgres."""
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, BINARIES / program, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              text=True, cwd="/", timeout=600)
        assert done.returncode == 0, f"{program}: {done.stdout}\n{self.log()[-5000:]}"
        return done.stdout

    def _control(self, *arguments):
        self.run("pg_ctl", "--pgdata", self.folder / "data", "--wait", "--silent", *arguments)

    def start(self):
        self._control("--log", self._log_path, "start")
        self.running = True

    def stop(self, mode="immediate"):
        """`immediate` is as if it crashed."""
        self._control("--mode", mode, "stop")
        self.running = False

    def ensure_started(self):
        if not self.running:
            self.start()

    def destroy(self):
        if self.running:
            self.stop()
        shutil.rmtree(self.folder)

    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def create_database(self):
        name = f"test{next(self._names)}"
        with self.connect("postgres") as admin:
            admin.execute(f"create database {name}")
        return Database(self, name)

    def connect(self, name):
        return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=name, autocommit=True)


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = f"postgresql://postgres@127.0.0.1:{server.port}/{name}"

    def connect(self):
        return self.server.connect(self.name)

    def execute(self, sql, params=None):
        """Runs statements, and returns the rows of the last one."""
        with self.connect() as connection:
            cursor = connection.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    def executions(self, marker):
        """How many times a statement that holds `marker` was executed with bound parameters, as KCK does."""
        entries = self.server.log().split("@@")
        return sum(entry.startswith(f"{self.name}@ ") and " execute " in entry and marker in entry for entry in entries)

    def running(self, marker):
        """True while a statement that holds `marker` runs on another connection."""
        return bool(self.execute("select 1 from pg_stat_activity where datname = current_database() and state = 'active'"
                                 " and pid <> pg_backend_pid() and query like '%%' || %s || '%%'", [marker]))

    def drop(self):
        with self.server.connect("postgres") as admin:
            admin.execute(f"drop database {self.name} with (force)")

"""A PostgreSQL of the benchmark's own: a fresh cluster in a temporary folder, on a free port of 127.0.0.1."""

import os
import pathlib
import shutil
import subprocess

from common import Failed, free_port

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")


def as_postgres(command):
    """PostgreSQL refuses to be root; then it is user postgres."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return [*user, *(str(part) for part in command)]


class Postgres:
    def __init__(self, folder):
        if not BINARIES.exists():
            raise Failed("PostgreSQL 15 is not installed: apt-get install postgresql-15")
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._data = folder / "data"
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            for parent in [folder.parent]:
                parent.chmod(0o755)
        self.run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", self._data)
        with open(self._data / "postgresql.conf", "a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nport = {self.port}\n"
                       "fsync = off\nshared_buffers = 512MB\n")
        self.run("pg_ctl", "--pgdata", self._data, "--wait", "--silent", "--log", folder / "log", "start")

    def run(self, program, *arguments):
        """What the program printed."""
        done = subprocess.run(as_postgres([BINARIES / program, *arguments]), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd="/")
        if done.returncode != 0:
            raise Failed(f"{program}: {done.stdout}")
        return done.stdout

    def pgbench(self, *arguments):
        return self.run("pgbench", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", *arguments, "postgres")

    def query(self, sql):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-Atc", sql, "postgres").strip()

    def stop(self):
        self.run("pg_ctl", "--pgdata", self._data, "--wait", "--silent", "--mode", "fast", "stop")

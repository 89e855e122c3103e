"""A PostgreSQL 15 of the demonstration's own: on a free port of 127.0.0.1, in a temporary folder, gone at the end."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
START_SECONDS_MAX = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TemporaryPostgres:
    """A context: the server runs inside it. `url` names its empty database `flights`."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kck-demo-postgres-"))
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/flights"
        # PostgreSQL refuses to run as root; Debian's package has made a user for it.
        self.identity = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.server = None

    def __enter__(self):
        try:
            self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
            self._start()
            self._run("createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=postgres", "flights")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown: it closes the connections itself
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn_options(self, log):
        environment = {"PATH": "/usr/bin:/bin", "PGDATA": str(self.folder / "data")}
        # A session of its own: Ctrl-C reaches the demonstration alone, which then stops the server in its turn.
        return {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL, "stdout": log,
                "stderr": subprocess.STDOUT, "start_new_session": True, **self.identity}

    def _run(self, program: str, *arguments: str):
        with (self.folder / "log").open("ab") as log:
            if subprocess.run([BINARIES / program, *arguments], **self._spawn_options(log)).returncode != 0:
                self._fail(program)

    def _start(self):
        # The data can be loaded again, so nothing here waits for a disk.
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen([BINARIES / "postgres", *arguments], **self._spawn_options(log))
        deadline = time.monotonic() + START_SECONDS_MAX
        ready = [BINARIES / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        while subprocess.run(ready).returncode != 0:
            if self.server.poll() is not None or time.monotonic() > deadline:
                self._fail("postgres")
            time.sleep(0.1)

    def _fail(self, program: str):
        last_lines = (self.folder / "log").read_text(errors="replace").splitlines()[-10:]
        sys.exit("\n".join([f"demo: PostgreSQL did not start ({program}):", *last_lines]))

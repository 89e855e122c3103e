"""One node: its folder, its process."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from cassandra_cluster import ClusterError, files, library, ports, processes
from cassandra_cluster.cql import Cql, CqlError

KEEPER = pathlib.Path(__file__).with_name("keeper.py")
DAEMON = "org.apache.cassandra.service.CassandraDaemon"
START_SECONDS_MAX = 240
STOP_SECONDS_MAX = 60


class Node:
    """`settings` are the cluster's, and shared with its other nodes."""

    def __init__(self, cluster_folder, settings, number):
        self.folder = cluster_folder / f"node{number}"
        self.number = number
        self.address = settings.address(number)
        self._settings = settings

    def __str__(self):
        return f"node {self.number}"

    # The process.

    def launch(self, held, joins=False, archive_options=()):
        """Starts the process and returns at once. `held`, unless None, is the socket that holds the cluster's ports."""
        if self.pid() is not None:
            raise ClusterError(f"{self} runs already")
        for port in (self._settings.port, self._settings.storage_port):
            self._expect_free(self.address, port)
        self._expect_free("127.0.0.1", self._settings.jmx_port(self.number))
        files.write(self.folder, self._settings, self.number, library.jars(), joins, list(archive_options))
        job = {"command": [library.java(), self._arguments(), "-Dcassandra-foreground=yes", DAEMON],
               "log": str(self._log_path), "pid_file": str(self.folder / "pid"), "owner": self._settings.owner}
        # The keeper holds the ports by inheriting the socket.
        done = subprocess.run([sys.executable, KEEPER, json.dumps(job)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, pass_fds=[held.fileno()] if held else [])
        if not done.stdout:
            raise ClusterError(f"{self} could not be started: {done.stderr.strip()}")

    def pid(self):
        """The process's number, None if it does not run. It is ours if it was started with our arguments."""
        try:
            pid = int((self.folder / "pid").read_text())
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return pid if self._arguments().encode() in words and processes.start_time(pid) else None

    def kill(self):
        self._signal(signal.SIGKILL)
        self._wait_for_end(STOP_SECONDS_MAX)

    def begin_stop(self):
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # one that is paused would not see the other

    def stop(self):
        """In order; but one that does not end in time is killed."""
        self.begin_stop()
        if not self._wait_for_end(STOP_SECONDS_MAX):
            self.kill()

    def pause(self):
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def forget(self):
        """Ends the process and removes all that the node kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What it does.

    def state(self):
        """`down`, `paused`, `up` (it answers CQL) or `starting`."""
        pid = self.pid()
        if pid is None:
            return "down"
        if processes.is_stopped(pid):
            return "paused"
        return "up" if self._fault("SELECT key FROM system.local", "ONE", 15) is None else "starting"

    def connect(self, seconds=15):
        return Cql(self.address, self._settings.port, self._settings.user, self._settings.tls, seconds)

    def wait_until_up(self):
        """Until it answers a read of its own."""
        self._wait_for("SELECT key FROM system.local", "ONE", "does not answer CQL")

    def wait_until_meshed(self):
        """Until it sees all other nodes: a read of a whole table, at ALL, asks every one."""
        self._wait_for("SELECT id FROM system_distributed.repair_history", "ALL", "does not reach all other nodes")

    def nodetool(self, *words):
        """Runs nodetool, and returns its exit status and what it printed."""
        logback = self.folder / "conf/logback-tools.xml"
        command = [library.java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", *files.MODULES,
                   f"-Dlogback.configurationFile=file://{logback}", "-cp", ":".join(map(str, library.jars())),
                   "org.apache.cassandra.tools.NodeTool", "-h", "127.0.0.1",
                   "-p", str(self._settings.jmx_port(self.number)), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    @property
    def _log_path(self):
        return self.folder / "log"

    def _arguments(self):
        return f"@{self.folder}/conf/java.args"

    def _signal(self, number):
        if (pid := self.pid()) is not None:
            os.kill(pid, number)

    def _wait_for_end(self, seconds):
        pid = self.pid()
        return pid is None or processes.wait_for_end(pid, seconds)

    def _expect_free(self, address, port):
        if not ports.is_free(address, port):
            raise ClusterError(f"port {port} of {address}, which {self} needs, is taken: stop what listens there, "
                               "or make the cluster with another --port")

    def _fault(self, statement, consistency, seconds):
        """Why the statement fails; None if it does not."""
        try:
            with self.connect(seconds) as connection:
                connection.execute(statement, consistency)
        except CqlError as error:
            return str(error)
        return None

    def _wait_for(self, statement, consistency, failure):
        deadline = time.monotonic() + START_SECONDS_MAX
        # A read that waits for a node which is not reached yet would wait long: another one is sooner.
        while fault := self._fault(statement, consistency, seconds=3):
            if self.pid() is None:
                raise ClusterError(f"{self} has ended; the last lines of {self._log_path}:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                raise ClusterError(f"{self} {failure} ({fault}) after {START_SECONDS_MAX} s; the last lines of "
                                   f"{self._log_path}:\n{self._last_lines()}")
            time.sleep(0.05)

    def _last_lines(self, count=25):
        return "\n".join(self.log().splitlines()[-count:])

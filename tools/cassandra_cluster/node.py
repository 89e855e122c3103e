"""One node: its folder, its process."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from cassandra_cluster import ClusterError, files, ports, processes, runtime
from cassandra_cluster.cql import Cql, CqlError, UserWanted

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
        files.write(self.folder, self._settings, self.number, runtime.jars(), joins, list(archive_options))
        job = {"command": [runtime.java(), self._arguments(), "-Dcassandra-foreground=yes", DAEMON],
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
        self._expect_running()
        self._signal(signal.SIGSTOP)
        # A thread stops when it next gets its turn.
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while (pid := self.pid()) and not processes.is_stopped(pid):
            if time.monotonic() > deadline:
                raise ClusterError(f"{self} still runs {STOP_SECONDS_MAX} s after SIGSTOP; see /proc/{pid}/task")
            time.sleep(0.01)

    def resume(self):
        self._expect_running()
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
        return "up" if self._silence(seconds=15) is None else "starting"

    def connect(self, seconds=15):
        return Cql(self.address, self._settings.port, self._settings.user, self._settings.tls, seconds)

    def wait_until_up(self):
        """Until it answers a client."""
        self._wait_for(self._silence, "does not answer CQL")

    def wait_until_meshed(self):
        """Until it lets a user in, and sees all other nodes: a read of a whole table, at ALL, asks every one."""
        self._wait_for(self._isolation, "does not reach all nodes")

    def nodetool(self, *words):
        """Runs nodetool, and returns its exit status and what it printed."""
        logback = self.folder / "conf/logback-tools.xml"
        command = [runtime.java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", *files.MODULES,
                   f"-Dlogback.configurationFile=file://{logback}", "-cp", ":".join(map(str, runtime.jars())),
                   "org.apache.cassandra.tools.NodeTool", "-h", "127.0.0.1",
                   "-p", str(self._settings.jmx_port(self.number)), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
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
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, number)

    def _wait_for_end(self, seconds):
        pid = self.pid()
        return pid is None or processes.wait_for_end(pid, seconds)

    def _expect_running(self):
        if self.pid() is None:
            raise ClusterError(f"{self} does not run: start it by start-node {self.number}")

    def _expect_free(self, address, port):
        if not ports.is_free(address, port):
            raise ClusterError(f"port {port} of {address}, which {self} needs, is taken: stop what listens there, "
                               "or make the cluster with another --port")

    # Each returns why it is so, or None where it is not.

    def _silence(self, seconds):
        try:
            Cql(self.address, self._settings.port, None, self._settings.tls, seconds).close()
        except UserWanted:
            pass  # whether it lets one in may depend on other nodes
        except CqlError as error:
            return str(error)
        return None

    def _isolation(self, seconds):
        try:
            with self.connect(seconds) as connection:
                connection.execute("SELECT id FROM system_distributed.repair_history", "ALL")
        except CqlError as error:
            return str(error)
        return None

    def _wait_for(self, fault_of, failure):
        deadline = time.monotonic() + START_SECONDS_MAX
        # A read that waits for a node which is not reached yet would wait long: another one is sooner.
        while fault := fault_of(seconds=3):
            if self.pid() is None:
                raise ClusterError(f"{self} has ended; the last lines of {self._log_path}:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                raise ClusterError(f"{self} {failure} ({fault}) after {START_SECONDS_MAX} s; the last lines of "
                                   f"{self._log_path}:\n{self._last_lines()}")
            time.sleep(0.05)

    def _last_lines(self, count=25):
        return "\n".join(self.log().splitlines()[-count:])

"""kck 0.6.3 as a peer: its packages in a place of their own, its cache in a Cassandra, its server, its cache alone."""

import json
import os
import pathlib
import subprocess

from common import LOAD_CORE, ROOT, SERVER_CORE, Failed, Server, free_port, load, pinned, progress

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
INSTALLED = ROOT / "build/kck06"
PYTHON = INSTALLED / "bin/python"


def install():
    """Its packages, where they are absent or others. The copy of the list tells what is there, and is written last."""
    written = INSTALLED / "requirements.txt"
    if written.exists() and written.read_bytes() == REQUIREMENTS.read_bytes():
        return
    progress(f"Installing kck 0.6.3 in {INSTALLED}")
    # Cython would take many minutes for the driver, and what it makes is no faster here.
    environment = {**os.environ, "CASS_DRIVER_NO_CYTHON": "1"}
    for command in (["/usr/bin/python3", "-m", "venv", "--clear", INSTALLED],
                    [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "-r", REQUIREMENTS]):
        done = subprocess.run([str(part) for part in command], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Failed(f"kck 0.6.3 could not be installed. It needs Python 3.11, as Debian 12 has it:\n{done.stdout}")
    written.write_bytes(REQUIREMENTS.read_bytes())


def named(name, processes):
    return f"{name}, {processes} process{'es' * (processes > 1)}"


class Kck06:
    """A folder and a Cassandra of it: `port` is the node's."""

    def __init__(self, folder, port):
        for name in ("kprimers", "kupdaters"):  # it asks for both, as Python packages
            (folder / name).mkdir()
            (folder / name / "__init__.py").touch()
        self._folder = folder
        self._environment = {**os.environ, "SIMPLE_SETTINGS": "settings", "KCK06_FOLDER": str(folder),
                             "KCK06_CASSANDRA_PORT": str(port)}

    def put(self, key, value):
        done = subprocess.run([PYTHON, HERE / "put.py", key, json.dumps(value)], env=self._environment,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"kck 0.6.3 could not put a value:\n{done.stderr}")

    def start_servers(self, servers, processes):
        """As many on the server core, behind one port; together they are one Server to who measures."""
        port = free_port()
        command = [PYTHON, HERE / "serve.py", f"--port={port}", "--logging=error"]
        return Together([servers.add(Server("kck 0.6.3", command, self._folder / f"{port}-{number}.log", "serving",
                                            port=port, env=self._environment)) for number in range(processes)])

    def get(self, key, processes, seconds):
        """Gets without HTTP, in as many processes on the server core; figures as hit.measure has them."""
        command = [PYTHON, HERE / "get.py", key, seconds]
        running = [pinned(command, SERVER_CORE, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) for _ in range(processes)]
        outputs = [process.communicate() for process in running]
        for process, (_, errors) in zip(running, outputs):
            if process.returncode != 0:
                raise Failed(f"kck 0.6.3 could not get a value:\n{errors}")
        found = [json.loads(output) for output, _ in outputs]
        requests = sum(one["requests"] for one in found)
        cpu = sum(one["cpu_seconds"] for one in found)
        longest = max(one["seconds"] for one in found)
        return {"requests_per_second": sum(one["requests"] / one["seconds"] for one in found),
                "cpu_us_per_request": cpu / requests * 1e6, "server_core_busy": min(cpu / longest, 1.0)}


class Together:
    """Servers on one port."""

    def __init__(self, servers):
        self.name = named(servers[0].name, len(servers))
        self.port = servers[0].port
        self._servers = servers

    def cpu_seconds(self):
        return sum(server.cpu_seconds() for server in self._servers)

    def stop(self):
        for server in self._servers:
            server.stop()


class Http:
    """Driven by the common load client, which leaves its core to Cassandra where it has nothing to do."""

    def __init__(self, server, path):
        self.server, self.path = server, path

    def drive(self, options, seconds):
        return load(options, self.server.port, self.path, seconds, LOAD_CORE, waits=True,
                    connections=options.connections)

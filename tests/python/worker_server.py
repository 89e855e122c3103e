"""The server's side of a worker process, as a test scripts it."""

import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import threading

import msgpack

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
PATIENCE_SECONDS = 60


class Worker:
    """A worker over the files of a folder. `files`: by their path, as products/item.py. `log`: what it wrote. `under`:
    started by another process, which is `process` then."""

    def __init__(
        self, folder, files, *, options=(), path=(), memory_bytes=0, message_bytes_max=64 << 20, start=True,
        under=False, describe=False, sources=(),
    ):  # fmt: skip
        self.folder = pathlib.Path(folder).resolve()
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.connection, other = socket.socketpair()
        self.connection.settimeout(PATIENCE_SECONDS)
        program = f"import sys; sys.path.append({str(ROOT / 'python')!r}); from kck.worker import main; main()"
        command = [PYTHON, *options, "-c", program, str(other.fileno())]
        if under:
            command = [PYTHON, "-c", f"import subprocess; subprocess.run({command}, pass_fds=[{other.fileno()}])"]
        self.process = subprocess.Popen(
            command,
            pass_fds=[other.fileno()],
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": ""},
        )
        other.close()
        self.log = []
        self._logger = threading.Thread(target=self._read_log, daemon=True)
        self._logger.start()
        self.calls = 0
        if start:
            message = self.start_message(path, memory_bytes, message_bytes_max)
            self.send({**message, "describe": describe, "sources": sources})
            self.hello = self.read("hello")

    def start_message(self, path=(), memory_bytes=0, message_bytes_max=64 << 20):
        files = {
            kind: sorted(str(file) for file in (self.folder / kind).glob("*.py"))
            for kind in ("products", "updaters", "processes")
        }
        return {
            "type": "start",
            "protocol": 1,
            "folder": str(self.folder),
            "path": [str(one) for one in path],
            **files,
            "memory_bytes": memory_bytes,
            "threads": 1,
            "concurrency": 100,
            "message_bytes_max": message_bytes_max,
            "describe": False,
        }

    def _read_log(self):
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))

    def send(self, message):
        body = msgpack.packb(message)
        self.connection.sendall(struct.pack(">I", len(body)) + body)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            if not more:
                raise EOFError(f"the worker has closed the connection; its log: {self.log}")
            data += more
        return data

    def read(self, kind=None):
        message = msgpack.unpackb(self._exactly(struct.unpack(">I", self._exactly(4))[0]))
        assert kind is None or message["type"] == kind, message
        return message

    def is_silent(self):
        """Whether nothing has come that was not read. Says something only after an answer that would come later."""
        return not select.select([self.connection], [], [], 0)[0]

    def begin(self, kind, name, **more):
        self.calls += 1
        self.send({"type": "call", "id": self.calls, "kind": kind, "name": name, "timeout_ms": 60000, **more})
        return self.calls

    def begin_prime(self, name, *keys, hints=None):
        return self.begin(
            "prime", name, keys=[list(key) for key in keys] or [[]], hints=hints or [[] for _ in keys or [[]]]
        )

    def prime(self, name, *keys, hints=None):
        """The items of the result; the values are Python's."""
        id = self.begin_prime(name, *keys, hints=hints)
        return self.result(id)

    def value(self, name, *params):
        (item,) = self.prime(name, params)
        assert "value" in item, item
        return json.loads(item["value"])

    def error(self, name, *params):
        (item,) = self.prime(name, params)
        return item["error"]

    def result(self, id):
        message = self.read("result")
        assert message["id"] == id
        return message["results"]

    def reply(self, ask, value=None, version="1.1.1", **more):
        said = (
            {"ok": True, "value": json.dumps(value).encode(), "version": version} if not more else {"ok": False, **more}
        )
        self.send({"type": "reply", "id": ask["id"], **said})

    def ended(self):
        """Its exit status, once it has ended, and its log is complete."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._logger.join(PATIENCE_SECONDS)
        return status

    def stop(self):
        self.send({"type": "stop"})
        return self.ended()

    def destroy(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()

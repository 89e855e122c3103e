"""A running `kck serve`, and fetching from it."""

import http.client
import json
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "release" / "apps" / "kck"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


class KckServer:
    """A context: the server runs inside it, over the folder that holds kck.yml; its log goes to the file `log`."""

    def __init__(self, folder: pathlib.Path, port: int, environment: dict[str, str], log: pathlib.Path,
                 host: str = "127.0.0.1"):
        self.host = host
        self.port = port
        self.url = f"http://{host}:{port}"
        self.log = log
        self.folder = folder
        self.environment = environment
        self.process = None

    def __enter__(self):
        command = [BINARY, "serve", "--folder", self.folder, "--listen", f"{self.host}:{self.port}"]
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C reaches the demonstration alone, which then stops the server in its turn.
            self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> int:
        """Stops the server, unless it has stopped, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def folder_is_right(self) -> bool:
        """Whether `kck check` finds no fault in the server's folder; it prints those that it finds."""
        command = [BINARY, "check", "--folder", self.folder]
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL).returncode == 0

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                connection = self.connect()
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.05)
        sys.exit(f"demo: kck serve did not start. It said:\n{self.last_words()}")

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class Answer:
    """One answer: its HTTP status, body, ETag, state and the seconds that it took. A body is sent as JSON."""

    def __init__(self, connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None,
                 method: str = "GET", body: dict | None = None):
        start = time.perf_counter()
        connection.request(method, path, json.dumps(body) if body is not None else None, headers or {})
        response = connection.getresponse()
        body = response.read()
        self.seconds = time.perf_counter() - start
        self.status = response.status
        self.etag = response.headers.get("ETag")
        self.state = response.headers.get("KCK-State")
        self.body = json.loads(body) if body else None

    @property
    def value(self):
        return self.body.get("value") if isinstance(self.body, dict) else None

"""A KCK folder on disk, and the `kck serve` that serves it."""

import os
import re
import signal
import ssl
import subprocess

import httpx

from support.wait import wait_for


class Node:
    def __init__(self, binary, folder, files, serve_options=(), ca=None):
        """`ca`: the certificate to trust, where kck.yml has http.tls."""
        self.binary = binary
        self.folder = folder
        self.serve_options = list(serve_options)
        self.ca = ca
        self.port = 0  # the system chooses at the first start, and restarts keep it
        self.process = None
        self._log_path = folder / "serve.log"
        self._http = None
        self.write(files)

    def write(self, files):
        """Writes files of the folder: a name to its text."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    # The server.

    def launch(self):
        """Starts the server and returns at once."""
        command = [self.binary, "--folder", self.folder, "serve", "--listen", f"127.0.0.1:{self.port}"]
        command += self.serve_options
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        """Starts the server and returns once it serves."""
        served_before = len(self._addresses())
        self.launch()

        def serves():
            status = self.process.poll()
            assert status is None, f"kck serve ended with {status}:\n{self.log()}"
            return len(self._addresses()) > served_before

        wait_for(serves, f"the server of {self.folder} to start", 30)
        self.port = int(self._addresses()[-1])
        trusted = ssl.create_default_context(cafile=self.ca) if self.ca else True
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=30, verify=trusted)
        return self

    def _addresses(self):
        return re.findall(r" serves \d+ products at https?://[^ ]*:(\d+) ", self.log())

    def signal(self, number=signal.SIGTERM):
        os.kill(self.process.pid, number)

    def stop(self):
        """Ends the server in order, and returns its exit status."""
        self.signal()
        status = self.process.wait(timeout=30)
        self._forget()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self._forget()

    def destroy(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _forget(self):
        self.process = None
        if self._http is not None:
            self._http.close()
            self._http = None

    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    # Talking to it.

    @property
    def url(self):
        return f"http{'s' if self.ca else ''}://127.0.0.1:{self.port}"

    def request(self, method, path, **options):
        return self._http.request(method, path, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def fetch(self, key):
        """The answer to a fetch, which must be a success."""
        answer = self.get("/fetch/" + key)
        assert answer.status_code == 200, f"{key}: {answer.status_code} {answer.text}"
        return answer

    def value(self, key):
        return self.fetch(key).json()["value"]

    def set(self, key, json_text):
        return self.request("PUT", "/set/" + key, content=json_text)

    def refresh(self, key, wait=True):
        return self.request("POST", "/refresh/" + key + ("?wait=1" if wait else ""))

    # The command line.

    def run(self, *arguments, url=True, **options):
        """Runs a client command against this node."""
        where = ["--url", self.url] if url else []
        return run_kck(self.binary, "--folder", self.folder, *arguments, *where, **options)

    def check(self, *arguments, **options):
        return run_kck(self.binary, "--folder", self.folder, "check", *arguments, **options)


def run_kck(binary, *arguments, **options):
    """Runs a command to its end; the result has returncode, stdout and stderr."""
    return subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=60, **options)

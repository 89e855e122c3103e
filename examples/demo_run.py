"""What the small demonstrations share: a server over a folder, its state in a temporary one."""

import argparse
import contextlib
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "flights"))

import kck_server  # noqa: E402
from kck_server import Answer, KckServer  # noqa: E402
from temporary_postgres import free_port  # noqa: E402

PATIENCE_SECONDS = 60


@contextlib.contextmanager
def demonstrate(folder: pathlib.Path, about: str, **environment: str):
    """The server of the folder, whose kck.yml finds DEMO_STATE, DEMO_PYTHON and `environment`. It reads --kck and
    --python of the command line. The end is an error unless the server ended in order and its folder is right."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kck", type=pathlib.Path, default=kck_server.BINARY, help="the program")
    parser.add_argument("--python", default="/usr/bin/python3", help="the workers' interpreter")
    options = parser.parse_args()
    kck_server.BINARY = options.kck.resolve()
    with tempfile.TemporaryDirectory(prefix="kck-demo-") as state:
        found = {**os.environ, "DEMO_STATE": state, "DEMO_PYTHON": options.python, **environment}
        with KckServer(folder, free_port(), found, pathlib.Path(state) / "kck.log") as server:
            try:
                yield server
                assert server.folder_is_right(), "kck check found faults (above)"
                assert server.stop() == 0
            except BaseException:
                print(f"The server's last words:\n{server.last_words()}", file=sys.stderr)
                raise


def await_value(connection, key: str, is_it):
    """The value of the key once `is_it` says so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = Answer(connection, f"/fetch/{key}")
        if answer.status == 200 and is_it(answer.value):
            return answer.value
        assert time.monotonic() < deadline, f"{key}: {answer.body}"
        time.sleep(0.02)

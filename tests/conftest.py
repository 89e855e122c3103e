"""Fixtures that every Python test shares: the program, servers of the test's own, a time limit for each test."""

import os
import pathlib
import resource
import signal
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.node import Node  # noqa: E402
from support.postgres import Postgres  # noqa: E402

# What is too heavy for the ordinary run is collected where it is named, as tests/nightly/cassandra does.
collect_ignore = [] if any("nightly" in argument for argument in sys.argv) else ["nightly"]


@pytest.fixture(scope="session")
def kck_binary():
    path = pathlib.Path(os.environ.get("KCK_BINARY", ROOT / "build/dev/apps/kck"))
    assert path.exists(), f"{path} is not there: build it with 'make build', or name another in KCK_BINARY"
    return path


@pytest.fixture(scope="session", autouse=True)
def many_descriptors():
    """A thousand clients need more descriptors than the usual soft limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="session")
def test_seconds_max():
    return 120


@pytest.fixture(autouse=True)
def time_limit(request, test_seconds_max):
    """Fails a test that hangs, at the line where it hangs."""

    def on_alarm(_signal, _frame):
        # No error that the test or its tools might take for one of a socket.
        pytest.fail(f"{request.node.nodeid} took longer than {test_seconds_max} s")

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(test_seconds_max)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL cluster for the whole run. A test that stops it starts it again."""
    server = Postgres()
    server.start()
    yield server
    server.destroy()


@pytest.fixture
def database(postgres):
    """A fresh, empty database on the shared cluster."""
    postgres.ensure_started()
    made = postgres.create_database()
    yield made
    postgres.ensure_started()
    made.drop()


@pytest.fixture
def make_node(kck_binary, tmp_path, request):
    """make_node(files) writes a folder and returns a Node for it, not started; all are ended with the test."""
    nodes = []

    def make(files, **options):
        node = Node(kck_binary, tmp_path / f"node{len(nodes)}", files, **options)
        nodes.append(node)
        return node

    request.node.kck_nodes = nodes
    yield make
    for node in nodes:
        node.destroy()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for node in getattr(item, "kck_nodes", []):
            report.sections.append((f"log of {node.folder.name}", node.log()[-20000:]))

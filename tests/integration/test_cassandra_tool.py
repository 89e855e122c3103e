"""tools/cassandra: clusters start, lose nodes and get them back, grow and shrink, and end with who started them."""

import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from support.cassandra import Cassandra, prepare
from support.certificates import make_pair

from cassandra_cluster import ClusterError, ports, processes, runtime
from cassandra_cluster.cluster import Cluster
from cassandra_cluster.cql import Cql, CqlError

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
LOCAL = "SELECT key FROM system.local"


@pytest.fixture(scope="module", autouse=True)
def prepared():
    prepare()


def tool(command, folder, *arguments, **options):
    return subprocess.run([TOOLS / "cassandra", command, "--folder", folder, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300, **options)


def printed(*arguments):
    """What a command prints that must succeed."""
    done = tool(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def keep_row(cluster):
    cluster.execute("CREATE KEYSPACE test WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    cluster.execute("CREATE TABLE test.row (id text PRIMARY KEY, value text)")
    cluster.execute("INSERT INTO test.row (id, value) VALUES ('a', 'kept')")


def row(cluster, node):
    return cluster.execute("SELECT value FROM test.row WHERE id = 'a'", node=node)


@pytest.fixture(scope="module")
def cluster():
    made = Cassandra()
    made.start()
    keep_row(made)
    yield made
    made.destroy()


def test_a_node_keeps_its_data_over_a_stop_and_a_start(cluster):
    cluster.stop(1)
    assert cluster.states() == {1: "down"}
    cluster.start_node(1)
    assert cluster.states() == {1: "up"}
    assert row(cluster, node=1) == [(b"kept",)]


def test_a_paused_node_goes_on_where_it_was(cluster):
    cluster.pause(1)
    try:
        assert cluster.states() == {1: "paused"}
        with pytest.raises(CqlError, match="timed out"):
            cluster.connect(1, seconds=0.2)
        with pytest.raises(ClusterError, match="node 1 is paused, and every node takes part"):
            cluster.add()
    finally:
        cluster.resume(1)
    assert cluster.states() == {1: "up"}


def test_a_node_that_is_down_cannot_be_paused(tmp_path):
    Cluster.create(tmp_path)
    done = tool("pause", tmp_path, "1")
    assert done.returncode == 1 and "node 1 does not run: start it by start-node 1" in done.stderr


def test_a_node_joins(cluster):
    assert cluster.add() == 2
    assert cluster.states() == {1: "up", 2: "up"}
    assert row(cluster, node=2) == [(b"kept",)]


def test_a_node_leaves(cluster):
    if len(cluster.states()) == 1:
        cluster.add()
    cluster.decommission(1)
    assert cluster.states() == {2: "up"}
    assert cluster.contact_points.startswith("127.0.0.2:") and "," not in cluster.contact_points
    assert row(cluster, node=2) == [(b"kept",)]


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The folder of three nodes."""
    folder = tmp_path_factory.mktemp("three")
    yield folder, printed("start", folder, "--nodes", "3", "--with-pid", os.getpid()).strip()
    printed("kill", folder)


def states(folder):
    return [line.split()[3] for line in printed("status", folder).splitlines()]


def read_of_all(node, seconds=15):
    with node.connect(seconds) as connection:
        connection.execute("SELECT id FROM system_distributed.repair_history", "ALL")


def test_three_nodes_lose_one_and_get_it_back(three):
    folder, points = three
    assert printed("contact-points", folder).strip() == points
    assert [point.split(":")[0] for point in points.split(",")] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    nodes = Cluster(folder).nodes()
    printed("kill", folder, "2")
    assert states(folder) == ["up", "down", "up"]
    with pytest.raises(CqlError):
        read_of_all(nodes[0], seconds=2)
    printed("start-node", folder, "2")
    assert states(folder) == ["up", "up", "up"]
    for node in nodes:
        read_of_all(node)


def test_a_node_ends_with_its_keeper_and_no_other_does(three):
    folder, _ = three
    pid = Cluster(folder).node(3).pid()
    os.kill(parent_of(pid), signal.SIGKILL)
    assert processes.wait_for_end(pid, 30)
    assert states(folder) == ["up", "up", "down"]


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_node_asks_for_a_user_over_tls_and_ends_with_its_owner(tmp_path, request):
    request.addfinalizer(lambda: tool("kill", tmp_path))
    certificate, key = make_pair(tmp_path)
    # The owner starts the node, as a test program does, and then waits to be killed.
    command = [TOOLS / "cassandra", "start", "--folder", tmp_path, "--authentication", "--certificate", certificate,
               "--key", key]
    text = ("import os, subprocess, sys\nsubprocess.run([*sys.argv[1:], '--with-pid', str(os.getpid())], check=True)\n"
            "sys.stdout.close()\nos.close(1)\nsys.stdin.read()\n")
    owner = subprocess.Popen([sys.executable, "-c", text, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
    request.addfinalizer(owner.kill)
    address, port = owner.stdout.read().strip().split(":")
    for options in ({"user": None, "tls": True}, {"user": ("cassandra", "wrong"), "tls": True},
                    {"user": ("cassandra", "cassandra"), "tls": False, "seconds": 2}):
        with pytest.raises(CqlError):
            Cql(address, int(port), **options)
    with Cql(address, int(port), ("cassandra", "cassandra"), tls=True) as connection:
        assert connection.execute(LOCAL) == [(b"local",)]
    node = Cluster(tmp_path).node(1)
    pid, keeper = node.pid(), parent_of(node.pid())
    owner.kill()
    assert processes.wait_for_end(pid, 30) and processes.wait_for_end(keeper, 30)
    assert node.state() == "down"


def test_a_node_that_ends_at_once_says_why(tmp_path):
    done = tool("start", tmp_path, "--set", "no_such_setting=1")
    assert done.returncode == 1
    assert "node 1 has ended; the last lines of" in done.stderr and "no_such_setting" in done.stderr
    assert "down" in printed("status", tmp_path)


def test_a_port_that_is_taken(tmp_path):
    port, held = ports.claim_free()
    held.close()
    with socket.create_server(("127.0.0.1", port + 1)):
        done = tool("start", tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"port {port + 1} of 127.0.0.1, which node 1 needs, is taken" in done.stderr


def test_clusters_that_start_at_once_choose_other_ports():
    claims = [ports.claim_free() for _ in range(20)]
    assert len({port for port, _ in claims}) == 20
    with pytest.raises(ClusterError, match="belongs to another cluster that runs"):
        ports.claim(claims[0][0])
    for _, held in claims:
        held.close()


def write_program(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def test_java_that_is_absent_or_of_another_version(tmp_path):
    done = tool("start", tmp_path / "cluster", env={"PATH": str(tmp_path)})
    assert done.returncode == 1 and "there is no java in PATH: apt-get install openjdk-17" in done.stderr
    write_program(tmp_path / "bin/java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    done = tool("start", tmp_path / "cluster", env={"PATH": "/usr/bin", "JAVA_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert f"{tmp_path}/bin/java is Java 11, and Cassandra 5.0 is run with Java 17" in done.stderr


def test_jars_without_mvn(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="holds no jars of Cassandra, and there is no mvn to fetch them"):
        runtime.jars(tmp_path / "lib")


def test_jars_are_fetched_once_by_two_at_once(tmp_path):
    write_program(tmp_path / "bin/mvn", f"""
echo fetched >> {tmp_path}/fetched
for word; do case $word in -DoutputDirectory=*) mkdir -p "${{word#*=}}"; touch "${{word#*=}}/some.jar";; esac; done
sleep 0.3
""")
    text = ("import pathlib, sys\nfrom cassandra_cluster import runtime\n"
            "print(len(runtime.jars(pathlib.Path(sys.argv[1]))))\n")
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "PYTHONPATH": str(TOOLS)}
    command = [sys.executable, "-c", text, tmp_path / "lib"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["1", "1"]
    assert (tmp_path / "fetched").read_text() == "fetched\n"


@pytest.mark.parametrize("arguments, message", [
    (["--nodes", "9"], "9 nodes: choose 1 to 8"),
    (["--port", "80"], "port 80: choose 1024 to"),
    (["--key", "nowhere.pem"], "there is no file nowhere.pem"),
    (["--set", "word"], "word: write NAME=VALUE"),
    (["--with-pid", str(2**22 + 1)], "with which the node was to end, has ended"),
])
def test_what_cannot_be_started(tmp_path, arguments, message):
    done = tool("start", tmp_path, *arguments)
    assert done.returncode != 0 and message in done.stderr


def test_commands_without_a_cluster_or_for_a_node_that_is_not_there(tmp_path):
    done = tool("status", tmp_path)
    assert done.returncode == 1 and f"there is no cluster in {tmp_path}" in done.stderr
    Cluster.create(tmp_path, nodes=2)
    done = tool("kill", tmp_path, "5")
    assert done.returncode == 1 and f"there is no node 5 in {tmp_path}; there are 1, 2" in done.stderr

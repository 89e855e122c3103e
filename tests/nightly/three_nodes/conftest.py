"""Three nodes of Cassandra with a copy on each, for all tests of this folder, and nodes of KCK over them."""

import itertools

import pytest

from support.cassandra import Cassandra, prepare
from support.files import product
from support.wait import wait_for

KEYSPACES = itertools.count(1)
ITEM = product("select n from item where id = :id", "id: int", rest="  process_result: {jsonpath_first: \"$[0][0]\"}")


@pytest.fixture(scope="session")
def test_seconds_max():
    return 900


@pytest.fixture(scope="session")
def three_nodes():
    prepare()
    cluster = Cassandra(nodes=3)
    cluster.start()
    yield cluster
    cluster.destroy()


@pytest.fixture
def cassandra(three_nodes):
    """All nodes are up; a test may leave them as it likes."""
    yield three_nodes
    for number, state in three_nodes.states().items():
        if state == "paused":
            three_nodes.resume(number)
    three_nodes.start()


@pytest.fixture
def keyspace():
    """The test's own."""
    return f"kck{next(KEYSPACES)}"


@pytest.fixture
def make_kck(make_node, database, cassandra, keyspace):
    """make_kck(id, files): a node of the test's cluster, not started. The first sets up the tables. Unless `files` have
    others, the products are those of table item, with 100 rows of n = 0."""
    database.execute("create table item (id int primary key, n int);"
                     "insert into item select g, 0 from generate_series(1, 100) g")
    made = []

    # The machine may be busy: a request that takes a while is not what these tests are about.
    def make(node_id, files=None, memory="64MiB", recheck="1s", request_timeout="20s"):
        url = f"cassandra://{cassandra.contact_points}/{keyspace}?rf=3"
        settings = (f'databases: {{main: {{url: "{database.url}"}}}}\n'
                    f'store: {{url: "{url}", request_timeout: {request_timeout}, recheck: {recheck}}}\n'
                    f"memory: {memory}\nnode: {{id: {node_id}}}\n")
        node = make_node({"kck.yml": settings, **(files or {"products/item.yml": ITEM})})
        if not made:
            wait_for(lambda: is_set_up(node), "the nodes of Cassandra to agree on the tables", 300)
        made.append(node)
        return node

    return make


def is_set_up(node):
    """A node of Cassandra that was too busy for a change of the schema asks for it a minute later."""
    return node.run("store", "setup", url=False).returncode == 0


@pytest.fixture
def pair(make_kck):
    """Two nodes that serve."""
    return make_kck("one").start(), make_kck("other").start()

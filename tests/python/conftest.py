"""Fixtures of the Python client's tests: the package from its sources, a node with products and an updater."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import kck  # noqa: E402
from application_processes import Application  # noqa: E402
from kck import _definitions, _runtime  # noqa: E402
from support.files import kck_yml, make_sqlite, product  # noqa: E402

TABLE = """create table item (id integer primary key, name text not null unique, price real);
insert into item values (1, 'pen', 1.5), (2, 'ink', 3)"""
UPDATER = """
database: main
parameters:
  - {name: id, type: int, primary_key: true}
  - {name: name}
  - {name: price, type: float, nullable: true}
query:
  template:
    insert: insert into item (id, name, price) values (:id, :name, :price) returning id
    update: update item set name = :name, price = :price where id = :id
    delete: delete from item where id = :id
  type: dicts
"""


@pytest.fixture
def files(tmp_path):
    one = 'process_result: {jsonpath_first: "$[0]"}'
    item = product("select id, name, price from item where id = :id", "id: int", shape="dicts")
    return {
        "kck.yml": kck_yml(make_sqlite(tmp_path / "items.db", TABLE)),
        "products/item.yml": item.replace("  type: dicts", f"  type: dicts\n  {one}"),
        "products/echo.yml": product("select :a, :b", "a: string, b: string").replace("b, type: string",
                                                                                     "b, type: string, nullable: true"),
        "products/day.yml": product("select :d, :u", "d: date, u: uuid"),
        "products/big.yml": product("select replace(hex(zeroblob(:size)), '00', 'x')", "size: int"),
        "updaters/item.yml": UPDATER,
    }


@pytest.fixture
def node(make_node, files):
    return make_node(files).start()


@pytest.fixture
def client(node):
    with kck.Client(node.url) as made:
        yield made


@pytest.fixture
def application(node, tmp_path):
    made = Application(tmp_path / "application", node)
    yield made
    for process in made.processes:
        process.end()


@pytest.fixture
def leases(node):
    """How many are held, and how many were given up."""

    def count():
        lines = dict(line.rpartition(" ")[::2] for line in node.get("/metrics").text.splitlines())
        return int(lines["kck_leases"]), int(lines.get('kck_leases_ended_total{how="given_up"}', 0))

    return count


@pytest.fixture
def connected(node):
    known = list(_definitions.definitions)
    made = kck.connect(node.url)
    yield made
    made.close()
    _runtime.set_current(None)
    _definitions.definitions[:] = known

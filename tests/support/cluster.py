"""What tests ask of nodes that share a store in Cassandra."""

import re

from support.files import product
from support.wait import wait_for


def item_files(sql, result="$[0][0]"):
    """A product item/:id by that SQL, and the updater of table item, after whose writes it is due."""
    return {
        "products/item.yml": product(sql, "id: int", rest=f'  process_result: {{jsonpath_first: "{result}"}}\n'
                                                          "refresh: {after_updates: [item/:id]}"),
        "updaters/item.yml": "database: main\n"
                             "parameters: [{name: id, type: int, primary_key: true}, {name: n, type: int}]\n"
                             'query: {template: {update: "update item set n = :n where id = :id"}}\n',
    }


def set_up(node):
    """Makes the keyspace and the tables that the node's kck.yml names."""
    done = node.run("store", "setup", url=False)
    assert done.returncode == 0, done.stderr


def metric(node, name):
    return float(re.search(rf"^{name} (\S+)$", node.get("/metrics").text, re.MULTILINE).group(1))


def fills(node):
    return metric(node, "kck_fills_total")


def await_stored(node, seconds=20):
    """A value is answered before it is stored."""
    wait_for(lambda: metric(node, "kck_store_writing") == 0, "what was computed to be stored", seconds)

"""Definitions that change under a running server: taken whole or refused whole, and nobody notices but by the values."""

import threading

from support.files import kck_yml, product
from support.wait import wait_for


def item(column):
    return product(f"select {column} from item where id = :id", "id: int")


def start(make_node, database, **products):
    database.execute("create table item (id int primary key, n int, m int); insert into item values (1, 10, 100)")
    files = {"kck.yml": kck_yml(database.url)}
    files.update({f"products/{name}.yml": text for name, text in products.items()})
    return make_node(files).start()


def refused(node):
    return node.get("/readyz").json().get("refused_change", [])


def test_a_changed_definition_is_served_stale_until_its_first_fill(make_node, database):
    node = start(make_node, database, item=item("n"))
    assert node.value("item/1") == [[10]]
    node.write({"products/item.yml": product("select m, pg_sleep(0.5) is null from item where id = :id", "id: int")})
    wait_for(lambda: "the definitions changed" in node.log(), "the reload", 20)
    first = node.fetch("item/1")
    assert first.json()["value"] == [[10]] and first.headers["KCK-State"] == "stale"
    wait_for(lambda: node.value("item/1") == [[100, False]], "the new definition's value", 10)
    assert node.fetch("item/1").headers["KCK-State"] == "fresh"


def test_products_come_and_go(make_node, database):
    node = start(make_node, database, item=item("n"))
    assert node.value("item/1") == [[10]]
    assert node.get("/fetch/other").status_code == 404
    node.write({"products/other.yml": product("select count(*) from item")})
    node.signal(1)
    wait_for(lambda: node.get("/fetch/other").status_code == 200, "the new product", 10)
    (node.folder / "products/item.yml").unlink()
    wait_for(lambda: node.get("/fetch/item/1").status_code == 404, "the product to go", 20)
    assert node.value("other") == [[1]]


def test_a_broken_change_is_refused_whole_with_its_reasons(make_node, database):
    node = start(make_node, database, item=item("n"), other=product("select 1"))
    assert node.value("item/1") == [[10]]
    node.write({"products/item.yml": item("m"), "products/other.yml": product("select nothing_of_that_name")})
    wait_for(lambda: refused(node), "the refusal", 20)
    ready = node.get("/readyz")
    assert ready.status_code == 200 and ready.json()["ready"] is True
    assert len(ready.json()["refused_change"]) == 1
    assert ready.json()["refused_change"][0].startswith("products/other.yml:")
    assert "nothing_of_that_name" not in ready.text, "the SQL is nobody's business here"
    assert "nothing_of_that_name" in node.log() and "stay in service" in node.log()
    assert "kck_definitions_refused 1" in node.get("/metrics").text
    assert node.value("item/1") == [[10]], "the whole change is refused, also what is right in it"
    assert node.refresh("item/1").json()["value"] == [[10]]

    node.write({"products/other.yml": "database: main\nunknown_field: 1\nquery: {template: select 1}\n"})
    wait_for(lambda: "unknown_field" in "".join(refused(node)), "the next refusal", 20)

    node.write({"products/other.yml": product("select 2")})
    wait_for(lambda: not refused(node), "the cure", 20)
    wait_for(lambda: node.value("item/1") == [[100]], "the whole change", 10)
    assert "kck_definitions_refused 0" in node.get("/metrics").text


def test_a_change_of_the_databases_waits_for_a_restart(make_node, database):
    node = start(make_node, database, item=item("n"))
    assert node.value("item/1") == [[10]]
    node.write({"kck.yml": kck_yml(database.url).replace("databases:", "# a comment\ndatabases:")})
    wait_for(lambda: "the definitions changed" in node.log(), "the reload", 20)
    node.write({"kck.yml": kck_yml(database.url + "?application_name=other")})
    wait_for(lambda: refused(node), "the refusal", 20)
    assert "restart the server" in refused(node)[0]
    assert node.value("item/1") == [[10]]


def test_no_request_is_dropped_while_definitions_change(make_node, database):
    node = start(make_node, database, item=item("n"))
    columns = ["n", "m", "n + 1", "m + 1"]
    values = [[[10]], [[100]], [[11]], [[101]]]
    assert node.value("item/1") == values[0]
    over = threading.Event()
    faults, answers = [], []

    def read():
        while not over.is_set():
            answer = node.get("/fetch/item/1")
            answers.append(answer.status_code)
            if answer.status_code != 200 or answer.json()["value"] not in values:
                faults.append(answer.text)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for round_number in range(1, 13):
            node.write({"products/item.yml": item(columns[round_number % 4])})
            node.signal(1)
            wait_for(lambda: node.value("item/1") == values[round_number % 4], f"change {round_number}", 20)
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert not faults and len(answers) > 100

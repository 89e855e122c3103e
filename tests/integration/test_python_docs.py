"""The products, updaters and processes of docs/python.md, served as they stand there."""

import pathlib
import re

from support.python import kck_yml
from support.wait import wait_for

TEXT = (pathlib.Path(__file__).resolve().parents[2] / "docs/python.md").read_text()

# What the examples get their data from.
LIB = {
    "lib/httpx.py": """
class Answer:
    def __init__(self, params):
        self.params = params

    def raise_for_status(self):
        return self

    def json(self):
        return self.params

def get(url, params):
    return Answer(params)
""",
    "lib/warehouse.py": """
from collections import namedtuple

def stock_of(ids):
    return [namedtuple("Row", "id count")(id, id * 2) for id in ids]
""",
    "lib/shop.py": """
def add(name, price):
    return 7

def change(id, name, price):
    return 1

def remove(id):
    return 0
""",
    "lib/supplier.py": "def changed():\n    return [1, 2]\n",
}


def example(heading):
    """The first block of Python under a heading."""
    section = TEXT.split(f"\n{heading}\n", 1)[1]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)


def test_the_examples_of_products(make_node):
    node = make_node({
        "kck.yml": kck_yml(path="[lib]"), **LIB,
        "products/weather.py": example("## Products in Python"),
        "products/report.py": "import kck\nfrom products.weather import weather\n" + example("### Reading others"),
        "products/stock.py": "import kck\nimport warehouse\n" + example("### Many keys at once"),
    }).start()
    assert node.value("weather/Berlin/3") == {"q": "Berlin", "days": 3}
    assert node.value("report/Oslo") == {"weather": {"q": "Oslo", "days": 3}, "shops": []}
    assert node.set("shops/Oslo", '["a"]').status_code == 200
    wait_for(lambda: node.value("report/Oslo")["shops"] == ["a"], "what it has read to refresh it")
    assert node.value("stock/4") == 8
    assert "The forecast of a city." in node.get("/openapi.json").text


def test_the_example_of_a_class(make_node):
    node = make_node({"kck.yml": kck_yml(), "products/weather.py": "import kck\n" + example("### Classes")}).start()
    assert node.value("weather/Berlin/3") is None


def test_the_examples_of_an_updater_and_a_process(make_node):
    node = make_node({
        "kck.yml": kck_yml(path="[lib]"), **LIB,
        "products/price.py": "import kck\n\n@kck.product\ndef price(id: int):\n    return id\n",
        "updaters/item.py": "import kck\nimport shop\n" + example("## Updaters in Python"),
        "processes/prices.py": "import kck\nimport supplier\n" + example("## Processes in Python"),
    }).start()
    assert node.request("POST", "/create/item", json={"name": "pen"}).json()["returning"] == [{"id": 7}]
    assert node.request("PUT", "/update/item/7", json={"name": "pen", "price": 2}).json()["rows"] == 1
    assert node.request("DELETE", "/update/item/7").json()["rows"] == 0
    assert node.run("process", "run", "import_prices", "--wait").returncode == 0
    wait_for(lambda: node.get("/explain/price/2").json()["entry"], "the refresh that the process asked for")

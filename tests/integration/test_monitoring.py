"""The metrics against their list, and the dashboard and alert rules against the metrics; promtool says whether they load."""

import json
import pathlib
import re
import subprocess

import pytest

from support.certificates import make_pair
from support.files import kck_yml, make_sqlite, product
from support.openapi import PYTHON

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
NAME = r"\b(?:kck|process)_[a-z0-9_]+"
# What a family of metrics may be called in an expression, beside its name.
SUFFIXES = ("_bucket", "_count", "_sum")


@pytest.fixture
def full_scrape(make_node, tmp_path):
    """The metrics of a node that has all that brings metrics."""
    url = make_sqlite(tmp_path / "data.db", "create table item (id integer primary key, hash text);")
    cert, _ = make_pair(tmp_path / "node0" / "tls")
    auth = ('auth: {keys: [{algorithm: HS256, secret: "a secret of the tests, of 32 bytes or more"}],'
            ' auth_user: login/:id, public_metrics: true}\n')
    node = make_node({
        "kck.yml": kck_yml(url, tls="{cert: tls/server.pem, key: tls/server.key}",
                           rate_limit="{per_second: 100}") + auth,
        "products/login.yml": product("select id, hash from item where id = :id", params="id: int"),
    }, ca=cert).start()
    return node.get("/metrics").text


def families(text):
    """The names of all families of a scrape."""
    return set(re.findall(r"^# TYPE (\S+) ", text, re.M))


def base(name, known):
    for suffix in SUFFIXES:
        if name not in known and name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def expressions():
    for panel in json.loads((MONITORING / "grafana.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, cwd=MONITORING)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_alert_rules_load_and_fire():
    promtool("check", "rules", "alerts.yml")
    promtool("test", "rules", "alerts_test.yml")


def test_every_panel_is_an_expression(tmp_path):
    rules = [{"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*")}
             for number, (_, expr) in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert len(rules) > 40
    promtool("check", "rules", tmp_path / "rules.yml")


def test_the_dashboard_is_one_that_grafana_takes():
    dashboard = json.loads((MONITORING / "grafana.json").read_text())
    panels = dashboard["panels"]
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 38
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, f"{panel['title']} lies on another"
        taken |= cells
        if panel["type"] != "row":
            assert panel["targets"] and panel["datasource"]["uid"] == "${datasource}", panel["title"]


def not_in(understood, written, place=""):
    """The places of what is written and not understood."""
    if isinstance(written, dict) and isinstance(understood, dict):
        for name, value in written.items():
            yield from not_in(understood.get(name), value, f"{place}/{name}")
    elif isinstance(written, list) and isinstance(understood, list) and len(written) == len(understood):
        for number, (one, other) in enumerate(zip(understood, written)):
            yield from not_in(one, other, f"{place}/{number}")
    elif written != understood:
        yield place


GRAFANA = """
import json, sys
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
print(JSONEncoder().encode(Dashboard.from_json(json.load(sys.stdin))))
"""


def test_grafana_reads_the_dashboard_as_it_is_written():
    """By the models of Grafana's own SDK, which leave out what they do not know."""
    text = (MONITORING / "grafana.json").read_text()
    read = subprocess.run([PYTHON, "-c", GRAFANA], input=text, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    lost = [place for place in not_in(json.loads(read.stdout), json.loads(text)) if not place.endswith("/definition")]
    assert lost == [], "definition is of the page that edits a variable; nothing else is unknown"


def documented():
    text = (ROOT / "docs/reference/metrics.md").read_text()
    return {name for row in re.findall(r"^\| (`.*?`) \|", text, re.M) for name in re.findall(NAME, row)}


def test_the_list_of_metrics_is_whole(full_scrape):
    assert families(full_scrape) - documented() == set(), "not in docs/reference/metrics.md"
    assert documented() - families(full_scrape) == set(), "in docs/reference/metrics.md, and not there"


def test_the_dashboard_and_alerts_ask_for_metrics_that_there_are(full_scrape):
    known = families(full_scrape)
    asked = {name for _, expr in expressions() for name in re.findall(NAME, expr)}
    asked |= set(re.findall(NAME, (MONITORING / "alerts.yml").read_text()))
    assert {base(name, known) for name in asked} - known == set()


def counter(text, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])


def test_who_waits_for_the_fill_of_another_has_joined(make_node, database):
    node = make_node({"kck.yml": kck_yml(database.url), "products/slow.yml": product("select 1 from pg_sleep(1)")}).start()
    items = node.get("/mget?key=slow&key=slow&key=slow").json()["items"]
    assert all(item["success"] for item in items)
    text = node.get("/metrics").text
    assert counter(text, 'kck_served_total{from="fill"}') == 1
    assert counter(text, 'kck_served_total{from="joined"}') == 2
    assert counter(text, "kck_statements_avoided_total") == 2


def test_where_values_come_from_is_counted(make_node, tmp_path):
    url = make_sqlite(tmp_path / "data.db", "create table item (id integer primary key);")
    node = make_node({"kck.yml": kck_yml(url), "products/item.yml": product("select :id", params="id: int")}).start()
    for _ in range(3):
        node.fetch("item/1")
    node.stop()
    node.start()
    node.fetch("item/1")
    node.fetch("item/1")
    text = node.get("/metrics").text
    assert counter(text, 'kck_served_total{from="store"}') == 1
    assert counter(text, 'kck_served_total{from="memory"}') == 1
    assert counter(text, 'kck_served_total{from="fill"}') == 0
    assert counter(text, "kck_statements_avoided_total") == 2
    assert counter(text, 'kck_served_age_seconds_count{state="fresh"}') == 2
    node.fetch("item/2")
    text = node.get("/metrics").text
    assert counter(text, 'kck_served_total{from="fill"}') == 1
    assert counter(text, "kck_statements_avoided_total") == 2
    assert counter(text, 'kck_product_fills_total{product="item",database="main"}') == 1


def test_prometheus_takes_the_metrics(full_scrape):
    checked = subprocess.run(["promtool", "check", "metrics"], input=full_scrape, capture_output=True, text=True)
    assert "error" not in checked.stderr, checked.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr

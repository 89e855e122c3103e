"""What browsers, phones and CDNs get: Cache-Control, Vary, Surrogate-Key, compressed answers."""

import json
import re
import subprocess

import pytest

from support.files import kck_yml, make_sqlite, product
from support.wait import wait_for

ENCODINGS = ["br", "zstd", "gzip"]


def files(tmp_path, **http):
    rows = ", ".join(f"({number}, 'a name that many rows have')" for number in range(500))
    url = make_sqlite(tmp_path / "items.db", f"create table item (id int, name text); insert into item values {rows}")
    return {"kck.yml": kck_yml(url, **http),
            "products/all.yml": product("select id, name from item"),
            "products/one.yml": product("select name from item where id = :id", "id: int"),
            "products/secret.yml": product("select id, name from item", rest="compress: false"),
            "products/page.yml": product("select count(*) from item", rest=(
                "expire_seconds: 600\ncache_control: {max_age: 1m, s_maxage: 10s, stale_if_error: 5m}")),
            "products/short.yml": product("select count(*) from item", rest=(
                "expire_seconds: 20\ncache_control: {max_age: 20s, stale_while_revalidate: 1d}"))}


@pytest.fixture
def node(make_node, tmp_path):
    return make_node(files(tmp_path)).start()


def as_sent(node, key, encoding, **headers):
    """Headers and decoded body, by curl, which knows all encodings."""
    command = ["curl", "-sS", "--compressed", "-D", "-", "-H", f"Accept-Encoding: {encoding}", f"{node.url}/fetch/{key}"]
    for name, value in headers.items():
        command += ["-H", f"{name.replace('_', '-')}: {value}"]
    head, body = subprocess.run(command, check=True, capture_output=True).stdout.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body


def compressed(node, key, encoding):
    def answer():
        _, headers, body = as_sent(node, key, encoding)
        return (headers, body) if headers.get("Content-Encoding") == encoding else None

    return wait_for(answer, f"{key} in {encoding}")


def metric(node, name):
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", node.get("/metrics").text, re.M))


def test_every_encoding_is_the_same_body_with_an_etag_of_its_own(node):
    plain = node.get("/fetch/all", headers={"Accept-Encoding": "identity"})
    assert plain.headers["Vary"] == "Accept-Encoding" and "Content-Encoding" not in plain.headers
    version = plain.json()["version"]
    assert plain.headers["ETag"] == f'"{version}"'
    for encoding in ENCODINGS:
        headers, body = compressed(node, "all", encoding)
        assert body == plain.content and int(headers["Content-Length"]) < len(body) / 4
        assert headers["ETag"] == f'"{version}-{encoding}"' and headers["Vary"] == "Accept-Encoding"
        status, unchanged, body = as_sent(node, "all", encoding, If_None_Match=headers["ETag"])
        assert status == 304 and body == b"" and unchanged["ETag"] == headers["ETag"]
    assert metric(node, "kck_compressed_made_total") == 3
    assert metric(node, "kck_compressed_answers_total") >= 3 and metric(node, "kck_compressed_bytes") > 0


def test_the_client_chooses_and_small_or_secret_values_are_sent_as_they_are(node):
    compressed(node, "all", "gzip")
    for refused in ["identity", "gzip;q=0", "identity, gzip;q=0.5", "deflate", "*;q=0"]:
        assert "Content-Encoding" not in as_sent(node, "all", refused)[1], refused
    for key in ["one/7", "secret"]:
        answer = node.fetch(key)
        assert "Vary" not in answer.headers and "Content-Encoding" not in answer.headers
    assert node.get("/mget?key=all").headers.get("Content-Encoding") is None


def test_a_restart_finds_the_forms_that_were_made(node):
    before = {encoding: compressed(node, "all", encoding) for encoding in ENCODINGS}
    assert node.stop() == 0
    node.start()
    for encoding in ENCODINGS:
        headers, body = compressed(node, "all", encoding)
        assert body == before[encoding][1] and headers["ETag"] == before[encoding][0]["ETag"]
    assert metric(node, "kck_compressed_made_total") == 0 and metric(node, "kck_compressed_loaded_total") == 3


def test_new_content_is_compressed_anew_and_equal_content_is_not(node):
    node.set("free", '"' + "x" * 5000 + '"')
    first, body = compressed(node, "free", "br")
    assert json.loads(body)["value"] == "x" * 5000
    node.set("free", '"' + "y" * 5000 + '"')
    second, body = compressed(node, "free", "br")
    assert json.loads(body)["value"] == "y" * 5000
    assert second["ETag"] == f'"{json.loads(body)["version"]}-br"' != first["ETag"]
    made = metric(node, "kck_compressed_made_total")
    before, _ = compressed(node, "all", "gzip")  # which the client of the refresh takes as well
    assert node.refresh("all").status_code == 200
    assert compressed(node, "all", "gzip")[0]["ETag"] == before["ETag"]
    assert metric(node, "kck_compressed_made_total") == made + 1


def test_it_can_be_turned_off(make_node, tmp_path):
    node = make_node(files(tmp_path, compression="off")).start()
    for _ in range(3):
        answer = node.fetch("all")
        assert "Vary" not in answer.headers and "Content-Encoding" not in answer.headers
    assert "kck_compressed" not in node.get("/metrics").text


def test_caches_keep_what_the_product_says(node):
    for _ in range(2):
        answer = node.fetch("page")
        assert answer.headers["Cache-Control"] == "public, max-age=60, s-maxage=10, stale-if-error=300"
    unchanged = node.get("/fetch/page", headers={"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304 and unchanged.headers["Cache-Control"] == answer.headers["Cache-Control"]
    assert node.fetch("all").headers["Cache-Control"] == "no-cache"
    life = re.fullmatch(r"public, max-age=(\d+), stale-while-revalidate=0", node.fetch("short").headers["Cache-Control"])
    assert 0 < int(life[1]) <= 20, "no cache may have it when it has expired"


def test_a_cdn_can_name_what_it_purges(make_node, tmp_path):
    node = make_node(files(tmp_path, surrogate_keys="true")).start()
    assert node.fetch("one/007").headers["Surrogate-Key"] == "one one/7"
    assert node.fetch("all").headers["Surrogate-Key"] == "all"
    assert "Surrogate-Key" not in node.get("/mget?key=all").headers


def test_faults_are_told(make_node, tmp_path):
    node = make_node({**files(tmp_path, compression="{encodings: [deflate]}"),
                      "products/bad.yml": product("select 1", rest="expire_seconds: 5\ncache_control: {max_age: 6s}")})
    result = node.check()
    assert result.returncode == 1
    assert "kck.yml:4:" in result.stdout + result.stderr and "deflate" in result.stdout + result.stderr
    assert '"max_age" is longer than expire_seconds' in result.stdout + result.stderr

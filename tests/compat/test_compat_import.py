"""`kck import-0.6`: what becomes of the settings, and what it says needs a hand."""

import re

import pytest

from compat_folder import BOOK, PYTHON, SCHEMA, import_06, settings
from support.node import run_kck


@pytest.fixture
def node(make_node, database):
    database.execute(SCHEMA)
    return make_node({"settings.py": settings(database), "kprimers/book.yml": BOOK})


def place_of(said, message):
    found = [(one["file"], one["line"]) for one in said["needs_a_hand"] if message in one["message"]]
    assert len(found) == 1, said["needs_a_hand"]
    return found[0]


def line_of(node, file, text):
    lines = (node.folder / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_it_writes_what_the_settings_say(node, database):
    said = import_06(node)
    assert (said["products"], said["updaters"]) == (1, 0)
    assert said["kck_yml"] == str(node.folder / "kck.yml")
    assert (node.folder / "kck.yml").stat().st_mode & 0o777 == 0o600
    assert (node.folder / "kck.yml").read_text() == f"""\
# Made of settings.py, the settings of KCK 0.6.3.
databases:
  "lending": {{url: "{database.url}"}}
products: "kprimers"
python: {{interpreter: "{PYTHON}"}}
store: {{url: "rocksdb:kck-store"}}
http: {{listen: "127.0.0.1:8001", compat: "0.6"}}
"""
    taken = {one["from"]: (one["to"], one["line"]) for one in said["taken"]}
    assert taken == {
        "KCK.databases.lending.connection_url": ("databases.lending.url", line_of(node, "settings.py", "connection_url")),
        "KCK.primers_dirpath": ("products", line_of(node, "settings.py", "primers_dirpath")),
        "KCK.prime_on_cache_miss": ("on_miss: prime", line_of(node, "settings.py", "prime_on_cache_miss")),
    }
    assert place_of(said, "kept in Cassandra") == ("settings.py", line_of(node, "settings.py", "'cassandra'"))
    assert place_of(said, "no folder kupdaters") == ("settings.py", line_of(node, "settings.py", "updaters_dirpath"))
    assert place_of(said, "use_auth is off") == ("settings.py", line_of(node, "settings.py", "'auth': {"))


def test_people_read_it_too_and_nothing_is_overwritten(node):
    done = run_kck(node.binary, "import-0.6", "settings", "--python", PYTHON, cwd=node.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("wrote kck.yml, which its owner alone may read\n\nTaken:\n")
    assert re.search(r"settings\.py:\d+: KCK\.primers_dirpath is products", done.stdout)
    assert re.search(r"settings\.py:\d+: warning: .* Cassandra", done.stdout)
    before = (node.folder / "kck.yml").read_text()
    again = run_kck(node.binary, "import-0.6", "settings", "--python", PYTHON, cwd=node.folder)
    assert again.returncode == 1 and "kck.yml is there already and is not overwritten" in again.stderr
    assert (node.folder / "kck.yml").read_text() == before


@pytest.mark.parametrize("given", ["settings.py", "settings", "."])
def test_a_module_of_literals_is_not_run(node, given):
    node.write({"settings.py": (node.folder / "settings.py").read_text() + "\nraise SystemExit('was run')\n"})
    assert import_06(node, given)["products"] == 1


def test_paths_names_and_the_environment_need_no_run(make_node, tmp_path):
    node = make_node({
        "conf/settings.py": """
import os
HERE = os.path.dirname(os.path.abspath(__file__))
NAME = 'shop'
KCK = dict(
    databases={NAME: {'connection_url': os.environ['LIBRARY_URL']}, 'cheap': {'connection_url': 'sqlite:///cheap${1}.db'}},
    primers_dirpath=os.path.join(HERE, '..', 'kprimers'),
    prime_on_cache_miss=False,
)
open('was-run', 'w')
""",
        "kprimers/one.yml": "database: cheap\nquery: {template: select 1}\n",
    })  # fmt: skip
    said = import_06(node, "conf.settings")
    written = (node.folder / "conf/kck.yml").read_text()
    assert '"shop": {url: "${LIBRARY_URL}"}' in written and '"cheap": {url: "sqlite:cheap$${1}.db"}' in written
    assert f'products: "{node.folder / "kprimers"}"' in written and "on_miss: error\n" in written
    assert f'path: ["{node.folder}"]' in written
    assert not (node.folder / "was-run").exists()
    assert {"from": "KCK.databases.cheap.connection_url", "to": "databases.cheap.url", "file": str(
        node.folder / "conf/settings.py"), "line": 6} in said["taken"]  # fmt: skip


def test_what_takes_running_is_run_and_said(node):
    node.write({"settings.py": "print('noise')\n" + (node.folder / "settings.py").read_text()
                + "\nKCK['primers_dirpath'] = 'kpri' + 'm' * 1 + 'ers'\n"})  # fmt: skip
    said = import_06(node)
    assert said["products"] == 1
    assert place_of(said, "the module was run") == ("settings.py", 0)


def test_later_modules_count(node):
    node.write({"other.py": "KCK = {'databases': {}, 'primers_dirpath': 'kprimers', 'colour': 'red'}\n"})
    said = import_06(node, "settings,other")
    assert "databases:" not in (node.folder / "kck.yml").read_text()
    assert place_of(said, "colour is no setting of 0.6.3") == ("other.py", 1)


def test_a_second_file_of_the_folder_is_found(node):
    (node.folder / "settings.py").rename(node.folder / "production.py")
    assert import_06(node, str(node.folder))["products"] == 1


@pytest.mark.parametrize(
    ("given", "text", "message"),
    [
        ("none", "", "there is no none"),
        ("empty.py", "x = 1\n", "has no KCK"),
        ("broken.py", "KCK = {\n", "broken.py cannot be read"),
        ("fails.py", "import os\nKCK = {1: int('x')}\n", "has to be run, and failed: ValueError"),
        ("list.py", "KCK = [1]\n", "is a list, and no dict"),
    ],
)
def test_settings_that_are_none(make_node, given, text, message):
    node = make_node({given if text else "other.txt": text})
    done = run_kck(node.binary, "import-0.6", given, "--python", PYTHON, cwd=node.folder)
    assert done.returncode == 1 and message in done.stderr and done.stdout == ""
    assert not (node.folder / "kck.yml").exists()


def test_an_interpreter_that_is_not_there(node):
    done = run_kck(node.binary, "import-0.6", "settings", "--python", "no-such-python", cwd=node.folder)
    assert done.returncode == 1 and "name the interpreter by --python" in done.stderr


def test_what_needs_a_hand_has_its_place(node):
    node.write({
        "settings.py": (node.folder / "settings.py").read_text()
        .replace("'lending': {", "'old': {'connection_url': 'mysql://a/b', 'echo': True},\n        'lending': {"),
        "kprimers/colon.yml": BOOK.replace("select title", r"select 'a\:b', title"),
        "kprimers/unknown.yml": BOOK + "augment_functions: {a: b}\n",
        "kprimers/no_database.yml": BOOK.replace("lending", "old"),
        "kprimers/deep.py": "import kck\nfrom kck.lib.http_service import KCKHTTPServer\n",
        "kprimers/broken.py": "import no_such_module\n",
        "kprimers/reaching.py": "from kck.lib.kck_cache import KCKCache\n\ndef f():\n"
                                "    return KCKCache.get_instance().raw_cache_get('a', 'b')\n",
        "kupdaters/titles.py": "from kck.lib.kck_updater import KCKUpdater\nclass Titles(KCKUpdater):\n"
                               "    name = 'book_titles'\n    def update(self, data, queued=False): pass\n",
    })  # fmt: skip
    said = import_06(node)
    assert place_of(said, "old is neither PostgreSQL nor SQLite")[1] == line_of(node, "settings.py", "mysql")
    assert place_of(said, "a colon that SQLAlchemy") == ("kprimers/colon.yml", 7)
    assert place_of(said, 'unknown field "augment_functions"') == ("kprimers/unknown.yml", 8)
    assert place_of(said, 'there is no database "old"') == ("kprimers/no_database.yml", 2)
    assert place_of(said, "kck.lib.http_service of 0.6.3 is not there") == ("kprimers/deep.py", 2)
    assert place_of(said, "ModuleNotFoundError: No module named 'no_such_module'") == ("kprimers/broken.py", 1)
    assert place_of(said, "raw_cache_get of the cache is not there") == ("kprimers/reaching.py", 4)
    assert place_of(said, "served as book_titles; 0.6.3 served it as titles") == ("kupdaters/titles.py", 3)
    severities = {one["message"]: one["severity"] for one in said["needs_a_hand"]}
    assert severities['unknown field "augment_functions" in the product'] == "warning"

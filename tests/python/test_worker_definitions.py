"""What a worker says of the user's files: what they define, what is wrong with them, and which they are."""

import json

import pytest
from worker_server import Worker


@pytest.fixture
def make(tmp_path):
    made = []

    def make(files, **options):
        if isinstance(files, str):
            files = {"products/a.py": files}
        made.append(Worker(options.pop("folder", tmp_path / str(len(made))), files, **options))
        return made[-1]

    yield make
    for one in made:
        one.destroy()


def fields(worker, kind="product"):
    return {
        said["name"]: said
        for one in worker.hello["definitions"]
        if one["kind"] == kind
        for said in [json.loads(one["fields"])]
    }


def faults(worker):
    return [
        (one["file"].removeprefix(f"{worker.folder}/"), one["line"], one["message"]) for one in worker.hello["faults"]
    ]


def test_the_fields_are_those_of_yaml(make):
    worker = make('''
from datetime import date, timedelta
import kck

@kck.product(name="a-b", every="5m", expire=timedelta(hours=1), stale="500ms", on_stale="wait", wait=0.5,
             timezone="UTC", jitter=0.2, on_miss="error", empty="value", after_primes=["x/:id"], after_updates="y", domain_key="all",
             on_boot=True, fresh=timedelta(seconds=2), access={"claims": {"sub": "id"}}, settable=True,
             cache_control={"max_age": "1h"}, compress=False, database="main", timeout="2s")
def function(id: int, day: "date | None", name="x", note=None):
    """What it
    is.

    More."""
''')
    (said,) = worker.hello["definitions"]
    assert (said["kind"], said["line"], said["function"], said["is_async"], said["many"], said["hooks"]) == (
        "product",
        5,
        "function",
        False,
        False,
        [],
    )
    assert said["file"] == str(worker.folder / "products/a.py")
    assert json.loads(said["fields"]) == {
        "name": "a-b",
        "description": "What it is.",
        "database": "main",
        "expire_seconds": 3600,
        "stale_seconds": 0.5,
        "on_stale": "wait",
        "wait_ms": 500,
        "on_miss": "error",
        "empty": {"as": "value"},
        "settable": True,
        "access": {"claims": {"sub": "id"}},
        "cache_control": {"max_age": "1h"},
        "compress": False,
        "timeout_ms": 2000,
        "refresh": {
            "every": "5m",
            "timezone": "UTC",
            "jitter": 0.2,
            "after_primes": ["x/:id"],
            "after_updates": "y",
            "domain_key": "all",
            "on_boot": True,
            "fresh": 2,
        },
        "parameters": [
            {"name": "id", "type": "int"},
            {"name": "day", "type": "date", "nullable": True},
            {"name": "name", "type": "string"},
            {"name": "note", "type": "string", "nullable": True},
        ],
    }


def test_names_of_parameters_may_be_given(make):
    worker = make("""
import kck
@kck.product(keys=["b", "a"])
def swapped(a: int, b): return [a, b]
@kck.product(parameters=[{"name": "x", "type": "int", "description": "d", "example": 7}])
def star(*args): return args
""")
    assert worker.hello["faults"] == []
    assert fields(worker)["swapped"]["parameters"] == [{"name": "b", "type": "string"}, {"name": "a", "type": "int"}]
    assert fields(worker)["star"]["parameters"] == [{"name": "x", "type": "int", "description": "d", "example": 7}]
    assert worker.value("swapped", "t", "1") == [1, "t"] and worker.value("star", "7") == [7]


PASSED = """
import kck
@kck.product
def only_by_name(a: int, *, b: int): return [a, b]
@kck.product(keys=["b", "a"])
def by_place(a: int, b: int, /): return [a, b]
@kck.product(parameters=["x", {"name": "y", "type": "int"}])
def any_names(**kw): return sorted(kw.items())
@kck.product(parameters=["x", "a", "y"])
def first_and_rest(a, *rest): return [a, *rest]
@kck.product(parameters=["x", "a"])
def first_and_names(a, /, **kw): return [a, kw]
@kck.product
def hinted(a: int, hints, b: int): return [a, hints, b]
class Of(kck.Primer):
    name = "of_class"
    def compute(self, a: int, *, b: int): return [a, b]
"""


def test_functions_get_the_values_as_they_take_them(make):
    worker = make(PASSED)
    assert worker.hello["faults"] == []
    assert worker.value("only_by_name", "1", "2") == [1, 2]
    assert worker.value("by_place", "2", "1") == [1, 2]
    assert worker.value("any_names", "u", "1") == [["x", "u"], ["y", 1]]
    assert worker.value("first_and_rest", "u", "v", "w") == ["v", "u", "w"]
    assert worker.value("first_and_names", "u", "v") == ["v", {"x": "u"}]
    assert worker.value("hinted", "1", "2") == [1, [], 2]
    assert worker.value("of_class", "1", "2") == [1, 2]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("import kck\n\ndef f(:\n", 3, "SyntaxError: invalid syntax"),
        ("import kck\n\nimport no_such_module\n", 3, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("import json\ndef f():\n    json.loads('x')\n\nf()\n", 3, "JSONDecodeError: Expecting value"),
        ("import sys\nsys.exit('bye')\n", 2, "SystemExit: bye"),
        ("import kck\n@kck.product(evry=1)\ndef f(): pass\n", 2, "TypeError: kck.product() has no option 'evry'"),
        ("import kck\n\n@kck.product(every='5 minutes')\ndef f(): pass\n", 3, "every: '5 minutes' is no duration"),
        ("import kck\n@kck.product(every=1, cron='@daily')\ndef f(): pass\n", 2, "every and cron say two things"),
        ("import kck\n@kck.product(name='a b')\ndef f(): pass\n", 2, "'a b' is no name"),
        ("import kck\n@kck.product\ndef f(a: list): pass\n", 2, "f: a is a list, which no parameter can be"),
        ("import kck\n@kck.product\ndef f(a: 'No'): pass\n", 2, "f: an annotation is not known"),
        ("import kck\n@kck.product\ndef f(*args): pass\n", 2, "f takes any number of arguments"),
        ("import kck\n@kck.product(keys=['b'])\ndef f(a): pass\n", 2, "f needs a, which is no parameter"),
        ("import kck\n@kck.product(keys=['a', 'b'])\ndef f(a): pass\n", 2, "f has no argument b"),
        ("import kck\n@kck.product(keys=['b'])\ndef f(a=1, b=2, /): pass\n", 2, "f cannot be given b"),
        ("import kck\n@kck.product(keys=['x'])\ndef f(a=1, *rest): pass\n", 2, "f cannot be given x"),
        ("import kck\n@kck.updater\ndef f(a, /): pass\n", 2, "f cannot be given a"),
        ("import kck\n@kck.updater(parameters=['a'])\ndef f(*args): pass\n", 2, "f cannot be given a"),
        (
            "import kck\n@kck.product(parameters=[{'name': 'a', 'typ': 'int'}])\ndef f(a): pass\n",
            2,
            "a parameter has no field",
        ),
        (
            "import kck\n@kck.product(parameters=[{'name': 'a', 'type': 'x'}])\ndef f(a): pass\n",
            2,
            "a: no parameter has",
        ),
        (
            "import kck\n@kck.product(many=True)\ndef f(a): pass\n",
            2,
            "f takes many keys, of parameters that nothing names",
        ),
        ("import kck\n@kck.product(many=True, keys=['a'])\ndef f(a, b): pass\n", 2, "f takes 2 arguments"),
        ("import kck\n@kck.product\nclass A: pass\n", 2, "<class"),
        (
            "import kck\n@kck.product(domain_key=object())\ndef f(): pass\n",
            2,
            'f: value["refresh"]["domain_key"]: a object',
        ),
        (
            "import kck\nclass A(kck.Primer):\n    every = 'x'\n    def compute(self): pass\n",
            2,
            "every: 'x' is no duration",
        ),
        (
            "import kck\nclass A(kck.Primer):\n    def compute(self): pass\n    async def pre_set(self): pass\n",
            2,
            "the hook pre_set",
        ),
        (
            "import kck\n@kck.updater(primary_key='id')\ndef f(a): pass\n",
            2,
            "the primary key has id, which is no parameter",
        ),
        ("import kck\n@kck.updater(actions=['drop'])\ndef f(a): pass\n", 2, "'drop' is no action"),
        (
            "import kck\nclass A(kck.Updater):\n    primary_key = 'id'\n    def update(self, id, a): pass\n"
            "    def delete(self): pass\n",
            2,
            "A.delete does not take id of the primary key",
        ),
        ("import kck\n@kck.process(every=1)\ndef f(a): pass\n", 2, "f takes a"),
        ("import kck\n@kck.process()\ndef f(): pass\n", 2, "the process f has no time"),
        (
            "import kck\nclass A(kck.KCKPrimer):\n    processes = {'p': {'type': 'cron'}}\n"
            "    def compute(self, keystr): pass\n",
            2,
            "the process p of a has the type 'cron'",
        ),
    ],
)
def test_a_fault_has_its_place(make, text, line, message):
    worker = make(text)
    ((file, said_line, said),) = faults(worker)
    assert (file, said_line) == ("products/a.py", line)
    assert said.startswith(message)


def test_every_fault_is_told_at_once(make):
    worker = make(
        {
            "products/a.py": "import kck\n@kck.product(every='x')\ndef f(): pass\n"
            "@kck.product(fresh='y')\ndef g(): pass\n",
            "products/b.py": "import helper\n",
            "helper.py": "def f():\n    return 1 / 0\nf()\n",
            "updaters/c.py": "1 +\n",
            "products/d.py": "import kck\n@kck.product\ndef fine(): pass\n",
        }
    )
    assert sorted(faults(worker)) == [
        ("helper.py", 2, "ZeroDivisionError: division by zero"),
        ("products/a.py", 2, "every: 'x' is no duration"),
        ("products/a.py", 4, "fresh: 'y' is no duration"),
        ("updaters/c.py", 1, "SyntaxError: invalid syntax"),
    ]
    assert all(one["cure"] for one in worker.hello["faults"] if "duration" in one["message"])
    assert list(fields(worker)) == ["fine"]


def test_a_name_that_is_defined_twice_is_a_fault(make):
    text = "import kck\n@kck.product\ndef f(): return 1\n"
    worker = make(
        {
            "products/a.py": text,
            "products/b.py": "\n" + text,
            "processes/c.py": text.replace("product", "process(every=1)"),
        }
    )
    assert faults(worker) == [
        ("products/b.py", 3, f"the product f is defined twice, first in {worker.folder}/products/a.py:2")
    ]
    assert worker.value("f") == 1


def test_files_import_each_other_and_helpers(make, tmp_path):
    shared = tmp_path / "shared"
    (shared / "pack").mkdir(parents=True)
    (shared / "pack/__init__.py").write_text("")
    (shared / "pack/deep.py").write_text("from . import deeper\n")
    (shared / "pack/deeper.py").write_text("VALUE = 5\n")
    worker = make(
        {
            "products/a.py": "import kck\nfrom products.b import b\nfrom helper import ONE\n"
            "@kck.product\ndef a(): return b.function() + ONE\n",
            "products/b.py": "import kck\nfrom pack import deep\n@kck.product\ndef b(): return deep.deeper.VALUE\n",
            "products/best-of.py": "import kck\n@kck.product\ndef c(): return 3\n",
            "helper.py": "ONE = 1\n",
        },
        path=[shared],
    )
    assert worker.hello["faults"] == [] and sorted(fields(worker)) == ["a", "b", "c"]
    assert worker.value("a") == 6 and worker.value("c") == 3
    assert worker.hello["files"] == sorted(
        [
            *[
                str(worker.folder / name)
                for name in ("products/a.py", "products/b.py", "products/best-of.py", "helper.py")
            ],
            *[str(shared / "pack" / name) for name in ("__init__.py", "deep.py", "deeper.py")],
        ]
    )


def test_a_package_of_the_users_path_keeps_its_name(make, tmp_path):
    (tmp_path / "app/products").mkdir(parents=True)
    (tmp_path / "app/products/__init__.py").write_text("WHO = 'app'\n")
    worker = make("import kck, products\n@kck.product\ndef who(): return products.WHO\n", path=[tmp_path / "app"])
    assert worker.hello["faults"] == [] and worker.value("who") == "app"


def test_the_hash_is_of_all_that_a_definition_is_made_of(make):
    files = {
        "products/a.py": "import kck\nimport helper\n@kck.product\ndef f(): pass\n",
        "helper.py": "import helper2\n",
        "helper2.py": "A = 1\n",
        "products/b.py": "import kck\n@kck.product\ndef g(): pass\n",
    }

    def hashes(files):
        return {one["function"]: one["source_hash"] for one in make(files).hello["definitions"]}

    first = hashes(files)
    assert hashes(files) == first
    changed = hashes({**files, "helper2.py": "A = 2\n"})
    assert changed["f"] != first["f"] and changed["g"] == first["g"]


PRIMERS = '''
import kck

class Base(kck.Primer):
    abstract = True
    def compute(self, id: int): return id + self.more

class One(Base):
    """Adds one."""
    name, more, every = "one", 1, "5m"
    def pre_prime(self, key, params): print("pre", key, params)
    def post_prime(self, value, hints): raise ValueError("in a hook")
    def post_set(self, key, value): print("set", key, value)

class Two(kck.Primer):
    many = True
    parameters = [{"name": "id", "type": "int"}]
    async def compute(self, ids, hints): return {id: hints for id in ids}
    async def pre_refresh(self, key): print("refreshing", key)

class Sql(kck.KCKPrimer):
    """Rows."""
    keys = ["sql_1", "sql_2"]
    parameters = [{"name": "id", "type": "int", "primary_key": True}]
    database, expire, domain_key = "main", 60, "all"
    query_template, query_type = "select 1 where 1 = :id", kck.QUERY_TYPE_DICTS
    hooks = {"post_prime": [("sql_1/:id", lambda key, hints, param_key: print("hook", key, param_key))]}
    def result_filter(self, rows): return rows[0]["a"] if rows else None

class Computed(kck.KCKPrimer):
    keys = "Computed"
    parameters = [{"name": "id", "type": "int"}, {"name": "what"}]
    processes = {"look": {"type": "key", "key_attribute": "domain_key", "hooks": {
        "value": [lambda primer, value: print("looked", primer.name, value)]}}}
    domain_key = "all"
    def register_hooks(self):
        self.add_hook("pre_prime", "k", self.before)
    def before(self, key, hints=None, param_key=None): print("before", key, param_key)
    def compute(self, keystr):
        return [keystr, self.key_to_param_dict(keystr), self.param_dict_to_key({"id": 1, "what": "a"})]
    def compute_augmented_value(self, keystr, hints):
        return [keystr, hints.get("other/1")["value"], hints.get(keystr)["value"]]
'''


def test_primers_are_classes(make):
    worker = make(PRIMERS)
    assert worker.hello["faults"] == []
    said = {name: one for one in worker.hello["definitions"] for name in [json.loads(one["fields"])["name"]]}
    assert sorted(said) == ["Computed", "Computed.look", "Two", "one", "sql_1", "sql_2"]
    assert said["one"]["hooks"] == ["post_set"] and said["Two"]["hooks"] == ["pre_refresh"] and said["Two"]["is_async"]
    assert fields(worker)["one"] == {
        "name": "one",
        "description": "Adds one.",
        "refresh": {"every": "5m"},
        "parameters": [{"name": "id", "type": "int"}],
    }
    assert fields(worker)["sql_2"] == {
        "name": "sql_2",
        "description": "Rows.",
        "database": "main",
        "expire_seconds": 60,
        "refresh": {"domain_key": "all"},
        "parameters": [{"name": "id", "type": "int", "primary_key": True}],
        "query": {"template": "select 1 where 1 = :id", "type": "dicts"},
    }
    assert sorted(said["sql_1"]["hooks"]) == ["post_prime", "result_filter"]


def test_hooks_are_called_and_their_errors_logged(make):
    worker = make(PRIMERS)
    assert worker.value("one", "7") == 8
    assert json.loads(worker.prime("Two", ["1"], hints=[["{}"]])[0]["value"]) == [[{}]]
    worker.result(worker.begin("hook", "one", hook="post_set", key="one/7", params=["7"], value=b"[1]"))
    worker.result(worker.begin("hook", "Two", hook="pre_refresh", key="Two/7", params=["7"], value=None))
    assert worker.value("Computed", "7", "a/b") == ["Computed/7/a%2Fb", {"id": 7, "what": "a/b"}, "1/a"]
    (item,) = worker.result(worker.begin("hook", "one", hook="pre_purge", key="one/7", params=["7"], value=None))
    assert "no hook pre_purge" in item["error"]["message"]
    assert worker.stop() == 0
    said = [line for line in worker.log if line.startswith(("pre", "set", "refreshing", "before", "ValueError"))]
    assert said == [
        "pre one/7 {'id': 7}",
        "ValueError: in a hook",
        "set one/7 [1]",
        "refreshing Two/7",
        "before Computed/7/a%2Fb k",
    ]


def test_what_the_server_asks_of_a_primer_with_sql(make):
    worker = make(PRIMERS)

    def hook(name, hook, **more):
        (item,) = worker.result(worker.begin("hook", name, hook=hook, key=f"{name}/7", **{"params": ["7"], **more}))
        return item

    assert json.loads(hook("sql_1", "result_filter", value=b'[{"a":5}]')["value"]) == 5
    assert hook("sql_1", "result_filter", value=b"[]") == {"empty": True}
    hook("sql_1", "post_prime", value=b"[]")
    more = {"params": ["7", "a"], "value": b"[5]"}
    augmented = hook("Computed", "compute_augmented_value", hints=['{"primed":"other/1","value":9}'], **more)
    assert json.loads(augmented["value"]) == ["Computed/7", 9, [5]]
    # What tells of no other key leaves the value as it is.
    augmented = hook("Computed", "compute_augmented_value", hints=['{"updater":"u","params":{}}'], **more)
    assert json.loads(augmented["value"]) == [5]
    id = worker.begin("run", "Computed.look")
    ask = worker.read("ask")
    assert (ask["key"], ask["call"]) == ("all", id)
    worker.reply(ask, [{"id": 1}])
    worker.result(id)
    assert worker.stop() == 0
    assert "hook sql_1/7 sql_1/:id" in worker.log and "looked Computed [{'id': 1}]" in worker.log


OF_06 = '''
from kck.lib.kck_primer import KCKPrimer
from kck.lib.kck_updater import KCKUpdater
from helper import Base

class First(KCKPrimer):
    def compute(self, keystr): return "first"

class Second(KCKPrimer):
    def compute(self, keystr): return "second"

class Named(Base):
    keys = ["named"]
    def register_hooks(self):
        super().register_hooks()
        self.get_cache().primer_obj("in_yaml/:id").add_hook("post_set", "named/:id", self.seen)
        self.get_cache().primer_obj("zlast").add_hook("post_refresh", "x", self.seen)
        self.get_data().updater_obj("item/:id").add_hook("post_update", "y", self.seen)
        self.get_data().updater_obj("item/:id").add_hook("post_update", "z", self.fails)
        self.get_data().updater_obj("item/:id").add_hook("post_update", "w", self.seen)
    def seen(self, key=None, hints=None, param_key=None):
        print("seen", key, param_key, hints.count(), self.dependency_key_to_param_dict(param_key, key))
    def fails(self, key): raise ValueError("in a hook")
'''
HELPER = '''
from kck.lib.kck_primer import KCKPrimer
class Base(KCKPrimer):
    def compute(self, keystr): return "base"
'''
LATER = '''
from kck.lib.kck_primer import KCKPrimer
class Later(KCKPrimer):
    def compute(self, keystr): return "later"
'''


def test_classes_of_06_are_named_and_hooked_as_there(make):
    """The file names a class without keys, the last by its name; a base of another file is none; hooks may be added to
    what comes later, and to what Python does not define."""
    worker = make({"products/old.py": OF_06, "products/zlast.py": LATER, "helper.py": HELPER})
    assert worker.hello["faults"] == []
    said = {json.loads(one["fields"])["name"]: one for one in worker.hello["definitions"]}
    assert sorted(said) == ["in_yaml", "item", "named", "old", "zlast"]
    assert (said["zlast"]["hooks_only"], said["zlast"]["hooks"]) == (False, ["post_refresh"])
    assert worker.value("old") == "second" and worker.value("named") == "base"
    assert (said["in_yaml"]["hooks_only"], said["in_yaml"]["hooks"]) == (True, ["post_set"])
    assert (said["item"]["kind"], said["item"]["hooks"]) == ("updater", ["post_update"])
    worker.result(worker.begin("hook", "in_yaml", hook="post_set", key="in_yaml/7", params=["7"], value=b"[1]"))
    worker.result(
        worker.begin("hook", "item", hook="post_update", key="item/7", params={"id": "7"}, action="update", hints=[])
    )
    assert worker.stop() == 0
    said = [line for line in worker.log if line.startswith(("seen", "ValueError"))]
    assert said == [
        "seen in_yaml/7 named/:id 1 {'id': '7'}",
        "seen item/7 y 0 {}",
        "ValueError: in a hook",
        "seen item/7 w 0 {}",
    ]


UPDATERS = '''
import kck

@kck.updater(primary_key="id", access="user")
def item(action, id: int | None = None, name: str = "pen", price: float | None = None):
    """Writes."""
    return {"action": action, "id": id, "name": name, "price": price}

@kck.updater
def visit(page: str): return 3

class Note(kck.Updater):
    name, primary_key, timeout = "note", ["id"], 2
    async def insert(self, text: str): return [{"text": text}, {"text": text}]
    async def update(self, id: int, text: str): return None
    async def delete(self, id: int): raise kck.KCKForbidden("not yours")
    def pre_update(self, action, params): print("pre", action, params)
    def post_update(self, key, value): print("post", key, value)

class Old(kck.KCKUpdater):
    name = "old"
    parameters = [{"name": "id", "type": "int", "primary_key": True}, {"name": "text"}]
    def update(self, data, queued=False):
        print(data)
        return object()

class OldSql(kck.KCKUpdater):
    name = "OldSql"
    parameters = [{"name": "id", "type": "int", "primary_key": True}]
    query_template = {"update": "update t set a = 1 where id = :id"}
    hooks = {"post_update": [("k", print)]}
'''


def test_updaters(make):
    worker = make({"updaters/a.py": UPDATERS})
    assert worker.hello["faults"] == []
    said = fields(worker, "updater")
    assert said["item"] == {
        "name": "item",
        "description": "Writes.",
        "access": "user",
        "parameters": [
            {"name": "id", "type": "int", "primary_key": True},
            {"name": "name", "type": "string", "nullable": True},
            {"name": "price", "type": "float", "nullable": True},
        ],
        "actions": {action: ["id", "name", "price"] for action in ("insert", "update", "delete")},
    }
    assert said["note"]["actions"] == {"insert": ["text"], "update": ["id", "text"], "delete": ["id"]}
    assert said["note"]["timeout_ms"] == 2000 and said["visit"]["actions"] == {"insert": ["page"]}
    assert said["OldSql"]["query"] == {"template": {"update": "update t set a = 1 where id = :id"}}
    hooks = {json.loads(one["fields"])["name"]: one["hooks"] for one in worker.hello["definitions"]}
    assert hooks == {"item": [], "visit": [], "note": [], "old": [], "OldSql": ["post_update"]}


def test_updaters_write(make):
    worker = make({"updaters/a.py": UPDATERS})

    def write(updater, action, **params):
        (item,) = worker.result(worker.begin("update", updater, action=action, params=params))
        return item

    assert write("item", "update", id="7", name=None) == {
        "rows": 1,
        "returning": b'[{"action":"update","id":7,"name":"pen","price":null}]',
    }
    assert write("visit", "insert", page="a") == {"rows": 3, "returning": b"[]"}
    assert write("note", "insert", text="a") == {"rows": 2, "returning": b'[{"text":"a"},{"text":"a"}]'}
    assert write("note", "update", id="1", text="a") == {"rows": 1, "returning": b"[]"}
    assert write("note", "delete", id="1")["error"]["code"] == "KCKForbidden"
    assert write("old", "update", id="1", text="a") == {"rows": 1, "returning": b"[]"}
    assert worker.stop() == 0
    assert "pre insert {'text': 'a'}" in worker.log and "{'id': 1, 'text': 'a'}" in worker.log
    assert "post note None" in worker.log


def test_processes_run(make):
    worker = make(
        {
            "processes/a.py": "import kck\n@kck.process(cron='@daily', missed='skip')\ndef tidy():\n    'Tidies.'\n"
            "    print('tidied')\n@kck.process(every='10m', name='b')\nasync def c(): 1 / 0\n"
        }
    )
    assert fields(worker, "process") == {
        "tidy": {"name": "tidy", "cron": "@daily", "missed": "skip", "description": "Tidies."},
        "b": {"name": "b", "every": "10m"},
    }
    assert worker.result(worker.begin("run", "tidy")) == [{"value": b"null"}]
    assert worker.result(worker.begin("run", "b"))[0]["error"]["name"] == "ZeroDivisionError"
    assert worker.stop() == 0 and worker.log == ["tidied"]


def test_files_are_imported_as_the_server_has_them(make, tmp_path):
    """What is on the disk may be half of a change, or have gone."""
    text = "import kck\nfrom pack import helper\n\n@kck.product\ndef times(n: int):\n    return n * helper.FACTOR\n"
    files = {"products/times.py": text, "pack/__init__.py": "", "pack/helper.py": "FACTOR = 2\n"}
    first = make(files, describe=True)
    held = first.hello["sources"]
    expected = {str(first.folder / name): text.encode() for name, text in files.items()}
    assert {path: content for path, content in held} == expected
    (hash,) = [one["source_hash"] for one in first.hello["definitions"]]
    (first.folder / "pack/helper.py").unlink()
    later = make({"products/times.py": "a change that is no Python"}, folder=first.folder, sources=held)
    assert later.hello["faults"] == []
    assert [one["source_hash"] for one in later.hello["definitions"]] == [hash]
    assert later.value("times", "4") == 8

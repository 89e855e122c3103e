"""A folder whose API has every kind of parameter, product and updater, and schemathesis against its description."""

import json
import pathlib
import re
import subprocess
import tempfile

from support.files import make_sqlite

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/python/bin/python"  # tools/setup.sh makes it
CONFIG = ROOT / "tests/support/schemathesis.toml"
SECRET = "a secret of the tests, of 32 bytes or more"
AUTH = f'auth:\n  keys: [{{id: one, algorithm: HS256, secret: "{SECRET}"}}]\n  auth_user: login/:email\n'

SCRIPT = """create table note (id integer primary key, owner text, text text, price real, day text, done boolean);
insert into note values (1, 'ann', 'of ann', 1.5, '2024-01-31', 0), (2, 'bob', 'of bob', null, null, 1);
create table setting (name text primary key, value text);"""

PRODUCTS = """
name: note
description: A note, by its number
parameters: [{name: id, type: int, description: its number, example: 1}]
query: {template: "select id, owner, text, price from note where id = :id", type: dicts}
access: public
---
name: notes
query: {template: select id from note order by id}
access: user
---
name: every-type
description: One parameter of each type
parameters:
  - {name: whole, type: int, example: -7}
  - {name: real, type: float, example: 1.5}
  - {name: text, example: a/b}
  - {name: day, type: date, example: 2024-01-31}
  - {name: moment, type: timestamp, example: "2024-01-31T05:00:00Z"}
  - {name: id, type: uuid, example: 123e4567-e89b-12d3-a456-426614174000}
  - {name: flag, type: bool, example: true}
query: {template: "select :whole, :real, :text, :day, :moment, :id, :flag"}
access: user
---
name: every.null
parameters:
  - {name: whole, type: int, nullable: true}
  - {name: real, type: float, nullable: true}
  - {name: text, nullable: true}
  - {name: day, type: date, nullable: true}
  - {name: flag, type: bool, nullable: true}
query: {template: "select :whole as whole, :real as real, :text as text, :day as day, :flag as flag", type: dicts}
access: user
---
name: none
parameters: [{name: id, type: int}]
query: {template: "select id from note where id = -1 and id = :id"}
empty: {as: value}
access: user
---
name: texts
query: {template: select text from note order by id, process_result: {jq: "map(.[0])"}}
access: {roles: [editor, admin]}
---
name: mine
parameters: [{name: owner}, {name: id, type: int}]
query: {template: "select text from note where owner = :owner and id = :id", process_result: {jsonpath_first: "$[0][0]"}}
access: {claims: {sub: owner}}
---
name: kept
parameters: [{name: name}]
query: {template: "select :name"}
settable: true
access: user
---
name: rare
parameters: [{name: id, type: int}]
query: {template: "select id from note where id = :id"}
on_miss: error
"""
# Nobody can log in: the texts are no hashes.
LOGIN_PRODUCT = """
name: login
parameters: [{name: email}]
query: {template: "select id, text as password_hash from note where owner = :email", type: dicts}
"""
POSTGRES_PRODUCT = """
name: quotient
database: other
parameters: [{name: dividend, type: int}, {name: divisor, type: int}, {name: at, type: timestamp, nullable: true}]
query: {template: "select :dividend / :divisor as quotient, :at as at", type: dicts}
access: user
"""
UPDATERS = """
name: note
description: Notes
parameters:
  - {name: id, type: int, primary_key: true}
  - {name: owner, example: ann}
  - {name: text, nullable: true}
  - {name: price, type: float, nullable: true}
  - {name: day, type: date, nullable: true}
  - {name: done, type: bool, nullable: true}
query:
  template:
    insert: insert into note (owner, text, price, day, done) values (:owner, :text, :price, :day, :done) returning id
    update: update note set text = :text, price = :price where id = :id returning id, price
    delete: delete from note where id = :id
  type: dicts
access: user
---
name: setting
parameters: [{name: name, primary_key: true}, {name: value}]
query:
  template:
    insert: insert into setting values (:name, :value)
    update: update setting set value = :value where name = :name
    delete: delete from setting where name = :name
access: user
---
name: my-note
parameters: [{name: id, type: int, primary_key: true}, {name: owner}, {name: text}]
query:
  template:
    insert: insert into note (owner, text) values (:owner, :text)
    update: update note set text = :text where id = :id and owner = :owner
    delete: delete from note where id = :id and owner = :owner
access: {claims: {sub: owner}}
---
name: tidy
parameters: [{name: before, type: timestamp}, {name: id, type: uuid}]
query:
  template:
    insert: insert into setting select :id, :before where false
    delete: delete from setting where name = :id and value < :before
"""
PROCESSES = """
name: tidy
every: 1h
database: main
sql: "delete from setting where value is null"
"""


def folder(tmp_path, postgres_url, auth, compat=False):
    """The files of the folder."""
    url = make_sqlite(tmp_path / "notes.db", SCRIPT)
    kck_yml = (f'databases:\n  main: {{url: "{url}"}}\n  other: {{url: "{postgres_url}"}}\n'
               'store: {url: "memory:"}\nmemory: 64MiB\nhttp: {fetch_timeout_ms: 5000'
               + (', compat: "0.6"' if compat else "") + "}\n" + (AUTH if auth else ""))
    definitions = {"products/all.yml": with_database(PRODUCTS + "---" + LOGIN_PRODUCT) + "---" + POSTGRES_PRODUCT,
                   "updaters/all.yml": with_database(UPDATERS)}
    if not auth:  # nobody could be told apart
        definitions = {name: re.sub(r"^access: .*\n", "", text, flags=re.M) for name, text in definitions.items()}
    return {"kck.yml": kck_yml, "processes/all.yml": PROCESSES, **definitions}


def with_database(documents):
    return documents.replace("\nname: ", "\ndatabase: main\nname: ")


def new_token(node, role="admin"):
    made = node.run("token", "new", "--subject", "ann", "--role", role, "--life", "1h", url=False)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


class Outcome:
    """What a run of schemathesis sent and found."""

    def __init__(self, status, output):
        self.status = status
        self.output = re.sub(r"\x1b\[[0-9;]*m", "", output)
        found = re.search(r"Test cases:\s*([\d,]+) generated", self.output)
        self.cases = int(found.group(1).replace(",", "")) if found else 0


def run(url, examples, seed, token=None, seconds=100, phases="examples,coverage,fuzzing", excluded=None):
    """Runs schemathesis with so many cases an operation at the most."""
    command = [PYTHON, "-m", "schemathesis.cli", "--config-file", CONFIG, "run", url + "/openapi.json", "--no-color",
               "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure",
               "--generation-database", "none", "--no-shrink", "--warnings", "off", "--request-timeout", "20",
               "--suppress-health-check", "all"]
    # It would end the token that the other calls come with; tests/integration/test_login.py has it.
    command += ["--exclude-path", "/logout"]
    if excluded:
        command += ["--exclude-checks", excluded]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    with tempfile.TemporaryDirectory() as scratch:  # it leaves files where it runs
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=seconds, cwd=scratch)
    return Outcome(done.returncode, done.stdout)


def validate(document):
    """What openapi-spec-validator has to say of the document; empty: it is valid."""
    program = "import json, sys; from openapi_spec_validator import validate; validate(json.load(sys.stdin))"
    done = subprocess.run([PYTHON, "-c", program], input=json.dumps(document), capture_output=True, text=True, timeout=60)
    return done.stderr if done.returncode else ""

"""A folder as it was written for 0.6.3, imported and served: a library with its books, members and loans."""

import json

from support.node import run_kck

PYTHON = "/usr/bin/python3"

SCHEMA = """
create table book (id serial primary key, title text, price float);
create table member (id serial primary key, name text, email text, pass text);
create table loan (book int, member int);
create table seen (id serial primary key, what text);
insert into book (title, price) values ('Dune', 9.5), ('Emma', 4), ('Momo', 7.25), ('Solaris', 6);
insert into member (name) values ('Ada'), ('Bo');
"""

SETTINGS = """
KCK = {{
    'databases': {{
        'lending': {{
            'connection_url': '{url}',
        }},
    }},
    'primers_dirpath': 'kprimers',
    'updaters_dirpath': 'kupdaters',
    'prime_on_cache_miss': {primes},
    'cassandra': {{
        'hosts': ['127.0.0.1'],
        'keyspace': 'lending',
        'tables': {{'primary_cache': 'a', 'secondary_cache': 'b', 'queued_updates': 'c', 'queued_refreshes': 'd',
                   'queued_refreshes_counter': 'e'}},
    }},
    'environment': 'test',
    'use_auth': {use_auth},
    'auth': {{
        'auth_user': 'auth/:email/:passwd_hash',
        'auth_user_list': 'auth_list',
        'secret': 'a secret of the library, of 32 bytes or more',
        'password_hash_salt': 'pepper',
    }},
}}
"""

BOOK = """
database: lending
parameters:
  - name: id
    type: int
query:
  template: select title from book where id = :id
"""


def settings(database, primes=True, use_auth=False):
    url = database.url.replace("postgresql://", "postgresql+psycopg2://")
    return SETTINGS.format(url=url, primes=primes, use_auth=use_auth)


def import_06(node, settings="settings.py", *options):
    """What `kck import-0.6 --json` says, run in the node's folder."""
    done = run_kck(node.binary, "import-0.6", settings, "--python", PYTHON, "--json", *options, cwd=node.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def served(make_node, database, files, **options):
    """The folder, imported and served. `files`: beside the settings."""
    database.execute(SCHEMA)
    node = make_node({"settings.py": settings(database, **options), "kprimers/__init__.py": "",
                      "kupdaters/__init__.py": "", **files})  # fmt: skip
    said = import_06(node)
    errors = [one for one in said["needs_a_hand"] if one["severity"] == "error"]
    assert errors == [], errors
    return node.start()


def body(answer):
    """Of an answer as 0.6.3 gave it: 200 also where it failed."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def failure(answer):
    said = body(answer)
    assert said["success"] is False
    return said["error"]["name"]


def seen(database):
    return [what for (what,) in database.execute("select what from seen order by id")]



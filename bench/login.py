"""Logins that fail, of users who are known and of users who are not: one should not be told from the other by its time."""

import http.client
import json
import random
import statistics
import subprocess
import time

from common import Failed, Servers, find_program, progress, start_kck
from report import Report

ABOUT = """One client, one login after another, in an order drawn by chance: a wrong password of a user who is there, any
password of users who are not, each another, and a right one. The users stand in PostgreSQL; their hashes are argon2id as
`kck token hash-password` makes them. A median is of all logins of its kind in a run."""

KINDS = ("wrong password", "unknown user", "right password")
DIFFERENCE_MAX = 0.05

AUTH = """auth:
  keys: [{algorithm: HS256, secret: "of a benchmark: anybody may know it"}]
  auth_user: auth/:email
  login_attempts: {per_user: 1000000, per_address: 1000000, within: 1s}
"""
PRODUCT = """database: main
parameters: [{name: email}]
query: {template: "select id, hash from person where email = :email"}
"""
USERS = 1000


def add_options(command):
    command.add_argument("--logins", type=int, default=300, help="of each kind, a run")


def password_hash(options, password):
    command = [find_program(options, "apps/kck"), "token", "hash-password"]
    return subprocess.run(command, input=password, check=True, capture_output=True, text=True).stdout.strip()


def login_seconds(connection, user, password, status):
    body = json.dumps({"password": password})
    began = time.perf_counter()
    connection.request("POST", "/login/" + user, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    if answer.status != status:
        raise Failed(f"a login was answered with {answer.status}")
    return took


def one_run(options, port, number):
    kinds = list(KINDS) * options.logins
    random.Random(number).shuffle(kinds)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = {kind: [] for kind in KINDS}
    for turn, kind in enumerate(kinds):
        user = f"nobody{number}-{turn}" if kind == "unknown user" else f"user{turn % USERS}"
        right = kind == "right password"
        took[kind].append(login_seconds(connection, user, "secret" if right else "wrong", 200 if right else 401))
    return {kind: statistics.median(seconds) for kind, seconds in took.items()}


def run(options):
    with Servers() as servers:
        database = servers.start_postgres()
        database.execute("create table person (id serial primary key, email text unique, hash text)")
        database.execute("insert into person (email, hash) select 'user' || i, '" + password_hash(options, "secret")
                         + f"' from generate_series(0, {USERS - 1}) i")
        files = {"kck.yml": f'databases: {{main: {{url: "{database.url}"}}}}\nstore: {{url: "memory:"}}\n' + AUTH,
                 "products/auth.yml": PRODUCT}
        server = servers.add(start_kck(options, servers.subfolder("kck"), files, core=None))
        one_run(options, server.port, -1)
        runs = []
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            runs.append(one_run(options, server.port, number))
    rows = [[f"run {number + 1}", *(f"{medians[kind] * 1000:.2f} ms" for kind in KINDS),
             f"{medians['unknown user'] / medians['wrong password'] - 1:+.1%}"] for number, medians in enumerate(runs)]
    worst = max(abs(medians["unknown user"] / medians["wrong password"] - 1) for medians in runs)
    return Report("login", "Logins", ABOUT, ["", *KINDS, "unknown against wrong"], rows, runs, passed=worst < DIFFERENCE_MAX)

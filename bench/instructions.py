"""Instructions that a hit and a miss take: a measure that does not depend on how busy the machine is.

`--check` compares with the record and fails where one takes over 3% more; `--record` makes a new record.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess

from common import Failed, Servers, find_program, progress, start_kck
from report import RESULTS, Report

ABOUT = """Instructions of the server's own code (without libraries and system) for a request, counted by callgrind: one
connection, one request at a time. A hit is a value of one row from memory; one with a token is the same where kck.yml has
`auth`, of a product with `access: user`; a miss is computed by PostgreSQL and handed to the store. `bench/run instructions --check` fails where a count is more than 3% above this record."""

MORE_MAX = 1.03

FILES = {
    "products/row.yml": """database: main
parameters: [{name: id, type: int}]
query: {template: "select :id as id, 'some text of a row' as text", type: dicts}
""",
}


def control(server, *arguments):
    done = subprocess.run(["callgrind_control", *arguments, str(server.process.pid)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"callgrind_control failed: {done.stdout}{done.stderr}")


def own_instructions(path, program):
    """What the program's own functions took, by a callgrind profile: its cost lines, without those of calls."""
    total, own, skips = 0, False, False
    names = {}
    for line in path.read_text().splitlines():
        if line.startswith("ob="):
            number, name = re.fullmatch(r"ob=(\(\d+\))(?: (.*))?", line).groups()
            names.setdefault(number, name)
            own = names[number] == str(program)
        elif line.startswith("calls="):
            skips = True
        elif own and re.match(r"[+\-*\d]", line):
            if not skips:
                total += int(line.split()[1])
            skips = False
        elif skips:
            skips = False
        define = re.match(r"c?ob=(\(\d+\)) (.+)", line)
        if define:
            names[define[1]] = define[2]
    return total


def without_debug_text(options, folder):
    """As the options, with a copy of the program that valgrind reads: it stumbles over clang's DWARF 5."""
    program = find_program(options, "apps/kck")
    (folder / "apps").mkdir()
    subprocess.run(["strip", "--strip-debug", "-o", folder / "apps/kck", program], check=True)
    return argparse.Namespace(**{**vars(options), "build": folder})


AUTH = """auth:
  keys: [{algorithm: HS256, secret: "of a benchmark: anybody may know it"}]
"""


def ask(connection, key, header):
    connection.sendall(f"GET /fetch/row/{key} HTTP/1.1\r\nHost: kck\r\n{header}\r\n".encode())
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise Failed(f"row/{key} was answered with {answer!r}")


def count(options, server, folder, keys, header=""):
    """Instructions a request."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for key in keys[:options.warm_up]:
            ask(connection, key, header)
        control(server, "--instr=on")
        for key in keys[options.warm_up:]:
            ask(connection, key, header)
        control(server, "--instr=off")
    before = set(folder.glob("callgrind.*.*"))
    control(server, "--dump")
    control(server, "--zero")
    (profile,) = set(folder.glob("callgrind.*.*")) - before
    return own_instructions(profile, options.build / "apps/kck") / (len(keys) - options.warm_up)


def start(options, servers, folder, files):
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/callgrind.%p"]
    return servers.add(start_kck(options, folder, files, core=None, under=valgrind))


def new_token(options, folder):
    command = [find_program(options, "apps/kck"), "--folder", folder, "token", "new", "--subject", "user-1",
               "--claim", "tenant=acme", "--life", "1d"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(options):
    if not shutil.which("callgrind_control"):
        raise Failed("valgrind is not installed: apt-get install valgrind")
    with Servers() as servers:
        database = servers.start_postgres()
        folder = servers.subfolder("kck")
        options = without_debug_text(options, servers.subfolder("build"))
        kck_yml = f'databases: {{main: {{url: "{database.url}", pool: 1}}}}\nstore: {{url: "rocksdb:store"}}\n'
        server = start(options, servers, folder, {**FILES, "kck.yml": kck_yml})
        asked = options.warm_up + options.requests
        progress("hits")
        found = {"hit": count(options, server, folder, [1] * asked)}
        progress("misses")
        found["miss"] = count(options, server, folder, list(range(2, asked + 2)))
        server.stop()
        progress("hits with a token")
        folder = servers.subfolder("guarded")
        guarded = {"kck.yml": kck_yml + AUTH, "products/row.yml": FILES["products/row.yml"] + "access: user\n"}
        server = start(options, servers, folder, guarded)
        found["hit with a token"] = count(options, server, folder, [1] * asked,
                                          f"Authorization: Bearer {new_token(options, folder)}\r\n")
        server.stop()
    return {name: round(instructions) for name, instructions in found.items()}


def compare(found):
    """The notes, and whether all is well."""
    path = RESULTS / "instructions.json"
    if not path.exists():
        raise Failed("there is no record to compare with: bench/run instructions --record")
    record = json.loads(path.read_text())["data"]
    notes = [f"A {name} takes {found[name]:,} instructions, {found[name] / record[name] - 1:.1%} more than the record: "
             "make it cheaper, or say why in ARCHITECTURE.md and record it anew" for name in record
             if found[name] > record[name] * MORE_MAX]
    return notes, not notes


def run(options):
    found = measure(options)
    notes, passed = compare(found) if options.check else ((), True)
    rows = [[f"a {name}", f"{instructions:,}"] for name, instructions in sorted(found.items())]
    return Report("instructions", "Instructions", ABOUT, ["", "instructions"], rows, found, notes, passed)


def add_options(parser):
    parser.add_argument("--check", action="store_true", help="fail where a count is over 3%% above the record")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--warm-up", type=int, default=200)

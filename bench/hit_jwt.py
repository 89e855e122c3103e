"""Hits with a token each, beside the same hits without: what asking who it is costs."""

import subprocess

import peers
from common import Servers, find_program, medians, need_two_cores, progress, start_kck
from hit import FILES, measure, path_of_size
from report import Report

ABOUT = """A value from memory, by a server that asks for tokens and one that does not, in turns. The server has one core and
the load the other ({connections} connections). Each connection has a token of its own (HS256, {token_bytes} bytes), which
comes with every request; the product opens to every user, or takes a parameter from a claim. CPU is the server's."""

AUTH = 'auth: {keys: [{algorithm: HS256, secret: "of a benchmark: anybody may know it"}]}\n'
# A body as long as the other's, whose size comes from the path.
CLAIMED = """---
name: claimed
database: main
parameters: [{name: size, type: int}]
query: {template: "select replace(hex(zeroblob(:size)), '00', 'x') as filling"}
access: {claims: {size: size}}
"""


def new_token(options, folder, number, size):
    command = [find_program(options, "apps/kck"), "--folder", folder, "token", "new", "--subject", f"user-{number}",
               "--claim", f"size={size}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run(options):
    need_two_cores()
    with Servers() as servers:
        plain = servers.add(start_kck(options, servers.subfolder("plain"), FILES, name="without tokens"))
        path = path_of_size(plain.port, options.sizes[0])
        size = int(path.rsplit("/", 1)[1])
        product = "name: hit\n" + FILES["products/hit.yml"] + "access: user\n" + CLAIMED
        folder = servers.subfolder("guarded")
        guarded = servers.add(start_kck(options, folder, {**FILES, "kck.yml": FILES["kck.yml"] + AUTH,
                                                          "products/hit.yml": product}))
        tokens = [new_token(options, folder, number, size) for number in range(options.connections)]
        headers = [f"Authorization: Bearer {token}" for token in tokens]
        turns = {"without tokens": peers.Http(plain, path), "access: user": peers.Http(guarded, path, headers=headers),
                 "access: {claims: …}": peers.Http(guarded, "/fetch/claimed", headers=headers)}
        runs = {name: [] for name in turns}
        for number in range(options.runs):
            for name, peer in turns.items():
                progress(f"run {number + 1} of {options.runs}: {name}")
                runs[name].append(measure(options, peer))
    base = medians(runs["without tokens"])
    rows = []
    for name, figures in ((name, medians(some)) for name, some in runs.items()):
        rows.append([name, f"{figures['requests_per_second']:,.0f}", f"{figures['cpu_us_per_request']:.2f} µs",
                     f"{base['cpu_us_per_request'] / figures['cpu_us_per_request']:.2f}×", f"{figures['server_core_busy']:.0%}"])
    about = ABOUT.format(connections=options.connections, token_bytes=len(tokens[0]))
    return Report("hit-jwt", "Hits with tokens", about, ["", "requests/s", "CPU/request", "a core's requests", "core busy"], rows,
                  runs)

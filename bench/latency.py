"""How long a hit takes at half of the load that the server can carry, beside nginx."""

import hit
import peers
from common import LATENCY_COLUMNS, Servers, latency_rows, load, need_two_cores, progress, raw_answer, start_kck
from report import Report

ABOUT = """Hits of {size} bytes over {connections} connections, due at fixed times: half as many a second as KCK answered at
full load on its one core. nginx `return` gets the same rate, and answers with as many bytes. A time counts from when the
request was due."""


def run(options):
    need_two_cores()
    with Servers() as servers:
        kck = servers.add(start_kck(options, servers.subfolder("kck"), hit.FILES))
        path = hit.path_of_size(kck.port, options.size)
        answer, _ = raw_answer(kck.port, path)
        nginx = peers.start_nginx_return(servers, len(answer))
        full = load(options, kck.port, path, options.seconds, connections=options.connections)
        rate = full["requests"] / full["seconds"] / 2
        runs = {"kck": [], "nginx return": []}
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            for name, port, asked in (("kck", kck.port, path), ("nginx return", nginx.port, "/")):
                runs[name].append(load(options, port, asked, options.seconds, connections=options.connections,
                                       rate=rate))
    return Report("latency", "A hit at half load", ABOUT.format(size=options.size, connections=options.connections),
                  LATENCY_COLUMNS, latency_rows(runs), {"rate": rate, **runs})


def add_options(parser):
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=256, help="bytes of the answer's body")

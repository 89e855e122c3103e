"""A hit: server CPU per request and requests per second, beside other servers; with --tls beside nginx, over TLS;
with --jwt with tokens, beside itself without; with --kck-0.6 beside kck 0.6.3, which it follows.
"""

import time

import peers
from common import Failed, Servers, medians, need_two_cores, progress, raw_answer, start_kck
from report import Report
from support.certificates import make_pair

BUSY_MIN = 0.95  # under it the load, not the server, was the limit, or something else used the core

FILES = {
    "kck.yml": 'databases: {main: {url: "sqlite:empty.db"}}\nstore: {url: "memory:"}\n',
    # A row of :size bytes.
    "products/hit.yml": """database: main
parameters: [{name: size, type: int}]
query: {template: "select replace(hex(zeroblob(:size)), '00', 'x') as filling"}
""",
    "empty.db": "",
}

FILES_TLS = {"kck.yml": FILES["kck.yml"] + "http: {tls: {cert: server.pem, key: server.key}}\n"}

ABOUT = """KCK serves a value from memory; each peer answers with as many bytes. The server has one core and the load the
other ({connections} connections, pipelines of {pipeline}); all servers take turns. The load is bench/load_client.cc, for
redis its own client. CPU is the server's, of all its processes; the bare epoll loop (bench/epoll_loop.cc) only looks for
the blank line and writes fixed bytes."""


ABOUT_TLS = """KCK serves a value from memory over TLS 1.3, and nginx, with the same certificate, answers with as many bytes.
The server has one core and the load the other ({connections} connections, pipelines of {pipeline}); both take turns. The
load is bench/load_client.cc, which opens its connections before time is taken."""


def path_of_size(port, body_bytes, tls=False):
    """The path of a key whose answer has a body of that length."""
    size = 1
    for _ in range(5):
        length = raw_answer(port, f"/fetch/hit/{size}", tls)[1]
        if length == body_bytes:
            return f"/fetch/hit/{size}"
        size += body_bytes - length
    raise Failed(f"no key has a body of {body_bytes} bytes: the last one had {length}")


def measure(options, peer):
    peer.drive(options, 1)
    cpu_before, began = peer.server.cpu_seconds(), time.monotonic()
    result = peer.drive(options, options.seconds)
    cpu, elapsed = peer.server.cpu_seconds() - cpu_before, time.monotonic() - began
    return {"requests_per_second": result["requests"] / result["seconds"],
            "cpu_us_per_request": cpu / result["requests"] * 1e6, "server_core_busy": min(cpu / elapsed, 1.0)}


def start_tls_peers(servers, kck, body_bytes, pair):
    path = path_of_size(kck.port, body_bytes, tls=True)
    answer, _ = raw_answer(kck.port, path, tls=True)
    return [peers.Http(kck, path, tls=True),
            peers.Http(peers.start_nginx_return(servers, len(answer), pair), tls=True)], len(answer)


def start_peers(options, servers, kck, body_bytes):
    """[(peer, bytes of its answer)], KCK first."""
    path = path_of_size(kck.port, body_bytes)
    answer, _ = raw_answer(kck.port, path)
    starts = {
        "loop": lambda: peers.Http(peers.start_loop(options, servers, answer)),
        "nginx": lambda: peers.Http(peers.start_nginx_return(servers, len(answer))),
        "redis": lambda: peers.Redis(peers.start_redis(servers, len(answer))),
        "nginx-cache": lambda: peers.Http(peers.start_nginx_cache(options, servers, len(answer))),
        "varnish": lambda: peers.Http(peers.start_varnish(options, servers, len(answer))),
    }
    started = [peers.Http(kck, path)]
    for name in ["loop", *[peer for peer in options.peers if peer != "loop"]]:
        started.append(starts[name]())
    return started, len(answer)


def run(options):
    if options.jwt:
        import hit_jwt  # which uses this module

        return hit_jwt.run(options)
    if options.kck06:
        import hit_kck06  # likewise

        return hit_kck06.run(options)
    need_two_cores()
    with Servers() as servers:
        folder = servers.subfolder("kck")
        pair = make_pair(folder) if options.tls else None
        kck = servers.add(start_kck(options, folder, {**FILES, **(FILES_TLS if pair else {})}))
        turns = []
        for body_bytes in options.sizes:
            started, answer_bytes = (start_tls_peers(servers, kck, body_bytes, pair) if pair else
                                     start_peers(options, servers, kck, body_bytes))
            turns += [{"peer": peer, "body_bytes": body_bytes, "answer_bytes": answer_bytes, "runs": []}
                      for peer in started]
        for number in range(options.runs):
            for turn in turns:
                progress(f"run {number + 1} of {options.runs}: {turn['peer'].server.name}, {turn['body_bytes']} bytes")
                turn["runs"].append(measure(options, turn["peer"]))
    return report(options, turns)


def report(options, turns):
    loops = {turn["body_bytes"]: medians(turn["runs"])["cpu_us_per_request"] for turn in turns
             if turn["peer"].server.name == "bare epoll loop"}
    ours = {turn["body_bytes"]: medians(turn["runs"])["cpu_us_per_request"] for turn in turns
            if turn["peer"].server.name == "kck"}
    rows, data, void = [], [], []
    for turn in turns:
        name, body_bytes, figures = turn["peer"].server.name, turn["body_bytes"], medians(turn["runs"])
        cpu = figures["cpu_us_per_request"]
        rows.append([name, f"{body_bytes} B", f"{turn['answer_bytes']} B", f"{figures['requests_per_second']:,.0f}",
                     f"{cpu:.2f} µs", f"{cpu / loops[body_bytes]:.2f}×" if loops else "", f"{ours[body_bytes] / cpu:.2f}×",
                     f"{figures['server_core_busy']:.0%}"])
        data.append({"server": name, "body_bytes": body_bytes, "runs": turn["runs"]})
        idle = sum(run["server_core_busy"] < BUSY_MIN for run in turn["runs"])
        if idle:
            void.append(f"VOID: in {idle} of {options.runs} runs of {name} with {body_bytes} B the server's core was "
                        f"under {BUSY_MIN:.0%} busy.")
    name = "hit" if options.pipeline == 1 else f"hit-pipeline{options.pipeline}"
    title = "A hit" if options.pipeline == 1 else f"Hits in pipelines of {options.pipeline}"
    if options.tls:
        name, title = f"{name}-tls", f"{title} over TLS"
    columns = ["server", "body", "answer", "requests/s", "CPU/request", "of the loop", "KCK of it", "core busy"]
    about = ABOUT_TLS if options.tls else ABOUT
    return Report(name, title, about.format(connections=options.connections, pipeline=options.pipeline), columns, rows,
                  data, void)


def add_options(parser):
    parser.add_argument("--pipeline", type=int, default=1, help="requests in one write")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--jwt", action="store_true", help="with tokens, beside itself without; of the first size alone")
    parser.add_argument("--tls", action="store_true", help="over TLS, beside nginx alone")
    parser.add_argument("--kck-0.6", dest="kck06", action="store_true",
                        help="beside kck 0.6.3 and its Cassandra, of a value of 100 bytes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024], help="bytes of the answer's body")
    parser.add_argument("--peers", nargs="*", default=["loop", "nginx", "redis", "nginx-cache", "varnish"],
                        choices=["loop", "nginx", "redis", "nginx-cache", "varnish"])

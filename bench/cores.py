"""What a second core brings: CPU per request of one network thread and of two."""

import os

import hit
import peers
from common import Servers, medians, need_two_cores, progress, start_kck
from report import Report

ABOUT = """Hits of {size} bytes over {connections} connections, by servers with one network thread and with two, on all {cores}
cores, which they share with the load. The load takes what the second thread would need, so that requests a second say
little: both get the same rate ({rate:,} a second; 0: all that they can take), and that CPU per request stays says that the
threads do not get in each other's way."""


def run(options):
    need_two_cores()
    options.pipeline = 1
    runs = {1: [], 2: []}
    with Servers() as servers:
        turns = {}
        for threads in runs:
            kck = servers.add(start_kck(options, servers.subfolder("kck"), hit.FILES, core=None, threads=threads))
            turns[threads] = peers.Http(kck, hit.path_of_size(kck.port, options.size), core=None, rate=options.rate)
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            for threads, peer in turns.items():
                runs[threads].append(hit.measure(options, peer))
    one = medians(runs[1])
    rows = []
    for threads, figures in ((threads, medians(found)) for threads, found in runs.items()):
        cpu = figures["cpu_us_per_request"]
        rows.append([f"{threads} network thread{'s' * (threads > 1)}", f"{figures['requests_per_second']:,.0f}",
                     f"{figures['requests_per_second'] / one['requests_per_second']:.2f}×", f"{cpu:.2f} µs",
                     f"{cpu / one['cpu_us_per_request']:.2f}×"])
    about = ABOUT.format(size=options.size, connections=options.connections, cores=os.cpu_count(),
                         rate=options.rate)
    return Report("cores", "A second core", about, ["", "requests/s", "of one", "CPU/request", "of one"], rows,
                  {str(threads): found for threads, found in runs.items()})


def add_options(parser):
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=int, default=60000, help="requests a second; 0: as fast as they are answered")
    parser.add_argument("--size", type=int, default=256, help="bytes of the answer's body")

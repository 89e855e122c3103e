"""How long a hit takes with and without thousands of idle connections and a hundred slow ones."""

import itertools
import os
import resource
import socket
import threading
import time

import hit
from common import LATENCY_COLUMNS, LOAD_CORE, Failed, Servers, latency_rows, load, need_two_cores, progress, start_kck
from report import Report

ABOUT = """Hits over 16 connections, alone and beside {idle:,} connections that ask for nothing and {slow} that send ten
bytes of a request a second."""


class Crowd:
    """Connections that ask for nothing, and slow ones that send a byte of a request now and then."""

    def __init__(self, port, idle, slow):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < idle + slow + 100:
            raise Failed(f"the limit of open files is {hard}: ask for fewer connections with --idle")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.sched_setaffinity(0, {LOAD_CORE})
        self._connections = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(idle + slow)]
        self._slow = self._connections[idle:]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._trickle)
        self._thread.start()

    def _trickle(self):
        request = itertools.cycle(b"GET /healthz HTTP/1.1\r\nHost: slow\r\n\r\n")
        while not self._stopping.wait(0.1):
            byte = bytes([next(request)])
            for connection in self._slow:
                connection.send(byte)

    def close(self):
        self._stopping.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()


def run(options):
    need_two_cores()
    runs = {"alone": [], "in the crowd": []}
    with Servers() as servers:
        kck = servers.add(start_kck(options, servers.subfolder("kck"), hit.FILES))
        path = hit.path_of_size(kck.port, 256)
        for number in range(options.runs):
            progress(f"run {number + 1} of {options.runs}")
            runs["alone"].append(load(options, kck.port, path, options.seconds, connections=16))
            crowd = Crowd(kck.port, options.idle, options.slow)
            try:
                runs["in the crowd"].append(load(options, kck.port, path, options.seconds, connections=16))
            finally:
                crowd.close()
            time.sleep(1)  # the server's turn to close its ends
    return Report("idle", "A hit beside a crowd", ABOUT.format(idle=options.idle, slow=options.slow),
                  LATENCY_COLUMNS, latency_rows(runs), runs)


def add_options(parser):
    parser.add_argument("--idle", type=int, default=10000, help="connections that ask for nothing")
    parser.add_argument("--slow", type=int, default=100, help="connections that send ten bytes a second")

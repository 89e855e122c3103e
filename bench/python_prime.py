"""How long misses of a product in Python take, and hits, one after another over one connection; for `bench/run python`.

It prints a line of JSON: the medians of a miss, of a hit, and of the function called here, in microseconds.
"""

import argparse
import json
import pathlib
import socket
import statistics
import sys
import time

FUNCTION = '''
def row(id):
    return {"id": id, "name": f"item {id}", "price": id / 4, "tags": ["a", "b", "c"]}
'''
PRODUCT = f"""import kck
{FUNCTION}
primed = kck.product(name="primed", parameters=[{{"name": "id", "type": "int"}}])(row)
"""
KEYS = 3000
WARM_KEYS = 300


class Connection:
    """To one server; an answer is read whole."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fetch_us(self, key):
        request = f"GET /fetch/{key} HTTP/1.1\r\nHost: kck\r\n\r\n".encode()
        began = time.perf_counter_ns()
        self._socket.sendall(request)
        answer = self._socket.recv(65536)
        while not answer.endswith(b"}"):
            answer += self._socket.recv(65536)
        took = (time.perf_counter_ns() - began) / 1000
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return took


def bare_us():
    """The function's own time, with the making of its JSON: what any cache would have to pay."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
    from kck.values import encode

    names = {}
    exec(FUNCTION, names)
    times = []
    for id in range(KEYS):
        began = time.perf_counter_ns()
        encode(names["row"](id))
        times.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("first", type=int, help="of the keys that nobody has asked for yet")
    options = parser.parse_args()
    connection = Connection(options.port)
    keys = [f"primed/{options.first + i}" for i in range(KEYS + WARM_KEYS)]
    misses = [connection.fetch_us(key) for key in keys][WARM_KEYS:]
    hits = [connection.fetch_us(key) for key in keys][WARM_KEYS:]
    print(json.dumps({"miss_us": statistics.median(misses), "hit_us": statistics.median(hits), "bare_us": bare_us()}))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Values that change while you watch: `make demo` in one terminal, this in another.

Every two seconds an airline gets another name, through the updater. Meanwhile `airlines` is read five times a second, as
any client would, without a token: the name that it has, and whether the answer calls itself fresh. Ctrl-C stops it and
takes the airline out again.
"""

import argparse
import http.client
import itertools
import json
import time
import urllib.parse

NAMES = ("Zeppelin Air", "Zeppelin Airways", "Zeppelin International", "Zeppelin")


class Node:
    def __init__(self, url: str):
        self._host = urllib.parse.urlsplit(url).netloc

    def call(self, method: str, path: str, body: dict | None = None) -> tuple[dict, dict]:
        """Headers and body of the answer."""
        connection = http.client.HTTPConnection(self._host, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return dict(answer.headers), json.loads(answer.read())
        finally:
            connection.close()


def show(node: Node, seconds: float):
    """Reads for so long, and prints what changes."""
    until = time.monotonic() + seconds
    last = None
    while time.monotonic() < until:
        headers, body = node.call("GET", "/fetch/airlines")
        name = next((row["name"] for row in body["value"] if row["carrier"] == "ZZ"), "(not there)")
        seen = (name, headers["KCK-State"])
        if seen != last:
            print(f"  {time.strftime('%H:%M:%S')}  reads {name!r}, {headers['KCK-State']}, {headers['KCK-Age']} s old")
        last = seen
        time.sleep(0.2)


def run(node: Node, times: int | None):
    node.call("DELETE", "/update/airline/ZZ")  # what a run that was killed may have left
    node.call("POST", "/create/airline", {"carrier": "ZZ", "name": NAMES[-1]})
    try:
        for name in itertools.islice(itertools.cycle(NAMES), times):
            _, body = node.call("PUT", "/update/airline/ZZ", {"name": name})
            print(f"{time.strftime('%H:%M:%S')}  writes {name!r}: {'done' if body['success'] else body['error']}")
            show(node, 2)
    except KeyboardInterrupt:
        print()
    finally:
        node.call("DELETE", "/update/airline/ZZ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8001")
    parser.add_argument("--times", type=int, help="stop after so many names")
    options = parser.parse_args()
    run(Node(options.url), options.times)


if __name__ == "__main__":
    main()

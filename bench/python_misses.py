"""Misses of one decorated function by threads of one process, all at once. `bench/run python` runs eight of these beside
each other.

It prints `ready`, and once a line has come in, a line of JSON: how often the function ran here, and the milliseconds from
then to the last answer.
"""

import argparse
import json
import sys
import threading
import time

import kck


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("number", type=int, help="the key's parameter, of which nothing is there yet")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--compute-ms", type=float, required=True)
    options = parser.parse_args()
    kck.connect(f"http://127.0.0.1:{options.port}")
    runs, took, go = [], [], threading.Event()

    @kck.product(name="missed")
    def missed(number: int):
        runs.append(number)
        time.sleep(options.compute_ms / 1000)
        return {"number": number}

    def call():
        go.wait()
        assert missed(options.number) == {"number": options.number}
        took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=call) for _ in range(options.threads)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    go.set()
    for thread in threads:
        thread.join()
    assert len(took) == options.threads
    print(json.dumps({"runs": len(runs), "last_ms": max(took) * 1000}))


if __name__ == "__main__":
    main()

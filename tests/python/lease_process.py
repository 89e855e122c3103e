"""An application's process, driven by a test: reads a command a line, as JSON, and answers each with a line. A function
`value` is computed as the test says: each run is noted in a file, and it waits until a file named `go` is there."""

import json
import logging
import os
import pathlib
import sys
import threading
import time

import kck

folder = pathlib.Path(sys.argv[1])
options = json.loads(sys.argv[2])
logging.basicConfig(stream=sys.stderr)


@kck.product(name="value", **options)
def value(number: int):
    with open(folder / "runs", "a") as runs:
        runs.write(f"{os.getpid()}\n")
    while not (folder / "go").exists():
        time.sleep(0.005)
    if (folder / "fails").exists():
        raise RuntimeError("scripted")
    return {"number": number, "by": os.getpid()}


def call(number):
    try:
        return value(number)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def answer(**answers):
    print(json.dumps(answers), flush=True)


def many(threads, number):
    found = []
    each = [threading.Thread(target=lambda: found.append(call(number))) for _ in range(threads)]
    for one in each:
        one.start()
    for one in each:
        one.join()
    answer(values=found)


kck.connect()
answer(pid=os.getpid())
for line in sys.stdin:
    threads, number = json.loads(line)
    many(threads, number)

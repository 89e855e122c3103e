"""Hits one after another by a Python client: of KCK, or redis-py. `bench/run python` runs it, with a Python that has
both.

It prints a line of JSON: the requests, the seconds, and the CPU seconds of this process.
"""

import argparse
import asyncio
import json
import time

CALLS_A_LOOK = 200  # at the clock


def redis_get(port, key, parser):
    import redis

    options = {"parser_class": parser} if parser else {}
    client = redis.Redis(connection_pool=redis.ConnectionPool(port=port, **options))
    return lambda: client.get(key)


def python_parser():
    """What redis-py reads with where hiredis is not installed."""
    from redis._parsers import _RESP2Parser

    return _RESP2Parser


def kck_get(port, key):
    import kck

    client = kck.Client(f"http://127.0.0.1:{port}")
    return lambda: client.get(key)


def kck_decorated(port, key):
    import kck

    kck.connect(f"http://127.0.0.1:{port}")
    name, size = key.split("/")

    @kck.product(name=name)
    def hit(size: int):
        raise AssertionError("the server has it")

    return lambda: hit(int(size))


def reads_json(get):
    return lambda: json.loads(get())


CLIENTS = {
    "kck": kck_get,
    "kck-decorated": kck_decorated,
    "redis": lambda port, key: redis_get(port, key, python_parser()),
    "redis-json": lambda port, key: reads_json(redis_get(port, key, python_parser())),
    "hiredis": lambda port, key: redis_get(port, key, None),
    "hiredis-json": lambda port, key: reads_json(redis_get(port, key, None)),
}


def measure(get, seconds):
    requests, began, cpu = 0, time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - began) < seconds:
        for _ in range(CALLS_A_LOOK):
            get()
        requests += CALLS_A_LOOK
    return {"requests": requests, "seconds": elapsed, "cpu_seconds": time.process_time() - cpu}


async def measure_async(port, key, seconds):
    import kck

    async with kck.AsyncClient(f"http://127.0.0.1:{port}") as client:
        await client.get(key)
        requests, began, cpu = 0, time.perf_counter(), time.process_time()
        while (elapsed := time.perf_counter() - began) < seconds:
            for _ in range(CALLS_A_LOOK):
                await client.get(key)
            requests += CALLS_A_LOOK
        return {"requests": requests, "seconds": elapsed, "cpu_seconds": time.process_time() - cpu}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=[*CLIENTS, "kck-async"])
    parser.add_argument("port", type=int)
    parser.add_argument("key")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    if options.client == "kck-async":
        found = asyncio.run(measure_async(options.port, options.key, options.seconds))
    else:
        get = CLIENTS[options.client](options.port, options.key)
        assert get() is not None
        measure(get, 0.3)
        found = measure(get, options.seconds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

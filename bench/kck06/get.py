"""get.py KEY SECONDS: gets a key from the cache of kck 0.6.3, in this process and without HTTP, for so long, after a
second that does not count. Prints how often, and the CPU that it took.
"""

import json
import logging
import sys
import time

from kck.lib.kck_cache import KCKCache

key, seconds = sys.argv[1], float(sys.argv[2])
logging.getLogger().setLevel(logging.ERROR)
cache = KCKCache.get_instance()


def run(seconds):
    """How many gets that was."""
    until, gets = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        cache.get(key)
        gets += 1
    return gets


run(1)
began, cpu_before = time.monotonic(), time.process_time()
gets = run(seconds)
print(json.dumps({"requests": gets, "seconds": time.monotonic() - began,
                  "cpu_seconds": time.process_time() - cpu_before}))

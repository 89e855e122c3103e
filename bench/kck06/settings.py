"""What kck 0.6.3 reads (SIMPLE_SETTINGS=settings): one node of Cassandra, no products, nobody to log in."""

import os

from cassandra.connection import DefaultEndPoint

KCK = {
    "environment": "benchmark",
    "use_auth": False,
    "prime_on_cache_miss": False,
    "cassandra": {
        # It has no setting for a port, but hands these to the driver as they are.
        "hosts": [DefaultEndPoint("127.0.0.1", int(os.environ["KCK06_CASSANDRA_PORT"]))],
        "keyspace": "kck06",
        "tables": {
            "primary_cache": "primary_cache",
            "secondary_cache": "secondary_cache",
            "queued_updates": "queued_updates",
            "queued_refreshes": "queued_refreshes",
            "queued_refreshes_counter": "queued_refreshes_counter",
        },
    },
    "primers_dirpath": os.environ["KCK06_FOLDER"] + "/kprimers",
    "updaters_dirpath": os.environ["KCK06_FOLDER"] + "/kupdaters",
}

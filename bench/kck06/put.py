"""put.py KEY JSON: makes the tables of kck 0.6.3 where they are absent, and puts a value into its cache."""

import json
import sys

from kck.lib.kck_cache import KCKCache

KCKCache.get_instance().set(sys.argv[1], json.loads(sys.argv[2]))

"""What a REST service says of the weather, kept for as long as it may be."""

import json
import os
import urllib.error
import urllib.request

import kck

SERVICE = os.environ["WEATHER_URL"]


def ask(path: str):
    try:
        with urllib.request.urlopen(SERVICE + path, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise kck.NoValue from None
        raise


@kck.product(expire="1h", stale="1m", timeout="10s", empty={"as": "error", "cache_seconds": 60})
def weather(city: str):
    """The weather of a city. Older than a minute, it is served and asked for again behind; while the service is away, for
    up to an hour."""
    return ask(f"/weather/{city}")


@kck.product(every="1h")
def cities():
    """The cities that the service knows."""
    return ask("/cities")


@kck.product
def warmest():
    """Computed again whenever the weather of one of the cities has changed."""
    found = kck.mget([kck.key("weather", city) for city in cities()])
    return max(found, key=lambda one: one["celsius"])

#!/usr/bin/python3
"""A product over a REST service, which this starts as well: fetched twice, then through a change and an outage.

examples/rest_source/demo.py [--kck PATH] runs it; it ends by itself, with 0 where every answer was right.
"""

import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "flights"))
sys.path.insert(0, str(FOLDER.parent))

from demo_run import await_value, demonstrate  # noqa: E402
from kck_server import Answer  # noqa: E402
from service import ANSWER_SECONDS, running  # noqa: E402


def show(server, service):
    connection = server.connect()
    first, second = (Answer(connection, "/fetch/weather/Oslo") for _ in range(2))
    print(f"weather/Oslo: {first.value['celsius']} °C in {first.seconds * 1000:.1f} ms from the service, "
          f"then {second.seconds * 1000:.2f} ms")
    assert first.value == second.value == {"city": "Oslo", "celsius": 4.5}
    assert first.seconds >= ANSWER_SECONDS and service.answers == 1
    absent = Answer(connection, "/fetch/weather/Atlantis")
    assert (absent.status, absent.body["error"]["name"]) == (404, "KCKKeyNotSetException")
    warmest = Answer(connection, "/fetch/warmest")
    print(f"warmest: {warmest.value['city']}")
    assert warmest.value["city"] == "Nairobi"

    print("Lisbon gets warmer, and weather/Lisbon is refreshed")
    service.celsius["Lisbon"] = 30.0
    assert Answer(connection, "/refresh/weather/Lisbon?wait=1", method="POST").value["celsius"] == 30.0
    await_value(connection, "warmest", lambda value: value["city"] == "Lisbon")
    print("warmest: Lisbon, which was read by it")


def outage(server):
    connection = server.connect()
    kept = Answer(connection, "/fetch/weather/Oslo")
    assert kept.status == 200 and kept.value["celsius"] == 4.5
    missing = Answer(connection, "/fetch/weather/Rome")
    assert missing.status == 502 and "urllib" not in str(missing.body)
    print(f"The service is away: weather/Oslo is served all the same, weather/Rome is {missing.body['error']['name']}")


def main():
    with running() as service:
        with demonstrate(FOLDER, __doc__, WEATHER_URL=service.url) as server:
            show(server, service)
            service.celsius.clear()
            service.answer = lambda path: 1 / 0
            outage(server)
    print("Every answer is right.")


if __name__ == "__main__":
    main()

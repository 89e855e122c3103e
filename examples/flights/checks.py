"""What is known of the data, held against what KCK answers; nothing here depends on which database lies behind it."""

import time

from kck_server import Answer, KckServer

FLIGHTS_OF_AIRLINES = {"UA": 58665, "B6": 54635, "EV": 54173, "DL": 48110, "AA": 32729, "MQ": 26397}


def wrong_answers(server: KckServer, answers: dict[str, tuple[Answer, Answer]]) -> list[str]:
    """One line for each answer that is not as it should be."""
    wrong = []

    def expect(what: str, actual, expected):
        if actual != expected:
            wrong.append(f"{what}: {actual!r}, not {expected!r}")

    for key, (first, second) in answers.items():
        expect(f"{key}: first status", first.status, 200)
        expect(f"{key}: second answer", (second.status, second.body), (first.status, first.body))
    if wrong:
        return wrong

    connection = server.connect()
    for carrier, flights in FLIGHTS_OF_AIRLINES.items():
        expect(f"airline/{carrier}: flights", Answer(connection, f"/fetch/airline/{carrier}").value["flights"], flights)
    check_values({key: first.value for key, (first, _) in answers.items()}, expect)

    etag = answers["busiest_airports"][0].etag
    unchanged = Answer(connection, "/fetch/busiest_airports", {"If-None-Match": etag})
    expect("busiest_airports with its ETag", (unchanged.status, unchanged.body), (304, None))
    absent = Answer(connection, "/fetch/airline/XX")
    expect("airline/XX", (absent.status, absent.body["error"]["name"]), (404, "KCKKeyNotSetException"))

    check_writes(connection, expect)
    check_refreshes(connection, expect)

    seconds = [sum(pair[i].seconds for pair in answers.values()) for i in (0, 1)]
    if seconds[1] >= seconds[0]:
        wrong.append(f"the second fetches took {seconds[1]:.4f} s, the first {seconds[0]:.4f} s")
    return wrong


def check_writes(connection, expect):
    """An airline comes, is renamed and goes; each time its writer's token shows it."""

    def write(method: str, path: str, body: dict | None = None) -> dict[str, str]:
        answer = Answer(connection, path, method=method, body=body)
        expect(f"{method} {path}", answer.status, 200)
        airlines = Answer(connection, "/fetch/airlines", {"KCK-After": answer.body.get("token", "")})
        expect(f"airlines after {method} {path}", airlines.status, 200)
        return {row["carrier"]: row["name"] for row in airlines.value or []}

    write("DELETE", "/update/airline/ZZ")  # what an earlier run that was ended may have left
    expect("airlines", len(Answer(connection, "/fetch/airlines").value), 16)
    added = write("POST", "/create/airline", {"carrier": "ZZ", "name": "Zeppelin Air"})
    expect("the airline that was added", (len(added), added.get("ZZ")), (17, "Zeppelin Air"))
    twice = Answer(connection, "/create/airline", method="POST", body={"carrier": "ZZ", "name": "Another"})
    expect("the airline added twice", (twice.status, twice.body["error"]["name"]), (400, "KCKBadRequest"))
    expect("the airline renamed", write("PUT", "/update/airline/ZZ", {"name": "Zeppelin"}).get("ZZ"), "Zeppelin")
    expect("the airline taken out", len(write("DELETE", "/update/airline/ZZ")), 16)


def check_refreshes(connection, expect):
    """What a write made due is computed without anyone asking for it; so is what follows from that."""

    def await_fresh(key: str) -> Answer:
        deadline = time.monotonic() + 30
        while True:
            answer = Answer(connection, f"/fetch/{key}")
            if answer.state == "fresh" or time.monotonic() > deadline:
                return answer
            time.sleep(0.05)

    Answer(connection, "/fetch/airline/HA")
    Answer(connection, "/update/airline/HA", method="PUT", body={"name": "Aloha"})
    expect("airline/HA after the write", await_fresh("airline/HA").value["name"], "Aloha")
    names = {row["carrier"]: row["name"] for row in await_fresh("airlines").value}
    expect("airlines after the write", names["HA"], "Aloha")
    expect("rank/HA", await_fresh("rank/HA").value, 15)
    Answer(connection, "/update/airline/HA", method="PUT", body={"name": "Hawaiian Airlines Inc."})
    ran = Answer(connection, "/processes/tidy_names/run?wait=1", method="POST")
    expect("the process tidy_names", (ran.status, ran.body["success"]), (200, True))


def check_values(values: dict, expect):
    route = values["route/JFK/LAX"]
    expect("route/JFK/LAX: flights", route["flights"], 11262)
    expect("route/JFK/LAX: airlines", len(route["airlines"]), 5)
    expect("route/JFK/LAX: first airline", route["airlines"][0]["flights"], 3217)

    day = values["flights_of_day/2013-07-04"]
    expect("flights_of_day/2013-07-04: rows", len(day), 737)
    expect("flights_of_day/2013-07-04: first", day[0], [500, 454, -6, 635, -5, "US", 1431, "N172US", "EWR", "CLT"])
    expect("flights_of_day/2013-07-04: not departed", sum(row[1] is None for row in day), 3)

    delays = values["delays/EV/7"]
    expect("delays/EV/7: days", [row["day"] for row in delays], list(range(1, 32)))
    expect("delays/EV/7: first", delays[0], {"day": 1, "flights": 148, "departed": 132, "mean_dep_delay": 75.1,
                                             "worst_dep_delay": 363})

    expect("rank/UA", values["rank/UA"], 1)

    history = values["plane_history/N258JB"]
    expect("plane_history/N258JB: rows", len(history), 427)
    expect("plane_history/N258JB: model", history[0]["model"], "ERJ 190-100 IGW")
    expect("plane_history/N258JB: first day", history[0]["flight_date"], "2013-01-14")

    weather = values["weather_delay/LGA"]
    expect("weather_delay/LGA: first", weather[0], {"weather": "fair", "flights": 91039, "mean_dep_delay": 8.8,
                                                    "cancelled_percent": 2.4})

    airports = values["busiest_airports"]
    expect("busiest_airports: rows", len(airports), 20)
    expect("busiest_airports: first", airports[0], {"faa": "ORD", "name": "Chicago Ohare Intl", "flights": 17283,
                                                    "airlines": 7})

    destinations = values["destinations/EWR"]
    expect("destinations/EWR: rows", len(destinations), 86)
    expect("destinations/EWR: first", destinations[0], ["EWR", "ALB"])

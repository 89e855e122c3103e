#!/usr/bin/python3
"""A report by pandas over PostgreSQL, made at set times: when the server starts, each morning, after an order.

examples/report/demo.py --python PYTHON [--kck PATH] runs it, with an interpreter that has pandas, psycopg and msgpack; it
ends by itself, with 0 where every answer was right.
"""

import pathlib
import sys

import psycopg

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "flights"))
sys.path.insert(0, str(FOLDER.parent))

from demo_run import await_value, demonstrate  # noqa: E402
from kck_server import Answer  # noqa: E402
from temporary_postgres import TemporaryPostgres  # noqa: E402

ORDERS = """
create table orders (day date not null, country text not null, amount numeric(10, 2) not null);
insert into orders values ('2026-01-05', 'NO', 120.50), ('2026-01-20', 'PT', 80), ('2026-02-03', 'PT', 200),
    ('2026-02-14', 'NO', 30.25), ('2026-02-15', 'NO', 9.75);
"""


def show(server):
    connection = server.connect()
    report = await_value(connection, "sales_by_month", lambda value: len(value) == 2)
    for row in report:
        print(row)
    assert report == [{"month": "2026-01", "NO": 120.5, "PT": 80.0}, {"month": "2026-02", "NO": 40.0, "PT": 200.0}]
    assert Answer(connection, "/fetch/top_country/2026-02").value == "PT"
    assert Answer(connection, "/fetch/top_country/2025-01").status == 404

    print("An order of 500 from NO in February")
    order = {"day": "2026-02-20", "country": "NO", "amount": 500}
    token = Answer(connection, "/create/orders", method="POST", body=order).body["token"]
    report = Answer(connection, "/fetch/sales_by_month", {"KCK-After": token}).value
    assert report[1] == {"month": "2026-02", "NO": 540.0, "PT": 200.0}, report
    await_value(connection, "top_country/2026-02", lambda value: value == "NO")
    print("top_country/2026-02: NO, which was read from the report")


def main():
    with TemporaryPostgres() as postgres:
        with psycopg.connect(postgres.url) as connection:
            connection.execute(ORDERS)
        with demonstrate(FOLDER, __doc__, SHOP_URL=postgres.url) as server:
            show(server)
    print("Every answer is right.")


if __name__ == "__main__":
    main()

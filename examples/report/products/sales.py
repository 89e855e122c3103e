"""Reports over the shop's orders, made by pandas at set times."""

import os

import pandas
import psycopg

import kck

URL = os.environ["SHOP_URL"]


def orders() -> pandas.DataFrame:
    with psycopg.connect(URL) as connection:
        cursor = connection.execute("select day, country, amount from orders")
        return pandas.DataFrame(cursor.fetchall(), columns=["day", "country", "amount"])


@kck.product(cron="0 6 * * *", timezone="Europe/Berlin", on_boot=True, after_updates="orders", database="shop")
def sales_by_month():
    """What was sold in each month, by country. Made when the server starts, at six each morning, and after an order."""
    found = orders()
    found["month"] = pandas.to_datetime(found["day"]).dt.strftime("%Y-%m")
    found["amount"] = found["amount"].astype(float)
    table = found.pivot_table(index="month", columns="country", values="amount", aggfunc="sum", fill_value=0)
    return table.reset_index()


@kck.product(every="10m", database="shop")
def top_country(month: str):
    """The country that bought most in a month."""
    rows = {row["month"]: row for row in kck.get("sales_by_month")}
    if month not in rows:
        raise kck.NoValue
    sold = {country: amount for country, amount in rows[month].items() if country != "month"}
    return max(sold, key=lambda country: sold[country])

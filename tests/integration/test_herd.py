"""A thousand clients that ask one cold key at once."""

import asyncio

from support.files import kck_yml, product

CLIENTS = 1000


async def ask(port, path, go, connected):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connected.release()
    await go.wait()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: kck\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, body = answer.split(b"\r\n\r\n", 1)
    return head.split(b"\r\n", 1)[0], body


async def ask_together(port, path):
    """All connect first, and then ask in one moment."""
    go, connected = asyncio.Event(), asyncio.Semaphore(0)
    clients = [asyncio.create_task(ask(port, path, go, connected)) for _ in range(CLIENTS)]
    for _ in range(CLIENTS):
        await connected.acquire()
    go.set()
    return await asyncio.wait_for(asyncio.gather(*clients), 60)


def test_one_query_and_equal_answers(make_node, database):
    sql = "select :id::int as id, clock_timestamp()::text as t, 'herd_marker' as m from pg_sleep(0.2)"
    node = make_node({"kck.yml": kck_yml(database.url), "products/slow.yml": product(sql, "id: int")}).start()
    for key in ["slow/1", "slow/2"]:
        before = database.executions("herd_marker")
        answers = asyncio.run(ask_together(node.port, f"/fetch/{key}"))
        assert database.executions("herd_marker") == before + 1
        assert len(answers) == CLIENTS and len(set(answers)) == 1, set(answers)
        status, body = answers[0]
        assert status == b"HTTP/1.1 200 OK" and b"herd_marker" in body


def test_a_failing_query_releases_all_at_once(make_node, database):
    sql = "select 1 / (:id::int - length(pg_sleep(0.2)::text)) as q, 'herd_marker'"
    node = make_node({"kck.yml": kck_yml(database.url), "products/slow.yml": product(sql, "id: int")}).start()
    before = database.executions("herd_marker")
    answers = asyncio.run(ask_together(node.port, "/fetch/slow/0"))
    assert database.executions("herd_marker") == before + 1
    assert len(set(answers)) == 1 and b"502" in answers[0][0]

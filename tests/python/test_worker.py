"""A worker process, driven over its socket: what it computes, and what no product can do to it."""

import json
import signal
import struct
import time

import pytest
from worker_server import PATIENCE_SECONDS, Worker

PRODUCTS = """
import asyncio, os, sys, threading, time
from datetime import date, datetime, timezone
from uuid import UUID
import kck

@kck.product
def item(id: int, name: str, price: float, day: date, at: datetime, token: UUID, on: bool, note: str | None):
    return [repr(id), repr(name), repr(price), repr(day), repr(at), repr(token), repr(on), repr(note)]

@kck.product
def hinted(id: int, hints):
    return hints

@kck.product(many=True, parameters=[{"name": "id", "type": "int"}])
def lots(ids):
    return {id: kck.KCKBadRequest("no threes") if id == 3 else object if id == 4 else id * 2 for id in ids if id != 2}

@kck.product(many=True, keys=["a", "b"])
def pairs(keys, hints):
    return [f"{key.a}-{key.b}-{of_key}" for key, of_key in zip(keys, hints)]

@kck.product(many=True, keys=["a"])
def too_few(keys):
    return []

@kck.product
def nothing():
    raise kck.NoValue

@kck.product
def refused(name: str):
    raise kck.KCKBadRequest(f"{name} is no name")

@kck.product
def unwritable():
    return {"a": [object()]}

@kck.product
def failing():
    return inner()

def inner():
    raise ValueError("so it is")

@kck.product
def leaving(code: int):
    sys.exit(code)

@kck.product
def interrupted():
    raise KeyboardInterrupt

@kck.product
def deep():
    return deep.function()

@kck.product
def printing():
    print("out", flush=True)
    sys.stderr.write("err\\n")
    return 1

@kck.product
def forking(how: str):
    child = os.fork()
    if child == 0:
        if how == "raise":
            raise ValueError("in the child")
        if how == "exit":
            sys.exit(7)
        if how == "ask":
            try:
                kck.get("greeting")
            except kck.KCKConnectionError:
                os._exit(9)
        return "child"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

@kck.product
def multiprocessing_sum():
    from multiprocessing import get_context
    with get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2])

@kck.product
def leaving_a_thread():
    threading.Thread(target=threading.Event().wait).start()
    return threading.active_count()

@kck.product
def hanging():
    threading.Event().wait()

@kck.product
def busy(file: str):
    open(file, "w").close()
    while True:
        pass

@kck.product
def huge(size: int):
    return "x" * size

@kck.product
def leaking():
    held = []
    while True:
        held.append(bytearray(1 << 20))

@kck.product
def reading(id: int):
    return [kck.get("price", id), kck.get("missing", default=None), *kck.mget(["a/1", "a/2"])]

@kck.product
def calling(id: int):
    return item(id=id, name="a", price=1.5, day=date(2013, 1, 31), at=datetime(2013, 1, 31, tzinfo=timezone.utc),
                token=UUID(int=5), on=True)

@kck.product
def reading_in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(kck.get("price", 1)))
    thread.start()
    thread.join()
    return found

@kck.product
def asking():
    kck.set("note", {"a": 1})
    kck.refresh("price", 7, hint={"of": 1})
    kck.purge("price/*")
    written = kck.update("item", {"name": "pen"}, 7)
    return [written.rows, written.token]

@kck.product
async def gathering(id: int):
    return await asyncio.gather(kck.aget("price", id), other(id))

@kck.product
async def other(id: int):
    return id

waiting = {}

@kck.product
async def awaiting(id: int):
    waiting[id] = asyncio.Event()
    if id == 0:
        for one in waiting.values():
            one.set()
    await waiting[id].wait()
    return id

@kck.product
async def blocking():
    return kck.get("price", 1)

@kck.product
async def async_exit(id: int):
    async def leave():
        sys.exit(3)
    await (leave() if id == 1 else asyncio.create_task(leave()))

@kck.product
async def async_fork(how: str):
    child = os.fork()
    if child == 0:
        if how == "await":
            await asyncio.sleep(0)
        return "child"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    worker = Worker(tmp_path_factory.mktemp("shared"), {"products/all.py": PRODUCTS})
    yield worker
    worker.destroy()


@pytest.fixture
def worker(shared):
    """One for many tests: each begins with nothing to be read of those before."""
    assert shared.process.poll() is None, shared.log
    assert shared.is_silent()
    return shared


@pytest.fixture
def make(tmp_path):
    made = []

    def make(files=None, **options):
        files = {"products/all.py": PRODUCTS} if files is None else files
        made.append(Worker(tmp_path / str(len(made)), files, **options))
        return made[-1]

    yield make
    for one in made:
        one.destroy()


def until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_parameters_are_pythons(worker):
    token = "123e4567-e89b-12d3-a456-426614174000"
    said = worker.value("item", "7", "a/b", "1.5", "2013-01-31", "2013-01-31T05:00:00.25Z", token, "true", None)
    assert said == [
        "7",
        "'a/b'",
        "1.5",
        "datetime.date(2013, 1, 31)",
        "datetime.datetime(2013, 1, 31, 5, 0, 0, 250000, tzinfo=datetime.timezone.utc)",
        f"UUID('{token}')",
        "True",
        "None",
    ]
    assert worker.value("item", "7", "a", "1", "2013-01-31", "2013-01-31T05:00:00", token, "false", "x")[4:] == [
        "datetime.datetime(2013, 1, 31, 5, 0)",
        f"UUID('{token}')",
        "False",
        "'x'",
    ]


def test_hints_are_an_argument(worker):
    (item,) = worker.prime("hinted", ["7"], hints=[['{"primed":"a","value":1}', "{}"]])
    assert json.loads(item["value"]) == [{"primed": "a", "value": 1}, {}]
    assert worker.value("hinted", "7") == []


def test_many_keys_in_one_call(worker):
    one, none, refused, unwritable = worker.prime("lots", ["1"], ["2"], ["3"], ["4"])
    assert one == {"value": b"2", "reads": []} and none == {"empty": True, "reads": []}
    assert refused["error"]["code"] == "KCKBadRequest" and refused["error"]["public"] == "no threes"
    assert unwritable["error"]["name"] == "KCKValueError"
    items = worker.prime("pairs", ["a", "b"], ["c", "d"], hints=[[], ["{}"]])
    assert [json.loads(item["value"]) for item in items] == ["a-b-[]", "c-d-[{}]"]
    assert "0 values for 2 keys" in worker.prime("too_few", ["1"], ["2"])[1]["error"]["message"]


def test_no_value_is_no_error(worker):
    assert worker.prime("nothing") == [{"empty": True, "reads": []}]


def test_an_error_has_its_traceback_of_the_users_code(worker):
    error = worker.error("failing")
    assert error["name"] == "ValueError" and error["message"] == "so it is" and "public" not in error
    lines = error["traceback"].splitlines()
    assert lines[1].endswith("in failing") and "in inner" in error["traceback"] and "worker/" not in error["traceback"]


def test_a_message_for_the_caller_is_marked(worker):
    error = worker.error("refused", "x")
    assert (error["public"], error["code"]) == ("x is no name", "KCKBadRequest")


def test_a_value_without_json_is_an_error_with_its_place(worker):
    assert worker.error("unwritable")["message"].startswith('value["a"][0]: a object')


@pytest.mark.parametrize(
    ("name", "params", "error"),
    [
        ("leaving", ["3"], "SystemExit"),
        ("interrupted", [], "KeyboardInterrupt"),
        ("deep", [], "RecursionError"),
        ("async_exit", ["1"], "SystemExit"),
        ("async_exit", ["2"], "SystemExit"),
    ],
)
def test_a_call_that_would_end_python_fails_alone(worker, name, params, error):
    assert worker.error(name, *params)["name"] == error
    assert worker.value("huge", "1") == "x"
    assert worker.value("other", "7") == 7


def test_prints_are_lines_of_the_log(worker):
    assert worker.value("printing") == 1
    until(lambda: {"out", "err"} <= set(worker.log))


@pytest.mark.parametrize(("how", "status"), [("return", 0), ("raise", 1), ("exit", 7), ("ask", 9)])
def test_a_child_answers_nothing(worker, how, status):
    assert worker.value("forking", how) == status
    assert worker.value("huge", "1") == "x"  # the next message is of the next call
    assert worker.is_silent()


@pytest.mark.parametrize("how", ["return", "await"])
def test_the_child_of_an_async_function_answers_nothing(worker, how):
    assert worker.value("async_fork", how) == 0
    assert worker.value("other", "7") == 7
    assert worker.is_silent()


def test_a_pool_of_processes_works(worker):
    assert worker.value("multiprocessing_sum") == [1, 2]


def test_what_a_product_reads_is_recorded(worker):
    id = worker.begin_prime("reading", ["7"])
    first = worker.read("ask")
    assert (first["call"], first["op"], first["key"]) == (id, "get", "price/7")
    worker.reply(first, 1.5, "1.2.3")
    missing = worker.read("ask")
    worker.reply(missing, error={"name": "KCKKeyNotSetException", "message": "none"})
    one, two = worker.read("ask"), worker.read("ask")
    worker.reply(two, 2, "2.0.0")  # in any order
    worker.reply(one, 1, "1.0.0")
    (item,) = worker.result(id)
    assert json.loads(item["value"]) == [1.5, None, 1, 2]
    assert item["reads"] == [["price/7", "1.2.3"], ["a/1", "1.0.0"], ["a/2", "2.0.0"]]


def test_a_product_calls_another_by_its_function(worker):
    id = worker.begin_prime("calling", ["7"])
    ask = worker.read("ask")
    assert ask["key"] == (
        "item/7/a/1.5/2013-01-31/2013-01-31T00:00:00+00:00/00000000-0000-0000-0000-000000000005/true/%00"
    )
    worker.reply(ask, [1])
    assert worker.result(id)[0]["reads"] == [[ask["key"], "1.1.1"]]


def test_an_error_of_the_server_is_raised_and_not_the_callers(worker):
    id = worker.begin_prime("calling", ["7"])
    worker.reply(worker.read("ask"), error={"name": "KCKBadKey", "message": "no such day"})
    error = worker.result(id)[0]["error"]
    assert error["name"] == "KCKBadKey" and error["message"] == "no such day" and "public" not in error


def test_a_thread_reads_for_the_call_that_started_it(worker):
    id = worker.begin_prime("reading_in_a_thread")
    ask = worker.read("ask")
    assert ask["call"] == id
    worker.reply(ask, 5)
    (item,) = worker.result(id)
    assert json.loads(item["value"]) == [5] and item["reads"] == [["price/1", "1.1.1"]]


def test_other_calls_of_the_server(worker):
    id = worker.begin_prime("asking")
    seen = []
    for _ in range(4):
        ask = worker.read("ask")
        seen.append({name: ask[name] for name in ask if name not in ("type", "id", "call")})
        worker.reply(ask, {"action": "update", "rows": 1, "returning": [], "token": "t"})
    assert seen == [
        {"op": "set", "key": "note", "value": b'{"a":1}'},
        {"op": "refresh", "key": "price/7", "hint": b'{"of":1}'},
        {"op": "purge", "key": "price/*"},
        {"op": "update", "action": "update", "key": "item/7", "fields": b'{"name":"pen"}'},
    ]
    assert json.loads(worker.result(id)[0]["value"]) == [1, "t"]


def test_async_calls_are_at_work_at_once(worker):
    ids = [worker.begin_prime("awaiting", [str(number)]) for number in (1, 2, 3)]
    assert worker.value("huge", "1") == "x"  # a sync one meanwhile
    last = worker.begin_prime("awaiting", ["0"])
    results = [worker.read("result") for _ in range(4)]
    assert {result["id"]: json.loads(result["results"][0]["value"]) for result in results} == dict(
        zip([*ids, last], [1, 2, 3, 0], strict=True)
    )


def test_an_async_function_reads_without_waiting_for_others(worker):
    id = worker.begin_prime("gathering", ["7"])
    asks = {ask["key"]: ask for ask in (worker.read("ask"), worker.read("ask"))}
    worker.reply(asks["price/7"], 1)
    worker.reply(asks["other/7"], 2)
    (item,) = worker.result(id)
    assert json.loads(item["value"]) == [1, 2]
    assert sorted(item["reads"]) == [["other/7", "1.1.1"], ["price/7", "1.1.1"]]


def test_a_read_that_waits_is_refused_to_async_functions(worker):
    assert "await kck.aget" in worker.error("blocking")["message"]


def test_cancel_ends_an_async_call(worker):
    id = worker.begin_prime("awaiting", ["9"])
    worker.send({"type": "cancel", "id": id})
    assert worker.result(id)[0]["error"]["name"] == "CancelledError"
    worker.send({"type": "cancel", "id": id})  # of one that has ended
    assert worker.value("other", "7") == 7


def test_figures_of_a_call(worker):
    worker.begin_prime("huge", ["1000"])
    result = worker.read("result")
    assert result["resident_bytes"] > 1 << 20 and result["time_us"] >= 0 and result["cpu_us"] >= 0


def test_an_unknown_name_is_an_error_of_the_call(worker):
    assert "no prime of the name nobody" in worker.error("nobody")["message"]


def test_a_result_that_no_frame_holds_is_an_error_of_that_call(make):
    worker = make(message_bytes_max=100_000)
    assert "too large" in worker.error("huge", "200000")["message"]
    assert len(worker.value("huge", "90000")) == 90000
    many = make(
        {"products/a.py": "import kck\n@kck.product(many=True, keys=['n'])\ndef a(ns): return ['x' * 40000] * len(ns)"},
        message_bytes_max=100_000,
    )
    one, two, three = many.prime("a", ["1"], ["2"], ["3"])
    assert "value" in one and "value" in two and "too large" in three["error"]["message"]


def test_a_leak_is_an_error_of_its_call_and_then_the_workers_end(make):
    worker = make(memory_bytes=256 << 20)
    assert worker.error("leaking")["name"] == "MemoryError"
    assert worker.read()["type"] == "end"
    assert worker.value("huge", "1000") == "x" * 1000
    assert worker.stop() == 0


def test_stop_finishes_what_runs(make):
    worker = make()
    ids = [worker.begin_prime("awaiting", ["1"]), worker.begin_prime("reading_in_a_thread")]
    ask = worker.read("ask")
    id = worker.begin_prime("awaiting", ["0"])
    worker.send({"type": "stop"})
    worker.reply(ask, 1)
    assert {worker.read("result")["id"] for _ in range(3)} == {*ids, id}
    assert worker.ended() == 0


def test_stop_does_not_wait_for_a_thread_left_behind(make):
    worker = make()
    worker.value("leaving_a_thread")
    assert worker.value("leaving_a_thread") >= 3
    assert worker.stop() == 0


@pytest.mark.parametrize("name", ["hanging", "awaiting"])
def test_a_closed_socket_ends_it_at_once(make, name):
    worker = make()
    worker.begin_prime(name, *([] if name == "hanging" else [["1"]]))
    worker.connection.close()
    assert worker.ended() == 0


def test_a_closed_socket_ends_a_busy_one(make, tmp_path):
    worker = make()
    worker.begin_prime("busy", [str(tmp_path / "begun")])
    until((tmp_path / "begun").exists)
    worker.connection.close()
    assert worker.ended() == 0


def test_a_closed_socket_ends_an_import_that_hangs(make, tmp_path):
    begun = tmp_path / "begun"
    text = f"import threading\nopen({str(begun)!r}, 'w').close()\nthreading.Event().wait()\n"
    worker = make({"products/a.py": text}, start=False)
    worker.send(worker.start_message())
    until(begun.exists)
    worker.connection.close()
    assert worker.ended() == 0


def test_it_ends_with_its_server_though_its_socket_is_open(make):
    worker = make({"products/a.py": ""}, under=True)
    worker.process.kill()  # the one that started it
    with pytest.raises(EOFError):
        worker.read()


def test_ctrl_c_in_the_servers_terminal_is_the_servers(make):
    worker = make()
    worker.process.send_signal(signal.SIGINT)
    assert worker.value("huge", "1") == "x"
    assert worker.stop() == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", 3) + b"abc",
        struct.pack(">I", 1) + b"\xc1",
        struct.pack(">I", 0),
        struct.pack(">I", 1) + b"\x80",
        struct.pack(">I", 8) + b"\x81\xa4type\xa1x",
        struct.pack(">I", 11) + b"\x81\xa4type\xa4call",
        struct.pack(">I", 12) + b"\x81\xa4type\xa5reply",
    ],
)
def test_garbage_ends_it_with_a_line(make, data):
    worker = make({"products/a.py": ""})
    worker.connection.sendall(data)
    assert worker.ended() == 76
    assert worker.log[-1].startswith("kck worker: ")


def test_another_protocol_is_told(make):
    worker = make({"products/a.py": ""}, start=False)
    worker.send({**worker.start_message(), "protocol": 2})
    assert worker.ended() == 76
    assert "protocol 1" in worker.log[-1]


def test_without_msgpack_it_says_what_to_install(make):
    bare = ["-I", "-S"]  # no site-packages
    worker = make({"products/a.py": ""}, start=False, options=bare)
    assert worker.ended() == 78
    assert "pip install 'kck[worker]'" in worker.log[-1]

"""Decorated functions in several processes, against a real server: who computes, and what becomes of the others."""

import os
import signal
import threading
import time

from support.wait import wait_for

import kck
from kck import _runtime


def test_a_hundred_misses_in_eight_processes_run_it_once(application):
    processes = application.start(8)
    each = [13, 13, 13, 13, 12, 12, 12, 12]
    for process, threads in zip(processes, each, strict=True):
        process.ask(threads=threads)
    # Of each process one waits at the server, for all of its own.
    misses = 'kck_http_requests_total{call="fetch",status="4xx"}'
    wait_for(lambda: application.metric(misses) == 100, "all of them to miss", 60)
    application.await_waiting(7)
    application.go()
    found = [value for process in processes for value in process.values()]
    assert len(found) == 100
    assert len(application.runs()) == 1
    assert all(value == {"number": 1, "by": application.runs()[0]} for value in found)
    assert application.metric("kck_leases_granted_total") == 1


def test_a_killed_holder_is_followed_by_the_next(application):
    first, second = application.start(2)
    first.ask()
    wait_for(lambda: application.runs() == [first.pid], "the first to compute")
    second.ask()
    application.await_waiting(1)
    began = time.monotonic()
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: application.runs() == [first.pid, second.pid], "the next one to compute")
    print(f"the next one computes {(time.monotonic() - began) * 1000:.0f} ms after the kill")
    application.go()
    assert second.values() == [{"number": 1, "by": second.pid}]
    assert application.metric('kck_leases_ended_total{how="lost"}') == 1


def test_a_value_set_meanwhile_stays(application, client):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "it to compute")
    client.set("value/1", "by hand")
    application.go()
    process.values()
    assert client.get("value/1") == "by hand"


def test_a_stale_value_is_served_while_one_computes(application, client):
    processes = application.start(2, expire=3600, stale=0.05)
    application.go()
    processes[0].ask()
    old = processes[0].values()[0]
    wait_for(lambda: client.entry("value/1").state == "stale", "its soft life to end")
    (application.folder / "go").unlink()
    for process in processes:
        process.ask(threads=5)
        assert process.values() == [old] * 5
    wait_for(lambda: len(application.runs()) == 2, "one to compute behind")
    assert application.metric("kck_leases") == 1
    application.go()
    wait_for(lambda: client.get("value/1") != old or application.metric("kck_leases") == 0, "the new value")
    assert application.metric("kck_leases_granted_total") >= 2


def test_a_failure_is_its_callers_alone(application):
    first, second = application.start(2)
    (application.folder / "fails").touch()
    first.ask()
    wait_for(application.runs, "the first to compute")
    second.ask()
    application.await_waiting(1)
    application.go()
    assert first.values() == ["RuntimeError: scripted"]
    assert second.values() == ["RuntimeError: scripted"]
    assert application.runs() == [first.pid, second.pid]
    (application.folder / "fails").unlink()
    second.ask()
    assert second.values() == [{"number": 1, "by": second.pid}]


def test_a_restarted_server_is_used_again(application, node):
    process = application.start(1)[0]
    application.go()
    process.ask()
    assert process.values()[0]["number"] == 1
    node.stop()
    node.start()
    process.ask(2)
    assert process.values()[0]["number"] == 2
    process.ask(2)
    process.values()
    assert len(application.runs()) == 2


def test_who_waits_takes_no_connection_from_who_computes(application, node):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "the process to compute")
    made = kck.connect(node.url, pool_size=1)

    @kck.product
    def value(number: int):
        raise AssertionError("another one does this")

    @kck.product
    def own():
        return 5

    try:
        waits = [threading.Thread(target=value, args=[1]) for _ in range(3)]
        for one in waits:
            one.start()
        application.await_waiting(1)
        assert own() == 5
        application.go()
        for one in waits:
            one.join()
    finally:
        made.close()
        _runtime.set_current(None)


def test_a_server_that_is_killed_meanwhile_costs_the_keeping_alone(application, node):
    process = application.start(1)[0]
    process.ask()
    wait_for(application.runs, "it to compute")
    node.kill()
    application.go()
    assert process.values() == [{"number": 1, "by": process.pid}]
    process.ask()
    assert process.values() == [{"number": 1, "by": process.pid}], "without the server"
    node.start()

    def is_kept():
        process.ask()
        process.values()
        return node.get("/fetch/value/1").status_code == 200

    wait_for(is_kept, "the server to be used again", 60)

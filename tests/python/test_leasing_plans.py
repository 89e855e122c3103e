"""The plans of decorated functions, step by step, without a server."""

from asyncio import CancelledError

import pytest
from kck import KCKConnectionError, KCKUnknownKey, _leasing, product
from kck._calls import Call
from kck._json import loads
from kck._lease_calls import Granted
from kck._leasing import Compute, LeaseCall, Leasing, NewLease


class Clock:
    """Stands for the module time."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(_leasing, "time", made)
    return made


@pytest.fixture
def leasing(clock):
    return Leasing("http://nowhere", loads, 20.0, "compute", lambda lease: None)


@product
def value():
    return 1


def asks(leasing):
    """A reader that asks the server. None: it computes without it."""
    plan = leasing.read(value, ())
    step = next(plan)
    assert isinstance(step, Call | Compute)
    return plan if isinstance(step, Call) else None


def fail(plans):
    for plan in plans:
        assert isinstance(plan.throw(KCKConnectionError("away")), Compute)


def away_for(leasing, clock):
    """The seconds until the server is asked again."""
    began = clock.now
    while (plan := asks(leasing)) is None:
        clock.now += 0.25
    plan.close()
    return clock.now - began


def test_an_outage_that_several_calls_see_is_one(leasing, clock):
    fail([asks(leasing) for _ in range(6)])
    assert away_for(leasing, clock) == 0.5
    fail([asks(leasing) for _ in range(6)])
    assert away_for(leasing, clock) == 1


def test_an_outage_that_goes_on_is_asked_of_ever_less_often(leasing, clock):
    found = []
    for _ in range(7):
        fail([asks(leasing)])
        found.append(away_for(leasing, clock))
    assert found == [0.5, 1, 2, 4, 8, 10, 10]


def asks_for_a_lease(leasing):
    """A reader of a key that is not there."""
    plan = leasing.read(value, ())
    next(plan)
    plan.throw(KCKUnknownKey("value"))
    assert isinstance(plan.send(None), NewLease)
    assert plan.send("h-1").call.method == "POST"
    return plan


def computes(leasing):
    plan = asks_for_a_lease(leasing)
    assert isinstance(plan.send(Granted("h-1", None)), Compute)
    return plan


def publishes(leasing):
    plan = computes(leasing)
    assert plan.send(1).call.method == "PUT"
    return plan


def test_whatever_ends_a_put_the_lease_is_given_back(leasing):
    plan = publishes(leasing)
    step = plan.throw(CancelledError())
    assert isinstance(step, LeaseCall) and step.brief
    assert (step.call.method, step.call.target) == ("DELETE", "/lease/value")
    with pytest.raises(CancelledError):
        plan.send(None)


@pytest.mark.parametrize("begun", [asks_for_a_lease, computes, publishes])
def test_a_plan_that_is_closed_asks_for_nothing_more(leasing, begun):
    """A generator that is closed may not yield."""
    begun(leasing).close()
    assert begun(leasing), "another reader asks for the lease"

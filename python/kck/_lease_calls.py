"""The calls about keys that applications compute (docs/reference/http.md, leases). No sockets, no state; any thread."""

from __future__ import annotations

from typing import Any, NamedTuple

from kck._calls import Body, Call
from kck._http import Answer


class Found(NamedTuple):
    """What a key holds. `state`: as of `Entry`."""

    value: Any
    state: str


class Granted(NamedTuple):
    """The lease to compute a key. `stale`: what the key holds meanwhile."""

    lease: str
    stale: Found | None


def fetch(key: str) -> Call[Found]:
    return Call("GET", "/fetch/" + key, _found, safe=True, reads=True)


def become_holder() -> Call[str]:
    return Call("POST", "/lease", lambda body, _: str(body["holder"]), body=b"", idempotent=True)


def ask(key: str, lease: str, wait: float, hold: float) -> Call[Found | Granted]:
    """Waits for no longer than `wait` seconds; the lease is held for `hold` seconds at most."""
    target = f"/lease/{key}?wait_ms={round(wait * 1000)}&hold_ms={round(hold * 1000)}"
    return Call("POST", target, _found_or_granted, fields=_field(lease), body=b"", idempotent=True)


def publish(key: str, lease: str, body: bytes, expire: float | None, stale: float | None) -> Call[None]:
    lives = {"expire_seconds": expire, "stale_seconds": stale}
    query = "&".join([f"{name}={life:.3f}" for name, life in lives.items() if life is not None])
    return Call("PUT", f"/set/{key}?{query}", _nothing, fields=_field(lease), body=body)


def give_up(key: str, lease: str) -> Call[None]:
    return Call("DELETE", "/lease/" + key, _nothing, fields=_field(lease), idempotent=True)


def _field(lease: str) -> str:
    return f"KCK-Lease: {lease}\r\n"


def _found(body: Body, answer: Answer) -> Found:
    return Found(body["value"], answer.header("KCK-State") or "")


def _found_or_granted(body: Body, answer: Answer) -> Found | Granted:
    if "lease" not in body:
        return _found(body, answer)
    stale = body["stale"]
    return Granted(body["lease"], stale and Found(stale["value"], stale["state"]))


def _nothing(_body: Body, _answer: Answer) -> None:
    return None

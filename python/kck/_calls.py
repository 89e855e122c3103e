"""The calls of the HTTP API: what each sends, and what its answer becomes. No sockets, no state; any thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from kck._durations import Duration, seconds
from kck._http import Answer
from kck._json import dumps
from kck.errors import KCKError, KCKNotFound, error_of
from kck.keys import Parameter, key
from kck.values import encode

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Body = dict[str, Any]

KEYS_MAX = 1000  # of one mget


class _Missing:
    def __repr__(self) -> str:
        return "(none: KCKNotFound is raised)"


MISSING = _Missing()


@dataclass(frozen=True)
class Entry:
    """A value, and what is known of it. `state`: "fresh"; "stale": it may miss a change that the server knows of, or
    is past its soft life; "suspect": whether it is fresh cannot be known. `as_of`: when its source was read,
    `age_seconds` ago when the answer was made; `snapshot`: what was read there, of PostgreSQL. `modified`: since
    when the content is this."""

    key: str
    value: Any
    version: str
    modified: datetime
    state: str
    age_seconds: int
    as_of: datetime
    snapshot: str | None = None


@dataclass(frozen=True)
class Written:
    """What a write through an updater did. `action`: "insert", "update" or "delete"; `rows`: how many; `returning`:
    what its SQL returns; `token`: for `session(tokens=…)` of others who have to see it."""

    action: str
    rows: int
    returning: list[Any]
    token: str


@dataclass(frozen=True)
class Login:
    """`refresh_token`: None where the server gives none."""

    auth_token: str
    refresh_token: str | None
    expires_in_seconds: int


class Items(list[T]):
    """What an mget read. An error may stand for an item, and is not raised."""


class Call(Generic[T_co]):
    """`safe`: doing it twice is doing it once, and it may be tried again after an error that says so. `idempotent`: it
    may be sent again where it was not begun to be answered. `reads`: it shows the session's writes."""

    __slots__ = ("method", "target", "read", "fields", "body", "safe", "idempotent", "reads", "unchanged", "anonymous")

    def __init__(
        self,
        method: str,
        target: str,
        read: Callable[[Body, Answer], T_co],
        *,
        fields: str = "",
        body: bytes | None = None,
        safe: bool = False,
        idempotent: bool = False,
        reads: bool = False,
        unchanged: Callable[[Answer], T_co] | None = None,
        anonymous: bool = False,
    ) -> None:
        self.method, self.target, self.read, self.fields, self.body = method, target, read, fields, body
        self.safe, self.idempotent, self.reads = safe, safe or idempotent, reads
        self.unchanged, self.anonymous = unchanged, anonymous


def get(name: str, parameters: Sequence[Parameter], wait: float | None) -> Call[Any]:
    return Call("GET", "/fetch/" + key(name, *parameters) + _wait(wait), _value, safe=True, reads=True)


def entry(name: str, parameters: Sequence[Parameter], wait: float | None, known: Entry | None) -> Call[Entry]:
    target = "/fetch/" + key(name, *parameters) + _wait(wait)
    if known is None:
        return Call("GET", target, _entry, safe=True, reads=True)
    fields = f'If-None-Match: "{_version(known.version)}"\r\n'
    return Call("GET", target, _entry, fields=fields, safe=True, reads=True,
                unchanged=lambda answer: dataclasses.replace(known, **_facts(answer)))  # fmt: skip


def mget(keys: Iterable[str], wait: float | None, read: Callable[[Body], T]) -> list[Call[Items[T]]]:
    """As many calls as the server's bound on the keys of one makes needful."""
    listed = [key(one) for one in keys]
    parts = [listed[at : at + KEYS_MAX] for at in range(0, len(listed), KEYS_MAX)]
    return [Call("POST", "/mget" + _wait(wait), lambda body, _: Items(read(item) for item in body["items"]),
                 body=dumps(part), safe=True, reads=True) for part in parts]  # fmt: skip


def value_or(default: Any) -> Callable[[Body], Any]:
    """Reads an item of mget: its value; the default where it has none; else raises its error."""

    def read(item: Body) -> Any:
        if item["success"]:
            return item["value"]
        error = error_in(item, 200)
        if default is MISSING or not isinstance(error, KCKNotFound):
            raise error
        return default

    return read


def entry_or_error(item: Body) -> Entry | KCKError:
    """Reads an item of mget."""
    if not item["success"]:
        return error_in(item, 200)
    return Entry(item["key"], item["value"], str(item["version"]), _since_1970(item["modified"]), item["state"],
                 item["age_seconds"], _moment(item["as_of"]), item.get("snapshot"))  # fmt: skip


def set_(
    name: str, value: Any, if_match: str | None, expire: Duration | None = None, stale: Duration | None = None
) -> Call[str]:
    lives = [f"{what}_seconds={seconds(life, what)}" for what, life in (("expire", expire), ("stale", stale))
             if life is not None]  # fmt: skip
    target = "/set/" + key(name) + ("?" + "&".join(lives) if lives else "")
    return Call("PUT", target, _version_of, fields=_if_match(if_match), body=encode(value), idempotent=if_match is None)


def purge(name: str, parameters: Sequence[Parameter], if_match: str | None) -> Call[None]:
    target = "/fetch/" + key(name, *parameters)
    return Call("DELETE", target, _nothing, fields=_if_match(if_match), idempotent=if_match is None)


def refresh(name: str, parameters: Sequence[Parameter], hint: Mapping[str, Any] | None) -> Call[None]:
    body = b"" if hint is None else encode(hint)
    return Call("POST", "/refresh/" + key(name, *parameters), _nothing, body=body, idempotent=True)


def refreshed(name: str, parameters: Sequence[Parameter]) -> Call[Entry]:
    return Call("POST", "/refresh/" + key(name, *parameters) + "?wait=1", _entry, body=b"", idempotent=True)


def create(updater: str, values: Mapping[str, Any]) -> Call[Written]:
    return Call("POST", "/create/" + key(updater), _written, body=dumps(values))


def update(updater: str, values: Mapping[str, Any], pk: Sequence[Parameter]) -> Call[Written]:
    return Call("PUT", "/update/" + key(updater, *pk), _written, body=dumps(values))


def delete(updater: str, pk: Sequence[Parameter]) -> Call[Written]:
    return Call("DELETE", "/update/" + key(updater, *pk), _written)


def login(user: str, password: str) -> Call[Login]:
    return Call("POST", "/login/" + quote(user, safe=""), _login, body=dumps({"password": password}), anonymous=True)


def renew(refresh_token: str) -> Call[Login]:
    return Call("POST", "/token", _login, body=dumps({"refresh_token": refresh_token}), idempotent=True, anonymous=True)


def logout(refresh_token: str | None) -> Call[None]:
    """By the refresh token where there is one: it outlives the other."""
    if refresh_token is None:
        return Call("POST", "/logout", _nothing, body=b"", idempotent=True)
    return Call("POST", "/logout", _nothing, body=dumps({"refresh_token": refresh_token}), idempotent=True,
                anonymous=True)  # fmt: skip


def explain(name: str, parameters: Sequence[Parameter]) -> Call[Body]:
    return Call("GET", "/explain/" + key(name, *parameters), lambda body, _: body, safe=True)


def other(method: str, path: str, body: Any) -> Call[Body]:
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError(f"{path!r} is no path: it begins with / and is percent-encoded")
    if not method.isascii() or not method.isupper() or not method.isalpha():
        raise ValueError(f"{method!r} is no method")
    text = dumps(body) if body is not None else None if method == "GET" else b""
    return Call(method, path, lambda answer, _: answer, body=text, safe=method == "GET")


def error_in(body: Body, status: int) -> KCKError:
    """The error that an answer or an item of mget holds."""
    error = body["error"]
    return error_of(error["name"], error["args"], error["message"], status)


def _wait(seconds: float | None) -> str:
    return "" if seconds is None else f"?wait_ms={max(0, round(seconds * 1000))}"


def _version(version: str) -> str:
    if not version.isascii() or not version.isprintable() or '"' in version:
        raise ValueError(f"{version!r} is no version of an entry")
    return version


def _if_match(version: str | None) -> str:
    return "" if version is None else f'If-Match: "{_version(version)}"\r\n'


def _nothing(_body: Body, _answer: Answer) -> None:
    return None


def _value(body: Body, _answer: Answer) -> Any:
    return body["value"]


def _version_of(body: Body, answer: Answer) -> str:
    # With `compat: "0.6"` only the header has all of it.
    return (answer.header("ETag") or "").strip('"') or str(body["version"])


def _entry(body: Body, answer: Answer) -> Entry:
    return Entry(body["key"], body["value"], _version_of(body, answer), _since_1970(body["modified"]), **_facts(answer))


def _facts(answer: Answer) -> dict[str, Any]:
    """What may change without the content."""
    as_of, _, snapshot = (answer.header("KCK-As-Of") or "").partition("; snapshot=")
    return {"state": answer.header("KCK-State") or "", "age_seconds": int(answer.header("KCK-Age") or 0),
            "as_of": _moment(as_of), "snapshot": snapshot.strip('"') or None}  # fmt: skip


def _written(body: Body, _answer: Answer) -> Written:
    return Written(body["action"], body["rows"], body["returning"], body["token"])


def _login(body: Body, _answer: Answer) -> Login:
    return Login(body["auth_token"], body.get("refresh_token"), body.get("expires_in", 0))


def _since_1970(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds), timezone.utc)  # a Decimal, where `loads` makes such


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # which Python 3.10 needs

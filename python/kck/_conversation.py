"""How a call is made: what is sent, what is tried again, what is remembered. A generator without sockets, which the
threaded and the asyncio client drive: it yields what to do and gets the answer, or the error, of that."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from kck import _calls
from kck._address import Address
from kck._calls import Call, Items, Written
from kck._http import Answer, encode
from kck._json import Loads
from kck._session import Session
from kck.errors import (
    AuthTokenExpired,
    KCKBadRequest,
    KCKConnectionError,
    KCKError,
    KCKOverloaded,
    KCKProtocolError,
    KCKTokenLost,
)

T = TypeVar("T")

PAUSES_MAX = 3  # of one call
PAUSE_SECONDS_MAX = 10.0


class Send(NamedTuple):
    """`fresh`: over a new connection. `careful`: a connection that has served before is looked at first, since the
    request cannot be sent again."""

    data: bytes
    fresh: bool
    careful: bool


class Pause(NamedTuple):
    """To wait, or to raise where that would be past the deadline."""

    seconds: float
    error: KCKError


Step = Send | Pause
Conversation = Generator[Step, Any, T]  # sent: the Answer to a Send


def converse(address: Address, session: Session, loads: Loads, call: Call[T]) -> Conversation[T]:
    """Ends with what the call returns."""
    fresh = renewed = False
    pauses = 0
    while True:
        after = session.writes.text() if call.reads else ""
        try:
            answer: Answer = yield Send(_request(address, session, call, after), fresh, not call.idempotent)
            return _outcome(session, loads, call, after, answer)
        except KCKConnectionError as error:
            if fresh or not _may_send_again(call, error):
                raise
            fresh = True
        except AuthTokenExpired:  # the server has done nothing
            if renewed or call.anonymous or not session.refresh_token:
                raise
            renewed = True
            session.take((yield from converse(address, session, loads, _calls.renew(session.refresh_token))))
        except KCKOverloaded as error:
            pauses += 1
            if not call.safe or error.retry_after is None or pauses > PAUSES_MAX:
                raise
            yield Pause(min(error.retry_after, PAUSE_SECONDS_MAX), error)
        except (KCKTokenLost, KCKBadRequest) as error:
            if _is_of_tokens(error):
                session.writes.forget(after)  # or each read from now on would end so
            raise


def _request(address: Address, session: Session, call: Call[T], after: str) -> bytes:
    fields = call.fields if call.anonymous else session.authorization() + call.fields
    if after:
        fields += f"KCK-After: {after}\r\n"
    return encode(call.method, address.base + call.target, address.authority, fields, call.body)


def _may_send_again(call: Call[T], error: KCKConnectionError) -> bool:
    if not error.sent or isinstance(error, KCKProtocolError):
        return False
    return call.safe or (call.idempotent and error.reused and not error.began)


def _is_of_tokens(error: KCKError) -> bool:
    """A product, or the call itself, may be a bad request as well: that says nothing of the session's writes."""
    return isinstance(error, KCKTokenLost) or error.message.startswith("KCK-After")


def _outcome(session: Session, loads: Loads, call: Call[T], after: str, answer: Answer) -> T:
    if answer.status == 304 and call.unchanged:
        return call.unchanged(answer)
    try:
        body = loads(answer.body)
        if answer.status >= 300 or body.get("success") is False:
            raise _failure(body, answer)
        result = call.read(body, answer)
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        raise _no_answer(answer) from fault
    if isinstance(result, Written):
        session.writes.add(result.token)
    if isinstance(result, Items) and any(isinstance(item, KCKTokenLost) for item in result):
        session.writes.forget(after)
    return result


def _failure(body: Any, answer: Answer) -> KCKError:
    error = _calls.error_in(body, answer.status)
    if isinstance(error, KCKOverloaded):
        seconds = answer.header("Retry-After") or ""
        error.retry_after = float(seconds) if seconds.isdigit() else None
    return error


def _no_answer(answer: Answer) -> KCKProtocolError:
    text = f"status {answer.status}, with a body that is none of KCK's: {answer.body[:60]!r}"
    error = KCKProtocolError(text, sent=True)
    error.status = answer.status
    return error

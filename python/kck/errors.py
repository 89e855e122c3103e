"""What a call may raise, all under `KCKError`. The server's errors have its names (docs/reference/errors.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class KCKError(Exception):
    """`args`: what the error is about, usually the key. `message`: for people. `status`: that of HTTP, 0 where there
    was no answer. `name`: the server's, also where this version of the client has no class for it."""

    message: str = ""
    status: int = 0
    name: str = ""

    def __str__(self) -> str:
        return self.message or super().__str__()


class KCKNotFound(KCKError):
    """There is no value: `get(…, default=…)` returns the default instead."""


class KCKUnknownKey(KCKNotFound):
    """There is no product, updater or process of that name, and nothing was set under it."""


class KCKKeyNotSetException(KCKNotFound):
    """The product is there, and has no value for this key."""


class NoValue(KCKKeyNotSetException):
    """Raised by a product's function: its source has nothing for this key. What readers get then, `empty` of the
    product says."""


class KCKValueError(KCKError):
    """A value has no form in JSON; the message names the place inside of it."""


class KCKDefinitionError(KCKError):
    """A product, updater or process is not defined as it should be. `cure`: what to do."""

    cure: str = ""


class KCKBadKey(KCKError):
    """A parameter does not fit its type, there are too many or too few, or the key is too long."""


class KCKBadRequest(KCKError):
    """The server does not take the call as it is; the message says why."""


class VersionMismatch(KCKError):
    """The entry has not the version of `if_match`."""


class AuthHeaderNotPresent(KCKError):
    """The call takes a token, and the client has none."""


class AuthTokenInvalid(KCKError):
    """The token does not hold."""


class AuthTokenExpired(KCKError):
    """The token is past its life."""


class AuthLoginUnknownUser(KCKError):
    """There is no such user, or the password is another."""


class KCKForbidden(KCKError):
    """The token holds, and does not open this."""


class KCKTokenLost(KCKError):
    """A write that the session wants to see is of a history of the database that is gone. The session has forgotten
    its writes, so the next call goes without."""


class KCKSourceError(KCKError):
    """The database failed, and no older value may be served."""


class KCKSourceTimeout(KCKError):
    """The database, or the wait for it, took longer than the server waits."""


class KCKPrimerFailed(KCKError):
    """The rows came, and could not be made into the value."""


class KCKOverloaded(KCKError):
    """A bounded queue of the server is full, or this client asks for too much. `retry_after`: seconds, where the
    server said so."""

    retry_after: float | None = None


class KCKStoreError(KCKError):
    """The store failed a write."""


class KCKConnectionError(KCKError):
    """The server could not be reached, or the connection ended before the answer did. `sent`: the request may have
    reached the server, so a write may have been done."""

    def __init__(self, message: str, sent: bool = False, reused: bool = False, began: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.sent = sent
        self.reused = reused  # the connection had served before
        self.began = began  # some of the answer had come


class KCKProtocolError(KCKConnectionError):
    """What answered is not KCK, or broke the rules of HTTP."""


class KCKTimeout(KCKError):
    """The call was not done within the client's `timeout`. `sent`: as of `KCKConnectionError`."""

    def __init__(self, message: str, sent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.sent = sent


_OF_SERVER = (
    KCKUnknownKey, KCKKeyNotSetException, KCKBadKey, KCKBadRequest, VersionMismatch, AuthHeaderNotPresent,
    AuthTokenInvalid, AuthTokenExpired, AuthLoginUnknownUser, KCKForbidden, KCKTokenLost, KCKSourceError,
    KCKSourceTimeout, KCKPrimerFailed, KCKOverloaded, KCKStoreError,
)  # fmt: skip
BY_NAME: dict[str, type[KCKError]] = {kind.__name__: kind for kind in _OF_SERVER}


def error_of(name: str, args: Iterable[Any], message: str, status: int) -> KCKError:
    """The server's error as an exception."""
    error = BY_NAME.get(name, KCKError)(*args)
    error.name, error.message, error.status = name, message, status
    return error

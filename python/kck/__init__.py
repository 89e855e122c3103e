"""The Python client of KCK: `Client` for threads, `AsyncClient` for asyncio; errors are `KCKError` and what derives
from it, keys are made by `key`."""

from kck._calls import Entry, Login, Written
from kck.aio import AsyncClient
from kck.client import Client
from kck.errors import (
    AuthHeaderNotPresent,
    AuthLoginUnknownUser,
    AuthTokenExpired,
    AuthTokenInvalid,
    KCKBadKey,
    KCKBadRequest,
    KCKConnectionError,
    KCKError,
    KCKForbidden,
    KCKKeyNotSetException,
    KCKNotFound,
    KCKOverloaded,
    KCKPrimerFailed,
    KCKProtocolError,
    KCKSourceError,
    KCKSourceTimeout,
    KCKStoreError,
    KCKTimeout,
    KCKTokenLost,
    KCKUnknownKey,
    VersionMismatch,
)
from kck.keys import Parameter, key

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AuthHeaderNotPresent",
    "AuthLoginUnknownUser",
    "AuthTokenExpired",
    "AuthTokenInvalid",
    "Client",
    "Entry",
    "KCKBadKey",
    "KCKBadRequest",
    "KCKConnectionError",
    "KCKError",
    "KCKForbidden",
    "KCKKeyNotSetException",
    "KCKNotFound",
    "KCKOverloaded",
    "KCKPrimerFailed",
    "KCKProtocolError",
    "KCKSourceError",
    "KCKSourceTimeout",
    "KCKStoreError",
    "KCKTimeout",
    "KCKTokenLost",
    "KCKUnknownKey",
    "Login",
    "Parameter",
    "VersionMismatch",
    "Written",
    "key",
]

"""KCK in Python. `Client` for threads and `AsyncClient` for asyncio call a server; `product`, `updater`, `process` and
the classes beside them define what a server has Python do, and there `get`, `refresh`, … call it. Errors are `KCKError`
and what derives from it; keys are made by `key`."""

from kck._application import Application, connect
from kck._calls import Entry, Login, Written
from kck._module_calls import (
    acreate,
    adelete,
    aget,
    amget,
    apurge,
    arefresh,
    aset,
    aupdate,
    create,
    delete,
    get,
    mget,
    purge,
    refresh,
    set,
    update,
)
from kck.aio import AsyncClient
from kck.client import Client
from kck.decorators06 import kckprime, kckrefresh
from kck.errors import (
    AuthHeaderNotPresent,
    AuthLoginUnknownUser,
    AuthTokenExpired,
    AuthTokenInvalid,
    KCKBadKey,
    KCKBadRequest,
    KCKConnectionError,
    KCKDefinitionError,
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
    KCKValueError,
    NoValue,
    VersionMismatch,
)
from kck.keys import Parameter, key
from kck.primer06 import QUERY_TYPE_DICTS, QUERY_TYPE_ROWS, KCKPrimer
from kck.primers import Primer
from kck.processes import process
from kck.products import Product, product
from kck.updater06 import KCKUpdater
from kck.updaters import Updater, updater

__version__ = "0.1.0"

__all__ = [
    "Application",
    "QUERY_TYPE_DICTS",
    "QUERY_TYPE_ROWS",
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
    "KCKDefinitionError",
    "KCKError",
    "KCKForbidden",
    "KCKKeyNotSetException",
    "KCKNotFound",
    "KCKOverloaded",
    "KCKPrimer",
    "KCKPrimerFailed",
    "KCKProtocolError",
    "KCKSourceError",
    "KCKSourceTimeout",
    "KCKStoreError",
    "KCKTimeout",
    "KCKTokenLost",
    "KCKUnknownKey",
    "KCKUpdater",
    "KCKValueError",
    "Login",
    "NoValue",
    "Parameter",
    "Primer",
    "Product",
    "Updater",
    "VersionMismatch",
    "Written",
    "acreate",
    "adelete",
    "aget",
    "amget",
    "apurge",
    "arefresh",
    "aset",
    "aupdate",
    "connect",
    "create",
    "delete",
    "get",
    "kckprime",
    "kckrefresh",
    "key",
    "mget",
    "process",
    "product",
    "purge",
    "refresh",
    "set",
    "update",
    "updater",
]

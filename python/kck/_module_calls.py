"""`kck.get(…)` and the like: the calls of `kck.Client`, through what this process is connected to. In a product they
make what was read a dependency: where it changes, the product's key is computed again. Those with an `a` before are for
async functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kck._calls import MISSING, Written
from kck._durations import Duration
from kck._runtime import current
from kck.keys import Parameter


def get(key: str, *parameters: Parameter, default: Any = MISSING) -> Any:
    """The value, computed if it is not there. Raises KCKNotFound where there is none and no `default`."""
    return current().get(key, *parameters, default=default)


def mget(keys: Iterable[str], default: Any = MISSING) -> list[Any]:
    """The values in the keys' order; raises the first error."""
    return current().mget(keys, default=default)


def set(key: str, value: Any, *, expire: Duration | None = None) -> None:
    """Keeps a value under a key of the general-purpose cache or of a product that is `settable`."""
    current().set(key, value, expire=expire)


def purge(key: str, *parameters: Parameter) -> None:
    """Forgets a key, or `name/*`."""
    current().purge(key, *parameters)


def refresh(key: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None) -> None:
    """Has a key, or `name/*`, computed again; does not wait."""
    current().refresh(key, *parameters, hint=hint)


def create(updater: str, values: Mapping[str, Any]) -> Written:
    return current().create(updater, values)


def update(updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
    return current().update(updater, values, *primary_key)


def delete(updater: str, *primary_key: Parameter) -> Written:
    return current().delete(updater, *primary_key)


async def aget(key: str, *parameters: Parameter, default: Any = MISSING) -> Any:
    return await current().aio.get(key, *parameters, default=default)


async def amget(keys: Iterable[str], default: Any = MISSING) -> list[Any]:
    return await current().aio.mget(keys, default=default)


async def aset(key: str, value: Any, *, expire: Duration | None = None) -> None:
    await current().aio.set(key, value, expire=expire)


async def apurge(key: str, *parameters: Parameter) -> None:
    await current().aio.purge(key, *parameters)


async def arefresh(key: str, *parameters: Parameter, hint: Mapping[str, Any] | None = None) -> None:
    await current().aio.refresh(key, *parameters, hint=hint)


async def acreate(updater: str, values: Mapping[str, Any]) -> Written:
    return await current().aio.create(updater, values)


async def aupdate(updater: str, values: Mapping[str, Any], *primary_key: Parameter) -> Written:
    return await current().aio.update(updater, values, *primary_key)


async def adelete(updater: str, *primary_key: Parameter) -> Written:
    return await current().aio.delete(updater, *primary_key)

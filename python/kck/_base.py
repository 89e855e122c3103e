"""What the threaded and the asyncio client have in common: where the server is, the session, how to read JSON."""

from __future__ import annotations

import copy
import ssl
from typing import TypeVar

from kck import _address
from kck._calls import Call
from kck._conversation import Conversation, converse
from kck._json import Loads
from kck._session import Session, Token, Writes

T = TypeVar("T")
Self = TypeVar("Self", bound="Base")


class Base:
    def __init__(self, url: str, token: Token, timeout: float, writes_life: float, loads: Loads) -> None:
        if timeout <= 0:
            raise ValueError("timeout is in seconds, and above 0")
        self._address = _address.parse(url)
        self._timeout = timeout
        self._loads = loads
        self._session = Session(token, Writes(writes_life))

    @property
    def tokens(self) -> str:
        """The tokens of this session's writes, for `session(tokens=…)` of another process, or a cookie."""
        return self._session.writes.text()

    def session(self: Self, *, token: Token = None, tokens: str = "", timeout: float | None = None) -> Self:
        """A client over the same connections with a session of its own: it sees its own writes, and those of `tokens`,
        and no others'. Make one for each user or web request: it costs next to nothing, and is closed with the
        client that it came from. `token`: None is this client's."""
        made = copy.copy(self)
        made._session = Session(token or self._session.token, Writes(self._session.writes.life, tokens))
        made._timeout = timeout or self._timeout
        return made

    def _converse(self, call: Call[T]) -> Conversation[T]:
        return converse(self._address, self._session, self._loads, call)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._address)!r})"


def tls_context(address: _address.Address, tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """None where the server is not asked over TLS."""
    return (tls or ssl.create_default_context()) if address.tls else None

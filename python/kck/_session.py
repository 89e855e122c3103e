"""What a client remembers from call to call: its token, and its writes, which its reads have to show."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from kck._calls import Login
from kck._forks import begin_anew_after_fork

Token = str | Callable[[], str] | None

WRITES_MAX = 32  # what KCK-After takes
_TOKEN = re.compile(r"[A-Za-z0-9_\-]+")
_AUTH_TOKEN = re.compile(r"[\x21-\x7e]+")


class Writes:
    """Tokens of writes, the newest last. Bounded: the newest 32, for `life` seconds each. Any thread; a forked process
    goes on with a copy."""

    def __init__(self, life: float, tokens: str = "") -> None:
        self.life = life
        self._until: dict[str, float] = {}  # by token, the first to go first
        self.begin_anew()
        self.add(*filter(None, (token.strip() for token in tokens.split(","))))
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """In a forked process: the lock may have been held by a thread that is not here."""
        self._lock = threading.Lock()

    def add(self, *tokens: str) -> None:
        """Raises ValueError for what is no token."""
        for token in tokens:
            if not _TOKEN.fullmatch(token):
                raise ValueError(f"{token[:40]!r} is no token of a write")
        with self._lock:
            for token in tokens:
                self._until.pop(token, None)
                self._until[token] = time.monotonic() + self.life
            self._drop_old()

    def text(self) -> str:
        """The tokens, as KCK-After takes them."""
        if not self._until:
            return ""
        with self._lock:
            self._drop_old()
            return ",".join(self._until)

    def forget(self, tokens: str) -> None:
        with self._lock:
            for token in tokens.split(","):
                self._until.pop(token, None)

    def _drop_old(self) -> None:
        now = time.monotonic()
        old = [token for token, until in self._until.items() if until <= now]
        for token in [*old, *[token for token in self._until if token not in old][:-WRITES_MAX]]:
            del self._until[token]


class Session:
    """Any thread: what is assigned is assigned whole."""

    def __init__(self, token: Token, writes: Writes) -> None:
        self.writes = writes
        self.refresh_token: str | None = None
        self.token: Token = None
        self._field = ""
        self.use_token(token)

    def use_token(self, token: Token) -> None:
        self._field = _authorization(token) if isinstance(token, str) else ""
        self.token = token

    def take(self, login: Login) -> None:
        self.use_token(login.auth_token)
        self.refresh_token = login.refresh_token

    def forget_login(self) -> None:
        self.use_token(None)
        self.refresh_token = None

    def authorization(self) -> str:
        """The line of the request, or nothing."""
        return _authorization(self.token()) if callable(self.token) else self._field


def _authorization(token: str) -> str:
    if not _AUTH_TOKEN.fullmatch(token):
        raise ValueError("the token is empty, or has characters that no token has")
    return f"Authorization: Bearer {token}\r\n"

"""Where a server is. No state; any thread."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_FORMS = "http://host:port, https://host:port or unix:/path/kck.sock"


@dataclass(frozen=True)
class Address:
    """`unix`: the path of a Unix socket, or empty; then `host` and `port`. `base`: what stands before each path."""

    host: str
    port: int
    tls: bool
    unix: str
    base: str
    authority: str  # what the Host of a request says

    def __str__(self) -> str:
        return f"unix:{self.unix}" if self.unix else f"http{'s' if self.tls else ''}://{self.authority}{self.base}"


def parse(url: str) -> Address:
    """Raises ValueError, which says what a right one looks like."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username is not None or not url.isascii() or not url.isprintable():
        raise ValueError(f"{url!r} is no address of KCK, which is as {_FORMS}")
    if parts.scheme in ("unix", "http+unix"):
        path = unquote(parts.netloc) if parts.scheme == "http+unix" else parts.path
        if not path.startswith("/") or (parts.scheme == "unix" and parts.netloc):
            raise ValueError(f"{url!r} names no socket: unix:/path/kck.sock does")
        return Address("localhost", 0, False, path, "", "localhost")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url:
        raise ValueError(f"{url!r} is no address of KCK, which is as {_FORMS}")
    tls = parts.scheme == "https"
    usual = 443 if tls else 80
    port = parts.port or usual
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port == usual else f"{host}:{port}"
    return Address(parts.hostname, port, tls, "", parts.path.rstrip("/"), authority)

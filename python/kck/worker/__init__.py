"""The worker process of `kck serve`: computes the products, runs the updaters and processes that are in Python.

Started by the server as `from kck.worker import main; main()` with the number of a connected socket as its argument.
It needs the package msgpack: `pip install kck[worker]`."""

from __future__ import annotations

import sys

EX_CONFIG = 78  # of sysexits.h: starting it again will not help


def main() -> None:
    """Serves until the server stops it or closes the socket. Does not return."""
    try:
        import msgpack  # noqa: F401
    except ImportError:
        print(
            f"kck: {sys.executable} has no package msgpack, which Python workers need: "
            "install it with pip install 'kck[worker]', or on Debian apt-get install python3-msgpack",
            file=sys.stderr,
        )
        sys.exit(EX_CONFIG)
    from kck.worker.serving import serve

    serve(int(sys.argv[1]))

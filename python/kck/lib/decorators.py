"""The decorators of 0.6.3."""

from kck.decorators06 import kckprime, kckrefresh

__all__ = ["kckprime", "kckrefresh"]

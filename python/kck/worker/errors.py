"""What a call's error says to the server: for its log, and, where the product means it so, for the caller."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import Any

from kck.errors import KCKBadKey, KCKBadRequest, KCKError, KCKForbidden, KCKOverloaded, KCKUnknownKey

_PUBLIC = (KCKBadKey, KCKBadRequest, KCKForbidden, KCKOverloaded, KCKUnknownKey)
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_TRACEBACK_CHARS_MAX = 32 << 10


def item_of(error: BaseException) -> dict[str, Any]:
    """The item of a result. An error that the server told is no message of the product to its caller."""
    says = {"name": type(error).__name__, "message": _text(error), "traceback": _traceback(error)}
    if isinstance(error, _PUBLIC) and not error.name:
        code = next(kind.__name__ for kind in type(error).__mro__ if kind in _PUBLIC)
        says |= {"public": _text(error), "code": code}
    return {"error": says}


def fault_item(message: str) -> dict[str, Any]:
    """Of what is no exception of the user's code."""
    return {"error": {"name": KCKError.__name__, "message": message, "traceback": ""}}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_TRACEBACK_CHARS_MAX].encode(errors="backslashreplace").decode()
    except Exception as fault:  # the user's __str__
        return f"(its text cannot be had: {type(fault).__name__})"


def _traceback(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, of_user(error.__traceback__))
        text = "".join(lines).encode(errors="backslashreplace").decode()
    except Exception as fault:
        return f"(no traceback: {type(fault).__name__})"
    if len(text) <= _TRACEBACK_CHARS_MAX:
        return text
    half = _TRACEBACK_CHARS_MAX // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def of_user(trace: TracebackType | None) -> TracebackType | None:
    """From the first frame on that is not of this package; all of it where there is none."""
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        inner = inner.tb_next
    return inner or trace

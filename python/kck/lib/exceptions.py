"""The exceptions of 0.6.3, with its names and arguments. Those that the server has too are classes of kck's as well."""

from __future__ import annotations

from kck import errors
from kck.errors import AuthHeaderNotPresent, AuthLoginUnknownUser, AuthTokenExpired, AuthTokenInvalid

__all__ = [
    "AugmentError",
    "AugmentNotNecessaryException",
    "AuthHeaderNotPresent",
    "AuthLoginUnknownUser",
    "AuthTokenExpired",
    "AuthTokenInvalid",
    "BaseKCKException",
    "CanNotAugmentWithoutVersion",
    "CantAugmentUnknownPrimer",
    "ComputeAugmentedValueNotImplemented",
    "KCKKeyNotRegistered",
    "KCKKeyNotSetException",
    "KCKUnknownKey",
    "PrimerComputerReturnedNoResults",
    "RequestedAugmentationMethodDoesNotExist",
    "UnexpectedPrimerType",
    "VersionedRefreshMismatchException",
]

BaseKCKException = errors.KCKError


class _OfKey(errors.KCKError):
    """`key`: what it is about."""

    def __init__(self, key: str = "") -> None:
        super().__init__(key)
        self.key = key


class KCKKeyNotSetException(errors.KCKKeyNotSetException):
    """The product is there, and has no value for this key. `tbl`: a table in 0.6.3, and nothing here."""

    def __init__(self, key: str = "", tbl: str | None = None, msg: str = "there is no value") -> None:
        super().__init__(key)
        self.key, self.tbl, self.message = key, tbl, msg


class KCKUnknownKey(errors.KCKUnknownKey):
    """There is no product of that name, and nothing was set under the key."""

    def __init__(self, key: str = "") -> None:
        super().__init__(key)
        self.key = key


class PrimerComputerReturnedNoResults(errors.NoValue):
    """Raised by `compute`: there is no value for the key."""


class KCKKeyNotRegistered(_OfKey):
    """There is no primer of that name."""


class VersionedRefreshMismatchException(errors.VersionMismatch):
    """A refresh of a version that the key does not have."""

    def __init__(self, key: str = "") -> None:
        super().__init__(key)
        self.key = key


class ComputeAugmentedValueNotImplemented(_OfKey):
    """The primer has no `compute_augmented_value`."""


class AugmentNotNecessaryException(_OfKey):
    """No hint tells of another key."""


class AugmentError(_OfKey):
    pass


class CanNotAugmentWithoutVersion(_OfKey):
    pass


class CantAugmentUnknownPrimer(_OfKey):
    pass


class RequestedAugmentationMethodDoesNotExist(_OfKey):
    def __init__(self, key: str = "", requested_method: str = "") -> None:
        super().__init__(key)
        self.requested_method = requested_method


class UnexpectedPrimerType(errors.KCKError):
    pass

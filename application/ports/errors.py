"""How a port fails. No driver's exception leaves its adapter."""

from datetime import timedelta
from typing import ClassVar


class PortError(Exception):
    """The world failed."""

    code: ClassVar[str] = "port_error"


class TransientPortError(PortError):
    """Worth another try, after `retry_after`."""

    code: ClassVar[str] = "unavailable"

    def __init__(self, reason: str, *, retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ContendedError(TransientPortError):
    """Others were in the way, and this was given up for them: the same, done anew at once, may go through."""

    code: ClassVar[str] = "contended"


class PermanentPortError(PortError):
    """Trying again will not help."""

    code: ClassVar[str] = "bad_gateway"

"""What becomes of a message that could not be handled."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from adapters.inbound.intake.errors import MalformedEventError
from application.errors import (
    ApplicationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UnprovedPolicyError,
)
from application.ports.errors import ContendedError, PermanentPortError, PortError, TransientPortError
from domain.shared.errors import DomainError, IllegalTransitionError, InvalidValueError

MOST_DELAY_SECONDS: Final = 900
_MOST_DOUBLINGS: Final = 10  # beyond the limit for every base of a second or more


class Disposition(StrEnum):
    RETRY = "retry"  # as often as it takes: the message is good, the world is not
    RETRY_SOME = "retry_some"  # perhaps our fault: so often, then it is set aside
    SET_ASIDE = "set_aside"  # another try would end the same way


DISPOSITIONS: Final[Mapping[type[Exception], Disposition]] = {
    MalformedEventError: Disposition.SET_ASIDE,
    DomainError: Disposition.SET_ASIDE,
    InvalidValueError: Disposition.SET_ASIDE,
    IllegalTransitionError: Disposition.SET_ASIDE,
    ApplicationError: Disposition.RETRY_SOME,
    NotFoundError: Disposition.RETRY_SOME,
    ConflictError: Disposition.RETRY,
    ForbiddenError: Disposition.SET_ASIDE,
    UnauthenticatedError: Disposition.SET_ASIDE,
    RateLimitedError: Disposition.RETRY,
    UnprovedPolicyError: Disposition.SET_ASIDE,
    PortError: Disposition.RETRY_SOME,
    TransientPortError: Disposition.RETRY,
    ContendedError: Disposition.RETRY,
    PermanentPortError: Disposition.RETRY_SOME,  # also what a database says whose schema is just being changed
    Exception: Disposition.RETRY_SOME,
}


def is_set_aside(error: Exception, *, receives: int, most_receives: int) -> bool:
    """Whether to give up on a message that has been received so often and has just failed so."""
    disposition = next(DISPOSITIONS[kind] for kind in type(error).__mro__ if kind in DISPOSITIONS)
    if disposition is Disposition.RETRY_SOME:
        return receives >= most_receives
    return disposition is Disposition.SET_ASIDE


def reason_of(error: Exception) -> str:
    """For people. A bug's own words may quote the message, and with it a secret: they stay out."""
    return f"internal error: {type(error).__name__}" if is_bug(error) else str(error)


def is_bug(error: Exception) -> bool:
    """Whether nobody expected such an error."""
    return not any(kind in DISPOSITIONS for kind in type(error).__mro__ if kind is not Exception)


def delay_seconds(receives: int, *, base_seconds: float, fraction: float, not_before: timedelta = timedelta()) -> int:
    """How long to hide a message that has been received so often: doubling, with up to half as much again at random.

    Never 0, which would have it back at once and for ever; and not less than until a try can end otherwise, unless that
    is beyond the limit.
    """
    doubled: float = base_seconds * 2 ** min(max(receives - 1, 0), _MOST_DOUBLINGS)
    least = max(1, ceil(not_before.total_seconds()))
    return min(max(least, round(doubled * (1 + fraction / 2))), MOST_DELAY_SECONDS)

"""What a command's exit says. Scripts rely on these numbers: they never change."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

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


class ExitCode(IntEnum):
    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    INTERRUPTED = 130  # 128 and the number of SIGINT, as shells say it


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.FAILURE: "it failed",
    ExitCode.USAGE: "an argument or a setting is wrong or missing",
    ExitCode.NOT_FOUND: "there is no such thing",
    ExitCode.AUTH: "not authenticated, or not permitted",
    ExitCode.CONFLICT: "the present state does not allow it",
    ExitCode.UNAVAILABLE: "it cannot be reached, or took too long: try again",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}

_BY_STATUS: Final[Mapping[int, ExitCode]] = {
    400: ExitCode.USAGE,
    401: ExitCode.AUTH,
    403: ExitCode.AUTH,
    404: ExitCode.NOT_FOUND,
    408: ExitCode.UNAVAILABLE,
    409: ExitCode.CONFLICT,
    412: ExitCode.CONFLICT,
    413: ExitCode.USAGE,
    415: ExitCode.USAGE,
    422: ExitCode.USAGE,
    428: ExitCode.CONFLICT,
    429: ExitCode.UNAVAILABLE,
    502: ExitCode.UNAVAILABLE,
    503: ExitCode.UNAVAILABLE,
    504: ExitCode.UNAVAILABLE,
}

# For commands that work on the database or the queue themselves.
ANSWERS: Final[Mapping[type[Exception], ExitCode]] = {
    DomainError: ExitCode.USAGE,
    InvalidValueError: ExitCode.USAGE,
    IllegalTransitionError: ExitCode.CONFLICT,
    ApplicationError: ExitCode.FAILURE,
    NotFoundError: ExitCode.NOT_FOUND,
    ConflictError: ExitCode.CONFLICT,
    ForbiddenError: ExitCode.AUTH,
    UnauthenticatedError: ExitCode.AUTH,
    RateLimitedError: ExitCode.UNAVAILABLE,
    UnprovedPolicyError: ExitCode.FAILURE,
    PortError: ExitCode.FAILURE,
    TransientPortError: ExitCode.UNAVAILABLE,
    ContendedError: ExitCode.UNAVAILABLE,
    PermanentPortError: ExitCode.FAILURE,
}


class CommandError(Exception):
    """Ends a command with one line that says what to do next."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def of_status(status: int) -> ExitCode:
    """What an HTTP answer that is no success means for the caller."""
    return _BY_STATUS.get(status, ExitCode.FAILURE)


def of_error(error: BaseException) -> ExitCode | None:
    """What an error of the core means; None: it is none of the core's."""
    return next((ANSWERS[each] for each in type(error).__mro__ if each in ANSWERS), None)


def documentation() -> str:
    """The codes as `--help` shows them."""
    return "Exit codes:\n" + "\n".join(f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items())

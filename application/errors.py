"""What a use case answers instead of a result."""

from datetime import timedelta
from typing import ClassVar


class ApplicationError(Exception):
    code: ClassVar[str] = "application_error"


class NotFoundError(ApplicationError):
    """There is no such thing, or it is not the actor's to see."""

    code: ClassVar[str] = "not_found"

    def __init__(self, noun: str, key: object) -> None:
        super().__init__(f"there is no {noun} {key}")
        self.noun = noun
        self.key = key


class ConflictError(ApplicationError):
    """Somebody else was faster, or the name is taken. Read again, then decide again."""

    code: ClassVar[str] = "conflict"

    def __init__(self, noun: str, key: object, reason: str = "was changed since it was read") -> None:
        super().__init__(f"{noun} {key} {reason}")
        self.noun = noun
        self.key = key


class ForbiddenError(ApplicationError):
    code: ClassVar[str] = "forbidden"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class UnauthenticatedError(ApplicationError):
    code: ClassVar[str] = "unauthenticated"

    def __init__(self, reason: str = "log in, or send an API key as a bearer token") -> None:
        super().__init__(reason)


class UnprovedPolicyError(ApplicationError):
    """A team wants its policies proved before they are saved, and the proof of this one fails."""

    code: ClassVar[str] = "unproved_policy"

    def __init__(self, within: timedelta, counter_examples: tuple[str, ...]) -> None:
        super().__init__(
            f"this policy does not always tell somebody within {within.total_seconds() / 60:g} minutes, and its team"
            " saves none that does not"
        )
        self.counter_examples = counter_examples  # a sentence each, oldest first


class RateLimitedError(ApplicationError):
    code: ClassVar[str] = "rate_limited"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"too many attempts; try again in {max(1, round(retry_after.total_seconds()))} s")
        self.retry_after = retry_after

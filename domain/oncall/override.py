"""One person's change to who is on call: standing in, added beside the others, or taken off."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, UserId
from domain.shared.interval import Interval, require_utc

_EXAMPLE_LENGTH: Final = timedelta(hours=1)


class OverrideKind(StrEnum):
    """What an override does with its user."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """From `starts_at` up to `ends_at` it takes somebody off, puts somebody on, or both, in that order.

    - replace, with `replaces`: that user goes and `user_id` comes; it acts only while that user is on call.
    - replace, without: everyone goes and `user_id` comes, also where nobody is on call, so it fills gaps.
    - add: nobody goes and `user_id` comes, so it fills gaps too; one who is on call already stays as they are.
    - remove: `user_id` goes and nobody comes, which may leave a gap.

    Raises:
        InvalidValueError: a time is not in UTC, the end is not after the start, the user stands in for themselves, or
            `replaces` is given to an override that replaces nobody.
    """

    id: OverrideId
    user_id: UserId
    starts_at: datetime
    ends_at: datetime
    replaces: UserId | None = None
    kind: OverrideKind = OverrideKind.REPLACE

    def __post_init__(self) -> None:
        require_window(self.starts_at, self.ends_at)
        if self.replaces == self.user_id:
            raise InvalidValueError("replaces", "must be someone else than the user who stands in")
        if self.replaces is not None and self.kind is not OverrideKind.REPLACE:
            raise InvalidValueError("replaces", f"must be absent when the kind is {self.kind}; replace would do")

    @property
    def is_for_everyone(self) -> bool:
        """Whether it leaves nobody of those before it."""
        return self.replaces is None and self.kind is OverrideKind.REPLACE

    def is_active(self, at: datetime) -> bool:
        """Whether the instant is in its time."""
        return self.starts_at <= at < self.ends_at

    def contradicts(self, other: "Override") -> bool:
        """Whether the two take off the same user, or both everyone, or both add the same one, at the same time."""
        return self.subject == other.subject and self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def is_to_take_off(self, user_id: UserId) -> bool:
        """Whether it is about taking off this user alone, so that another one about that contradicts it."""
        return self.subject == (False, user_id)

    @property
    def subject(self) -> tuple[bool, UserId | None]:
        """Whom it takes off, everyone being None; or, as another matter, whom it adds."""
        return self.kind is OverrideKind.ADD, self.replaces if self.kind is OverrideKind.REPLACE else self.user_id


def first_free(wanted: Override, others: Iterable[Override]) -> Interval:
    """The first time from the wanted start on, and as long, in which it contradicts none of the others."""
    length = wanted.ends_at - wanted.starts_at
    start = wanted.starts_at
    for other in sorted(others, key=lambda each: each.starts_at):
        if wanted.subject == other.subject and other.starts_at < start + length:
            start = max(start, other.ends_at)
    return Interval(start=start, end=start + length)


def require_window(starts_at: datetime, ends_at: datetime) -> None:
    """Raises `InvalidValueError` unless both are in UTC and the end is after the start."""
    require_utc("starts_at", starts_at)
    require_utc("ends_at", ends_at)
    if starts_at >= ends_at:
        example = (starts_at + _EXAMPLE_LENGTH).isoformat()
        raise InvalidValueError("ends_at", f"must be after starts_at, such as {example}")

"""Half-open spans of time, `[start, end)`: two that touch share no instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.shared.errors import InvalidValueError


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The instants from `start` up to, and not including, `end`; never empty, always in UTC.

    Only `datetime.UTC` will do: two datetimes of one other zone are compared by their wall clock, which goes back.

    Raises:
        InvalidValueError: an end is not in UTC, or the end is not after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        require_utc("start", self.start)
        require_utc("end", self.end)
        if self.start >= self.end:
            raise InvalidValueError("end", "must be after the start")

    @property
    def duration(self) -> timedelta:
        """How long it lasts, always more than nothing."""
        return self.end - self.start

    def contains(self, at: datetime) -> bool:
        """Whether the instant lies inside: the start does, the end does not."""
        return self.start <= at < self.end

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share an instant; touching is not sharing."""
        return self.start < other.end and other.start < self.end

    def intersection(self, other: "Interval") -> "Interval | None":
        """What both have in common, or None."""
        if not self.overlaps(other):
            return None
        return Interval(start=max(self.start, other.start), end=min(self.end, other.end))

    def subtract(self, others: Iterable["Interval"]) -> tuple["Interval", ...]:
        """What is left of it without the others, oldest first and apart from each other."""
        left: list[Interval] = []
        cursor = self.start
        for other in union(others):
            if not self.overlaps(other):
                continue
            if cursor < other.start:
                left.append(Interval(start=cursor, end=other.start))
            cursor = other.end
        if cursor < self.end:
            left.append(Interval(start=cursor, end=self.end))
        return tuple(left)


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same instants in the fewest intervals, oldest first: those that overlap or touch become one."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: each.start):
        if merged and interval.start <= merged[-1].end:
            last = merged.pop()
            merged.append(Interval(start=last.start, end=max(last.end, interval.end)))
        else:
            merged.append(interval)
    return tuple(merged)


def require_utc(field: str, at: datetime) -> None:
    """Raises `InvalidValueError` unless the instant is in `datetime.UTC`."""
    if at.tzinfo != UTC:
        raise InvalidValueError(field, "must be an instant in UTC")


def told(interval: Interval) -> str:
    """An interval in a sentence, to the minute and in UTC."""
    return f"from {interval.start:%Y-%m-%dT%H:%MZ} to {interval.end:%Y-%m-%dT%H:%MZ}"

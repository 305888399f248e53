"""Hours that come back every week, on the wall clock of whoever names a zone for them."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from domain.shared.errors import InvalidValueError
from domain.shared.local_time import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS


class Weekday(StrEnum):
    """A day of the week, which begins on Monday."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAY_NUMBERS = {day: number for number, day in enumerate(Weekday)}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Hours that come back every week, from one local time of the week up to, and not including, another.

    It may run over midnight and over the week's end. One that ends where it starts is the whole week.

    Raises:
        InvalidValueError: a time has a zone or parts of a second.
    """

    starts_on: Weekday
    starts_at: time
    ends_on: Weekday
    ends_at: time

    def __post_init__(self) -> None:
        _require_time_of_day("starts_at", self.starts_at)
        _require_time_of_day("ends_at", self.ends_at)

    @property
    def starts(self) -> int:
        """Seconds from Monday 00:00 to its start."""
        return _seconds_of_week(self.starts_on, self.starts_at)

    @property
    def ends(self) -> int:
        """Seconds from Monday 00:00 to its end, at most a week after its start; beyond the week when it runs over."""
        ends = _seconds_of_week(self.ends_on, self.ends_at)
        return ends if ends > self.starts else ends + WEEK_SECONDS

    def contains(self, local_seconds: int) -> bool:
        """Whether a local time, in seconds as by `to_local_seconds`, lies inside: the start does, the end does not."""
        second = local_seconds % WEEK_SECONDS
        return self.starts <= second < self.ends or second + WEEK_SECONDS < self.ends


def _seconds_of_week(day: Weekday, at: time) -> int:
    return _DAY_NUMBERS[day] * DAY_SECONDS + at.hour * HOUR_SECONDS + at.minute * 60 + at.second


def _require_time_of_day(field: str, at: time) -> None:
    if at.tzinfo is not None:
        raise InvalidValueError(field, "must be a local time without a zone or an offset")
    if at.microsecond:
        raise InvalidValueError(field, "must be a whole second")

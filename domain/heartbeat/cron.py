"""When a job of cron runs: five fields, as crontab(5) of Vixie's cron has them.

    minute  hour  day of month  month  day of week

Each is `*`, a number, a range `1-5`, either with a step `/2`, or several of these by commas; months and days of the
week may be named by three letters, and Sunday is 0 or 7. Where both days are restricted, either of them will do.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValueError
from domain.shared.local_time import latest_local, to_instant

CRON_CHARACTERS: Final = 100  # more than this nobody can read
# 29 February of a century that is no leap year: eight years from one to the next.
_DAYS_AHEAD: Final = 8 * 366 + 1
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY: Final = timedelta(days=1)


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()  # of its values, from the least on


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """Which local times it means. Made by `read`."""

    minutes: tuple[int, ...]  # in order
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Sunday is 0
    is_any_day: bool
    is_any_weekday: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `InvalidValueError`, field `cron`."""
        parts = text.lower().split()
        if len(text) > CRON_CHARACTERS or len(parts) != len(_FIELDS):
            raise InvalidValueError("cron", "needs five fields: minute, hour, day of month, month, day of week")
        minutes, hours, days, months, weekdays = (
            _values(part, field) for part, field in zip(parts, _FIELDS, strict=True)
        )
        cron = cls(
            minutes=tuple(sorted(minutes)),
            hours=tuple(sorted(hours)),
            days=days,
            months=months,
            weekdays=frozenset(each % 7 for each in weekdays),
            is_any_day=parts[2].startswith("*"),
            is_any_weekday=parts[4].startswith("*"),
        )
        if cron.next_local(datetime(2000, 1, 1)) is None:  # noqa: DTZ001  # local times have no zone
            raise InvalidValueError("cron", "names a day that never comes")
        return cron

    def next_local(self, after: datetime) -> datetime | None:
        """The first local time that it means after this one; None: none for eight years."""
        first = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = datetime.combine(first.date(), time.min)
        for _ in range(_DAYS_AHEAD):
            if self._runs_on(day):
                since = first if day.date() == first.date() else day
                found = self._in_day(since)
                if found is not None:
                    return found
            day += _DAY
        return None

    def next_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant after this one at which it runs in the zone.

        A time that the clock skips is run at the first instant after the skip; one that comes twice, at its first.
        """
        local = self.next_local(latest_local(at, zone))
        assert local is not None, "`read` refuses what never comes"
        return to_instant(local, zone)

    def _runs_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def _in_day(self, since: datetime) -> datetime | None:
        """The first of its times of the day, at or after this one."""
        for hour in self.hours:
            if hour < since.hour:
                continue
            least = since.minute if hour == since.hour else 0
            minute = next((each for each in self.minutes if each >= least), None)
            if minute is not None:
                return since.replace(hour=hour, minute=minute)
        return None


def _values(text: str, field: _Field) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        every = _number(step, field) if slash else 1
        if every < 1:
            raise _wrong(field, part)
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = field.least, field.most
        elif dash:
            low, high = _number(first, field), _number(last, field)
        else:
            low = _number(first, field)
            high = field.most if slash else low
        if not field.least <= low <= high <= field.most:
            raise _wrong(field, part)
        values.update(range(low, high + 1, every))
    return frozenset(values)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.least + field.names.index(text)
    if not (text.isascii() and text.isdecimal() and len(text) <= 2):
        raise _wrong(field, text)
    return int(text)


def _wrong(field: _Field, text: str) -> InvalidValueError:
    return InvalidValueError("cron", f"has {text!r} as {field.name}, allowed are {field.least} to {field.most}")

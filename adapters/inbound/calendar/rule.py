"""On which days an event comes back. RFC 5545, 3.3.10.

Followed are days, weeks, months and years (FREQ) with INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH and WKST: what
calendars offer to people. Whether a rule falls on a day is told of each day alone, so that what it costs is known
beforehand: other libraries look for the next day until the year 9999, whether or not there ever is one.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY: Final = re.compile(r"(?P<nth>[+-]?[0-9]{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")
_FOLLOWED: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"})


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(NamedTuple):
    """Counted from Monday as 0; the `nth` of its month or year, from the end when negative, or each (0)."""

    weekday: int
    nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Days that are counted from a first one, which is one of them whatever the rule says."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None  # how many there are, the first one among them
    until: date | None = None  # or an instant, or a local time: the last one on or before it
    by_day: tuple[Weekday, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    week_starts: int = 0

    def falls_on(self, day: date, *, first: date) -> bool:
        """Whether it comes back on the day, but for `count` and `until`."""
        if day < first or self._periods_since(first, day) % self.interval:
            return False
        if not (self.by_day or self.by_month_day):
            return self._is_like(day, first)
        return (
            (not self.by_month or day.month in self.by_month)
            and (not self.by_month_day or _is_day_of(day, self.by_month_day))
            and (not self.by_day or self._is_weekday(day))
        )

    def is_over(self, local: datetime, instant: datetime) -> bool:
        """Whether it has ended before an event that begins then."""
        if self.until is None:
            return False
        if not isinstance(self.until, datetime):
            return local.date() > self.until
        return local > self.until if self.until.tzinfo is None else instant > self.until

    def _periods_since(self, first: date, day: date) -> int:
        match self.frequency:
            case Frequency.DAILY:
                return (day - first).days
            case Frequency.WEEKLY:
                return (self._week_of(day) - self._week_of(first)).days // 7
            case Frequency.MONTHLY:
                return (day.year - first.year) * 12 + day.month - first.month
            case Frequency.YEARLY:
                return day.year - first.year

    def _week_of(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self.week_starts) % 7)

    def _is_like(self, day: date, first: date) -> bool:
        """What no part says is as on the first day."""
        months = self.by_month or ((first.month,) if self.frequency is Frequency.YEARLY else ())
        if months and day.month not in months:
            return False
        match self.frequency:
            case Frequency.DAILY:
                return True
            case Frequency.WEEKLY:
                return day.weekday() == first.weekday()
            case Frequency.MONTHLY | Frequency.YEARLY:
                return day.day == first.day

    def _is_weekday(self, day: date) -> bool:
        if self.frequency is Frequency.YEARLY and not self.by_month:
            place, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        else:
            place, length = day.day, monthrange(day.year, day.month)[1]
        nths = {0, (place - 1) // 7 + 1, -((length - place) // 7 + 1)}
        return any(each.weekday == day.weekday() and each.nth in nths for each in self.by_day)


def read_rule(parts: Mapping[str, Sequence[Any]]) -> Rule:
    """A rule from its parts, as icalendar reads them. Raises `ValueError` for one that is not followed."""
    if unknown := parts.keys() - _FOLLOWED:
        raise ValueError(f"{', '.join(sorted(unknown))} is not followed")
    rule = Rule(
        frequency=Frequency(str(_only(parts, "FREQ"))),
        interval=_least_one(_only(parts, "INTERVAL", 1)),
        count=_least_one(_only(parts, "COUNT")) if "COUNT" in parts else None,
        until=_date(_only(parts, "UNTIL")) if "UNTIL" in parts else None,
        by_day=tuple(_weekday(str(each)) for each in parts.get("BYDAY", ())),
        by_month_day=tuple(int(each) for each in parts.get("BYMONTHDAY", ())),
        by_month=tuple(int(each) for each in parts.get("BYMONTH", ())),
        week_starts=_WEEKDAYS.index(str(_only(parts, "WKST", "MO"))),
    )
    if rule.frequency in {Frequency.DAILY, Frequency.WEEKLY} and any(each.nth for each in rule.by_day):
        raise ValueError("the first or last of a weekday is of a month or a year")
    if rule.frequency is Frequency.WEEKLY and rule.by_month_day:
        raise ValueError("BYMONTHDAY does not go with weeks")
    return rule


def _only(parts: Mapping[str, Sequence[Any]], name: str, default: object = None) -> Any:
    found = parts.get(name, [default])
    if len(found) != 1:
        raise ValueError(f"{name} has {len(found)} values")
    return found[0]


def _least_one(value: Any) -> int:
    number = int(value)
    if number < 1:
        raise ValueError(f"{number} is less than 1")
    return number


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    raise ValueError("UNTIL is no date")


def _weekday(text: str) -> Weekday:
    found = _BYDAY.fullmatch(text.upper())
    if found is None:
        raise ValueError(f"{text} is no weekday")
    return Weekday(_WEEKDAYS.index(found["day"]), int(found["nth"] or 0))


def _is_day_of(day: date, wanted: Collection[int]) -> bool:
    length = monthrange(day.year, day.month)[1]
    return day.day in wanted or day.day - length - 1 in wanted

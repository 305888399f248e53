"""Dates that come back, in a part of the syntax of calendars: `FREQ=WEEKLY;INTERVAL=2;BYDAY=SU`.

RFC 5545, 3.3.10. Taken from it are FREQ of DAILY, WEEKLY and MONTHLY, INTERVAL, BYDAY, BYMONTHDAY and UNTIL, a date;
weeks begin on Mondays.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from domain.shared.errors import InvalidValueError
from domain.shared.limits import RECURRENCE_INTERVAL

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY: Final = re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_EXAMPLE: Final = "such as FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class Day(NamedTuple):
    """A weekday, counted from Monday as 0; of a month the `nth`, from its end when negative, or each (0)."""

    weekday: int
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.nth or ''}{_DAYS[self.weekday]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """On which dates something begins, counted from the first one, which is one of them.

    Raises:
        InvalidValueError: the parts do not go together.
    """

    frequency: Frequency
    interval: int = 1
    by_day: tuple[Day, ...] = ()
    by_month_day: tuple[int, ...] = ()  # from the end of the month when negative
    until: date | None = None  # the last date on which it may begin

    def __post_init__(self) -> None:
        if not 1 <= self.interval <= RECURRENCE_INTERVAL:
            raise _wrong(f"INTERVAL is {self.interval}, allowed are 1 to {RECURRENCE_INTERVAL}")
        if self.by_day and self.frequency is Frequency.DAILY:
            raise _wrong("BYDAY goes with WEEKLY and MONTHLY")
        if self.by_month_day and (self.frequency is not Frequency.MONTHLY or self.by_day):
            raise _wrong("BYMONTHDAY goes with MONTHLY, without BYDAY")
        if any(day.nth for day in self.by_day) and self.frequency is not Frequency.MONTHLY:
            raise _wrong("the first or last of a weekday goes with MONTHLY")
        if any(not 1 <= abs(day) <= 31 for day in self.by_month_day):
            raise _wrong("BYMONTHDAY has days from 1 to 31, or from -31 to -1")

    def falls_on(self, day: date, *, first: date) -> bool:
        """Whether it begins on the date, `first` being the one that it is counted from."""
        if day < first or (self.until is not None and day > self.until):
            return False
        match self.frequency:
            case Frequency.DAILY:
                return (day - first).days % self.interval == 0
            case Frequency.WEEKLY:
                weeks = (_monday(day) - _monday(first)).days // 7
                wanted = {each.weekday for each in self.by_day} or {first.weekday()}
                return weeks % self.interval == 0 and day.weekday() in wanted
            case Frequency.MONTHLY:
                months = (day.year - first.year) * 12 + day.month - first.month
                return months % self.interval == 0 and self._is_in_month(day, first)

    def _is_in_month(self, day: date, first: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        if not self.by_day:
            wanted = self.by_month_day or (first.day,)
            return day.day in wanted or day.day - length - 1 in wanted
        nths = {0, (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)}
        return any(each.weekday == day.weekday() and each.nth in nths for each in self.by_day)

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.by_day:
            parts.append(f"BYDAY={','.join(map(str, self.by_day))}")
        if self.by_month_day:
            parts.append(f"BYMONTHDAY={','.join(map(str, self.by_month_day))}")
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%d}")
        return ";".join(parts)


def parse_recurrence(text: str) -> Recurrence:
    """Raises `InvalidValueError`, which names the part that cannot be understood."""
    parts: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name.upper() in parts:
            raise _wrong(f"{part[:80]!r} is no part of a rule, or comes twice; {_EXAMPLE}")
        parts[name.upper()] = value.upper()
    frequency = parts.pop("FREQ", "")
    if frequency not in Frequency:
        raise _wrong(f"FREQ is {frequency[:80]!r}, allowed are DAILY, WEEKLY and MONTHLY; {_EXAMPLE}")
    found = Recurrence(
        frequency=Frequency(frequency),
        interval=_number("INTERVAL", parts.pop("INTERVAL", "1")),
        by_day=tuple(_day(each) for each in _several(parts.pop("BYDAY", ""))),
        by_month_day=tuple(_number("BYMONTHDAY", each) for each in _several(parts.pop("BYMONTHDAY", ""))),
        until=_date(parts.pop("UNTIL", "")),
    )
    if parts:
        raise _wrong(f"{next(iter(parts))[:80]} is not understood; {_EXAMPLE}")
    return found


def _several(text: str) -> list[str]:
    return text.split(",") if text else []


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise _wrong(f"{name} is {text[:80]!r}, which is no number")
    return int(text)


def _day(text: str) -> Day:
    found = _BYDAY.fullmatch(text)
    if found is None:
        raise _wrong(f"BYDAY has {text[:80]!r}: use MO to SU, for a month also 1SU or -1FR")
    return Day(_DAYS.index(found[2]), int(found[1] or 0))


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(f"UNTIL is {text[:80]!r}: use a date such as 20271231") from None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _wrong(reason: str) -> InvalidValueError:
    return InvalidValueError("recurrence", reason)

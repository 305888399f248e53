from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from application.ports.holidays import HolidayCalendar
from domain.shared.errors import InvalidValueError

# Month and day: what no year moves.
_FIXED: Final[Mapping[str, Mapping[str | None, Collection[tuple[int, int]]]]] = {
    "DE": {None: ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)), "BY": ((1, 6), (8, 15), (11, 1))},
    "FR": {None: ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))},
}


class MemoryHolidayCalendar(HolidayCalendar):
    """A few countries, and of their holidays those that have the same date every year."""

    def dates(self, country: str, subdivision: str | None, *, first: date, last: date) -> frozenset[date]:
        if country not in _FIXED:
            raise InvalidValueError("country", "must be an ISO 3166-1 code, such as DE")
        if subdivision not in _FIXED[country]:
            raise InvalidValueError("subdivision", "must be one of the country's")
        days = {*_FIXED[country][None], *_FIXED[country][subdivision]}
        every = (date(year, month, day) for year in range(first.year, last.year + 1) for month, day in days)
        return frozenset(day for day in every if first <= day <= last)

from collections.abc import Sequence
from datetime import date
from typing import Final

from application.ports.holidays import HolidayCalendar
from domain.shared.errors import InvalidValueError

_EXAMPLES: Final = 8


class WorldHolidayCalendar(HolidayCalendar):
    """By the tables of the package `holidays`, which is imported late: most processes never ask."""

    def dates(self, country: str, subdivision: str | None, *, first: date, last: date) -> frozenset[date]:
        from holidays import country_holidays, list_supported_countries

        known = list_supported_countries(include_aliases=False)
        if country not in known:
            raise InvalidValueError("country", f"must be an ISO 3166-1 code, such as DE, not {country[:8]!r}")
        if subdivision is not None and subdivision not in known[country]:
            raise InvalidValueError("subdivision", _which(country, known[country]))
        years = range(first.year, last.year + 1)
        found = country_holidays(country, subdiv=subdivision, years=years, expand=False)
        return frozenset(day for day in found if first <= day <= last)


def _which(country: str, known: Sequence[str]) -> str:
    if not known:
        return f"must be left out: {country} has the same holidays everywhere"
    more = ", and others" if len(known) > _EXAMPLES else ""
    return f"must be one of {country}: {', '.join(known[:_EXAMPLES])}{more}"

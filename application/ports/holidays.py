from abc import abstractmethod
from datetime import date
from typing import Protocol


class HolidayCalendar(Protocol):
    """The public holidays of countries."""

    @abstractmethod
    def dates(self, country: str, subdivision: str | None, *, first: date, last: date) -> frozenset[date]:
        """The holidays from the first to the last day, both included, with the days on which they are made up for.

        `country` is an ISO 3166-1 code of two letters, `subdivision` one of ISO 3166-2 without the country. None asks
        for what is a holiday in the whole country.

        Raises:
            InvalidValueError: the country or the subdivision is not known, with an example of what would do.
        """

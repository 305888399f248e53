from datetime import date
from typing import Final

from application.ports.holidays import HolidayCalendar
from domain.shared.errors import InvalidValueError

_ANY_DAY: Final = date(2026, 1, 1)  # whether the region is known does not depend on it


def require_holidays(holidays: HolidayCalendar, region: str | None) -> None:
    """Raises `InvalidValueError` when nobody knows the holidays of the region."""
    if region is None:
        return
    country, _, part = region.partition("-")
    try:
        holidays.dates(country, part or None, first=_ANY_DAY, last=_ANY_DAY)
    except InvalidValueError as error:
        raise InvalidValueError("holiday_region", error.reason) from None

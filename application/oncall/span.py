from datetime import timedelta
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.interval import Interval

SPAN_MAX: Final = timedelta(days=366)  # any year, whole


def require_span(interval: Interval) -> None:
    """Raises `InvalidValueError` for an interval so long that its answer would have no bound."""
    if interval.duration > SPAN_MAX:
        raise InvalidValueError("interval", f"must be at most {SPAN_MAX.days} days long")

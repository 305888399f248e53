import msgspec

from adapters.inbound.http.fields import LocalTime
from domain.shared.weekly_window import Weekday, WeeklyWindow


class WeeklyWindowBody(msgspec.Struct, forbid_unknown_fields=True):
    """Hours that come back every week. One that ends where it starts is the whole week."""

    starts_on: Weekday
    starts_at: LocalTime
    ends_on: Weekday
    ends_at: LocalTime


def window_of(body: WeeklyWindowBody) -> WeeklyWindow:
    """Raises `InvalidValueError`."""
    return WeeklyWindow(starts_on=body.starts_on, starts_at=body.starts_at, ends_on=body.ends_on, ends_at=body.ends_at)

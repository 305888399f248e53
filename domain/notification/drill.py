"""When everybody is sent a test page: an hour of the week, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final, Self

from domain.shared.errors import InvalidValueError

# Long enough for a deployment in its middle; whoever was not told by then is told the week after.
WINDOW: Final = timedelta(hours=1)


class _Day(IntEnum):
    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class DrillTime:
    """A weekday and an hour, or never."""

    weekday: int | None = None  # 0 is Monday, as for datetime
    hour: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """`tue 10`: Tuesdays from 10:00 to 11:00 UTC. Empty: never. Raises `InvalidValueError`."""
        if not text.strip():
            return cls()
        day, _, hour = text.strip().upper().partition(" ")
        if day not in _Day.__members__ or not (hour.isascii() and hour.isdecimal() and int(hour) < 24):
            raise InvalidValueError("drill_weekly", "must be a day and an hour in UTC, such as `tue 10`")
        return cls(_Day[day].value, int(hour))

    def is_open(self, at: datetime) -> bool:
        instant = at.astimezone(UTC)
        if self.weekday is None or instant.weekday() != self.weekday:
            return False
        begins = instant.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return begins <= instant < begins + WINDOW

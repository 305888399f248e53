"""When somebody looks after a service anyway: hours of the week, on the wall clock of a zone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValueError
from domain.shared.limits import LAYER_RESTRICTIONS
from domain.shared.local_time import (
    WEEK_SECONDS,
    from_local_seconds,
    latest_local,
    to_instant,
    to_local_seconds,
    zone_named,
)
from domain.shared.weekly_window import WeeklyWindow

# An opening may be lost to a clock change that skips it, once; the same one of the week after is not.
_WEEKS_AHEAD: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportHours:
    """Weekly windows in a zone. Which clock changes skip or repeat them is as for everything local.

    Raises:
        InvalidValueError: there is no such zone, or no window, or too many.
    """

    time_zone: str
    windows: tuple[WeeklyWindow, ...]

    def __post_init__(self) -> None:
        zone_named("time_zone", self.time_zone)
        if not 1 <= len(self.windows) <= LAYER_RESTRICTIONS:
            reason = f"has {len(self.windows)} entries, allowed are 1 to {LAYER_RESTRICTIONS}"
            raise InvalidValueError("windows", reason)

    def are_open(self, at: datetime) -> bool:
        """Whether the instant lies in one of the windows."""
        local = to_local_seconds(latest_local(at, self._zone))
        return any(window.contains(local) for window in self.windows)

    def next_opening(self, at: datetime) -> datetime | None:
        """The first instant after this one, outside of the windows, that lies inside; None: they are open now."""
        if self.are_open(at):
            return None
        local = to_local_seconds(latest_local(at, self._zone))
        monday = local - local % WEEK_SECONDS
        starts = sorted(
            monday + week * WEEK_SECONDS + window.starts for week in range(_WEEKS_AHEAD) for window in self.windows
        )
        openings = (to_instant(from_local_seconds(start), self._zone) for start in starts if start > local)
        return next(opening for opening in openings if self.are_open(opening))

    @property
    def _zone(self) -> ZoneInfo:
        return zone_named("time_zone", self.time_zone)

"""When a rule applies: windows of the week on the wall clock of a zone."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import InvalidValueError
from domain.shared.limits import ROUTE_WINDOWS
from domain.shared.local_time import latest_local, to_local_seconds, zone_named
from domain.shared.weekly_window import WeeklyWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """By the rules of `domain.shared.local_time` where clocks change.

    Raises:
        InvalidValueError: the zone is unknown, or there are no windows or too many.
    """

    time_zone: str
    windows: tuple[WeeklyWindow, ...]

    def __post_init__(self) -> None:
        zone_named("time_zone", self.time_zone)
        if not 1 <= len(self.windows) <= ROUTE_WINDOWS:
            reason = f"has {len(self.windows)} entries, allowed are 1 to {ROUTE_WINDOWS}"
            raise InvalidValueError("windows", reason)

    def contain(self, at: datetime) -> bool:
        """Whether the instant lies in one of the windows."""
        second = to_local_seconds(latest_local(at, zone_named("time_zone", self.time_zone)))
        return any(window.contains(second) for window in self.windows)

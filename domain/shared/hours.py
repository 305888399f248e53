"""When something applies: windows of the week on the wall clock of a zone."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import InvalidValueError
from domain.shared.limits import CONDITION_WINDOWS
from domain.shared.local_time import latest_local, to_local_seconds, zone_named
from domain.shared.weekly_window import WeeklyWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Windows of the week on the wall clock of a zone, by the rules of `domain.shared.local_time`.

    Raises:
        InvalidValueError: the zone is unknown, there are no windows or too many, or one ends before it starts.
    """

    time_zone: str
    windows: tuple[WeeklyWindow, ...]

    def __post_init__(self) -> None:
        zone_named("time_zone", self.time_zone)
        if not 1 <= len(self.windows) <= CONDITION_WINDOWS:
            raise InvalidValueError(
                "windows",
                f"has {len(self.windows)} entries, allowed are 1 to {CONDITION_WINDOWS}, such as monday 09:00 to"
                " monday 17:00",
            )
        for number, window in enumerate(self.windows):
            _require_forward(f"windows[{number}].ends_at", window)

    def contain(self, at: datetime) -> bool:
        """Whether the instant lies in one of the windows."""
        second = to_local_seconds(latest_local(at, zone_named("time_zone", self.time_zone)))
        return any(window.contains(second) for window in self.windows)


def _require_forward(field: str, window: WeeklyWindow) -> None:
    """A window on one day that ends before it starts was meant otherwise: as it stands it is nearly the whole week."""
    if window.starts_on is window.ends_on and window.ends_at < window.starts_at:
        raise InvalidValueError(
            field,
            f"is {window.ends_at:%H:%M}, before the start at {window.starts_at:%H:%M} on the same {window.starts_on};"
            " swap the two, or end on the next day",
        )

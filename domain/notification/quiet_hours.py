"""Hours in which a person is not told of what can wait until the morning."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from domain.shared.errors import InvalidValueError
from domain.shared.local_time import latest_local, to_instant, zone_named


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Every night from `starts` up to `ends` on the wall clock of the person's zone; they may run over midnight.

    They hold back low urgency only. At clock changes they begin and end by the rule of `local_time.py`.

    Raises:
        InvalidValueError: they are empty, a time has a zone or parts of a second, or the zone is unknown.
    """

    starts: time
    ends: time
    time_zone: str

    def __post_init__(self) -> None:
        for field, at in (("starts", self.starts), ("ends", self.ends)):
            if at.tzinfo is not None or at.microsecond:
                raise InvalidValueError(field, "must be a local time of whole seconds, such as 22:00")
        if self.starts == self.ends:
            raise InvalidValueError("ends", "must not be the same as starts; leave both out to have no quiet hours")
        zone_named("time_zone", self.time_zone)

    def end_after(self, at: datetime) -> datetime | None:
        """When the quiet hours that the instant lies in are over; None when it lies in none."""
        zone = zone_named("time_zone", self.time_zone)
        local = latest_local(at, zone)
        now = local.time()
        is_over_midnight = self.starts > self.ends
        is_quiet = (now >= self.starts or now < self.ends) if is_over_midnight else self.starts <= now < self.ends
        if not is_quiet:
            return None
        ends_tomorrow = is_over_midnight and now >= self.starts
        day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
        return to_instant(datetime.combine(day, self.ends), zone)

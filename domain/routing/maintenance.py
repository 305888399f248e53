"""Planned times in which what a team runs pages nobody, once or again and again, on the wall clock of a zone."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from domain.routing.matcher import Matcher, require_few
from domain.routing.recurrence import Recurrence
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import MaintenanceId, ServiceId, TeamId
from domain.shared.limits import (
    MAINTENANCE_SECONDS_MAX,
    MAINTENANCE_SECONDS_MIN,
    MAINTENANCE_SERVICES,
    NAME_CHARACTERS,
)
from domain.shared.local_time import LAST_YEAR, latest_local, require_local, to_instant, zone_named
from domain.shared.text import require_length

_DAY: Final = timedelta(days=1)
FOREVER: Final = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Begins at a local time, lasts for so long on the wall clock, and comes back if it has a recurrence.

    Raises:
        InvalidValueError: a part is outside its limit, or the start is no date of its own recurrence.
    """

    id: MaintenanceId
    team_id: TeamId
    name: str
    time_zone: str
    starts_at: datetime  # local, the first time
    duration: timedelta
    burns_error_budget: bool  # whether what breaks meanwhile counts against an objective
    recurrence: Recurrence | None = None  # None: once
    service_ids: tuple[ServiceId, ...] = ()  # of the team; none: all of its services
    matchers: tuple[Matcher, ...] = field(default=())  # none: all alerts
    ended_at: datetime | None = None  # when somebody ended it for good
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        zone_named("time_zone", self.time_zone)
        require_local("starts_at", self.starts_at)
        require_few(self.matchers)
        lasts = self.duration.total_seconds()
        if not MAINTENANCE_SECONDS_MIN <= lasts <= MAINTENANCE_SECONDS_MAX or self.duration.microseconds:
            reason = f"is {lasts:g}, allowed are {MAINTENANCE_SECONDS_MIN} to {MAINTENANCE_SECONDS_MAX}"
            raise InvalidValueError("duration_seconds", reason)
        if len(self.service_ids) > MAINTENANCE_SERVICES:
            reason = f"has {len(self.service_ids)} entries, allowed are at most {MAINTENANCE_SERVICES}"
            raise InvalidValueError("service_ids", reason)
        if not self._begins_on(self.starts_at):
            raise InvalidValueError("starts_at", f"is no date of its own recurrence, {self.recurrence}")

    def end_at(self, at: datetime, *, team_id: TeamId, service_id: ServiceId) -> datetime | None:
        """Until when an alert of the team's service is muted that fires at the instant; None: it is not."""
        is_meant = team_id == self.team_id and (not self.service_ids or service_id in self.service_ids)
        return self.holds_until(at) if is_meant else None

    def holds_until(self, at: datetime) -> datetime | None:
        """The end of the time that holds at the instant; None: none does."""
        return None if self.ended_at is not None and self.ended_at <= at else self._end(at)

    @property
    def over_at(self) -> datetime:
        """From when on it will never hold again; `FOREVER` for one that comes back without end."""
        if self.ended_at is not None:
            return self.ended_at
        zone = zone_named("time_zone", self.time_zone)
        if self.recurrence is None:
            return to_instant(self.starts_at + self.duration, zone)
        until = self.recurrence.until
        if until is None:
            return FOREVER
        return to_instant(datetime.combine(until, self.starts_at.time()) + self.duration, zone)

    def end(self, *, at: datetime) -> Self:
        """End it for good, now.

        Raises:
            IllegalTransitionError: it is over.
        """
        if self.over_at <= at:
            raise IllegalTransitionError("maintenance", "over", "ended")
        return replace(self, ended_at=at)

    @property
    def sentence(self) -> str:
        """For people."""
        return f"maintenance: {self.name}"

    def _end(self, at: datetime) -> datetime | None:
        """The end of the occurrence that holds at the instant; of several, the latest."""
        zone = zone_named("time_zone", self.time_zone)
        local = latest_local(at, zone)
        ends = [start + self.duration for start in self._starts_before(local) if local < start + self.duration]
        return to_instant(max(ends), zone) if ends else None

    def _starts_before(self, local: datetime) -> Iterator[datetime]:
        """When it began, as far as it could still last."""
        for days in range(self.duration // _DAY + 2):
            try:
                start = datetime.combine((local - days * _DAY).date(), self.starts_at.time())
            except OverflowError:  # before the calendar
                return
            if start <= local and self._begins_on(start):
                yield start

    def _begins_on(self, start: datetime) -> bool:
        if self.recurrence is None:
            return start == self.starts_at
        return self.recurrence.falls_on(start.date(), first=self.starts_at.date())

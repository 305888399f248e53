from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from application.ports.ids import IdFactory
from application.ports.schedules import ScheduleRepository
from domain.oncall.calendar_import import imported, says_the_same
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TemporaryScheduleId, UserId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class ImportedSchedule:
    """The one temporary schedule that a calendar puts on a schedule, which its caller holds."""

    schedules: ScheduleRepository
    ids: IdFactory

    async def put(
        self,
        schedule: Schedule,
        before: TemporaryScheduleId | None,
        found: Iterable[tuple[UserId, Interval]],
        *,
        as_layer: bool,
        at: datetime,
    ) -> TemporaryScheduleId:
        """Have these shifts on it from now on; when they are there already, nothing changes.

        Raises `InvalidValueError` when a temporary schedule of somebody's is in the way.
        """
        old = _of(schedule, before)
        wanted = imported(TemporaryScheduleId(self.ids.new()), found, at, as_layer=as_layer)
        if old is not None and says_the_same(old, wanted):
            return old.id
        for other in schedule.temporaries:
            if other is not old and other.overlaps(wanted):
                reason = f"a temporary schedule from {other.starts_at:%Y-%m-%d %H:%M} UTC on is in the way: remove it"
                raise InvalidValueError("temporaries", reason)
        await self.take_back(schedule, before, at=at)
        await self.schedules.add_temporary(schedule.id, wanted, at=at)
        return wanted.id

    async def take_back(self, schedule: Schedule, temporary_id: TemporaryScheduleId | None, *, at: datetime) -> None:
        """Let it end now, or never happen, if it has not been taken back by somebody already."""
        old = _of(schedule, temporary_id)
        if old is None:
            return
        if old.starts_at < at:
            await self.schedules.end_temporary(schedule.id, old.id, at=at)
        else:
            await self.schedules.remove_temporary(schedule.id, old.id, at=at)


def _of(schedule: Schedule, temporary_id: TemporaryScheduleId | None) -> TemporarySchedule | None:
    return next((each for each in schedule.temporaries if each.id == temporary_id), None)

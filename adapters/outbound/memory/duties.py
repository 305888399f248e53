from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.duties import Duties
from domain.oncall.absence import participants
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, UserId


@dataclass(frozen=True, slots=True)
class MemoryDuties(Duties):
    session: MemorySession

    async def schedules_of(self, user_id: UserId, *, since: datetime) -> tuple[ScheduleId, ...]:
        schedules = self.session.database.schedules.values()
        return tuple(sorted(each.id for each in schedules if _names(each, user_id, since)))


def _names(schedule: Schedule, user_id: UserId, since: datetime) -> bool:
    stands_in = any(each.user_id == user_id and each.ends_at > since for each in schedule.overrides)
    return stands_in or user_id in participants(schedule)

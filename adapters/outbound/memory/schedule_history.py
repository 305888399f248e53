from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.named import page_of
from application.ports.page import Page, PageRequest
from application.ports.schedule_history import KnownSchedule, NewestVersionsFirst, ScheduleHistory
from domain.oncall.history import History, ScheduleVersion, as_known, bearing_on
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class MemoryScheduleHistory(ScheduleHistory):
    session: MemorySession

    async def of(
        self, schedule_ids: Collection[ScheduleId], interval: Interval, *, known_at: datetime | None = None
    ) -> Mapping[ScheduleId, KnownSchedule]:
        schedules, histories = self.session.database.schedules, self.session.database.schedule_histories
        return {
            each: KnownSchedule(each, schedules[each].name, bearing_on(histories[each], interval, known_at))
            for each in schedule_ids
            if each in schedules
        }

    async def page(
        self, request: PageRequest, interval: Interval, *, team_id: TeamId | None = None
    ) -> Page[KnownSchedule]:
        schedules = self.session.database.schedules.values()
        found = page_of(schedules, request, is_wanted=lambda each: team_id in (None, each.team_id))
        known = await self.of([each.id for each in found.items], interval)
        return Page(tuple(known[each.id] for each in found.items), found.has_more)

    async def versions(self, schedule_id: ScheduleId, request: NewestVersionsFirst) -> Page[ScheduleVersion]:
        history = self.session.database.schedule_histories.get(schedule_id, History())
        wanted = [each for each in reversed(history.versions) if request.before is None or each.number < request.before]
        return Page(tuple(wanted[: request.limit]), len(wanted) > request.limit)


def as_in_force(database: MemoryDatabase, schedule_id: ScheduleId, *, at: datetime) -> Schedule:
    """A stored schedule with the zone and the layers in force at the instant; before the first, those made last."""
    stored = database.schedules[schedule_id]
    in_force = as_known(database.schedule_histories[schedule_id]).in_force(at)
    if in_force is None:
        return stored
    return replace(
        in_force,
        team_id=stored.team_id,
        name=stored.name,
        version=stored.version,
        overrides=stored.overrides,
        temporaries=stored.temporaries,
        shadows=stored.shadows,
    )

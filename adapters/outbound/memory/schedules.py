from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from adapters.outbound.memory.schedule_history import as_in_force
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from domain.oncall.history import History, ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.ids import OverrideId, ScheduleId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryScheduleRepository(ScheduleRepository):
    session: MemorySession

    async def get(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        return await self.look_up(schedule_id, since=since)

    async def look_up(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        return self._since(self._stored(schedule_id), since)

    async def look_up_many(self, schedule_ids: Collection[ScheduleId], *, since: datetime) -> tuple[Schedule, ...]:
        schedules = self.session.database.schedules
        return tuple(self._since(schedules[each], since) for each in sorted(set(schedule_ids)) if each in schedules)

    async def save(self, schedule: Schedule, *, at: datetime, effective_at: datetime | None = None) -> Schedule:
        schedules, histories = self.session.database.schedules, self.session.database.schedule_histories
        before = schedules.get(schedule.id)
        require_as_read("schedule", schedule, before)
        require_free_name("schedule", schedule, schedules.values())
        stored = replace(schedule, version=schedule.version + 1)
        version = ScheduleVersion(
            schedule=replace(stored, overrides=()),
            known_at=at,
            effective_at=at if effective_at is None else effective_at,
        )
        histories[stored.id] = histories.get(stored.id, History()).with_version(version)
        schedules[stored.id] = replace(stored, overrides=() if before is None else before.overrides)
        return stored

    async def rename(self, schedule: Schedule) -> Schedule:
        assert schedule.version > 0, "what is new has a name already"
        schedules = self.session.database.schedules
        before = self._stored(schedule.id)
        require_as_read("schedule", schedule, before)
        require_free_name("schedule", schedule, schedules.values())
        stored = replace(schedule, version=schedule.version + 1)
        schedules[stored.id] = replace(before, team_id=stored.team_id, name=stored.name, version=stored.version)
        return stored

    async def list(self, page: PageRequest, *, since: datetime, team_id: TeamId | None = None) -> Page[Schedule]:
        schedules = self.session.database.schedules.values()
        found = page_of(schedules, page, is_wanted=lambda each: team_id in (None, each.team_id))
        return Page(tuple(self._since(each, since) for each in found.items), found.has_more)

    async def get_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> Override:
        schedule = self.session.database.schedules.get(schedule_id)
        for override in () if schedule is None else schedule.overrides:
            if override.id == override_id:
                return override
        raise NotFoundError("override", override_id)

    async def add_override(self, schedule_id: ScheduleId, override: Override, *, at: datetime) -> None:
        schedule = self._stored(schedule_id)
        if any(_contradict(override, other) for other in schedule.overrides):
            raise ConflictError("override", override.id, "overlaps another for the same user")
        self._store(schedule, (*schedule.overrides, override))
        histories = self.session.database.schedule_histories
        histories[schedule_id] = histories[schedule_id].with_override(override, at=at)

    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        gone = await self.get_override(schedule_id, override_id)
        schedule = self._stored(schedule_id)
        self._store(schedule, tuple(each for each in schedule.overrides if each != gone))
        self._forget(schedule_id, override_id, at)

    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        old = await self.get_override(schedule_id, override_id)
        schedule = self._stored(schedule_id)
        self._store(schedule, tuple(replace(each, ends_at=at) if each == old else each for each in schedule.overrides))
        self._forget(schedule_id, override_id, at)

    def _forget(self, schedule_id: ScheduleId, override_id: OverrideId, at: datetime) -> None:
        histories = self.session.database.schedule_histories
        histories[schedule_id] = histories[schedule_id].without_override(override_id, at=at)

    def _since(self, schedule: Schedule, since: datetime) -> Schedule:
        in_force = as_in_force(self.session.database, schedule.id, at=since)
        return replace(in_force, overrides=tuple(each for each in in_force.overrides if each.ends_at > since))

    def _stored(self, schedule_id: ScheduleId) -> Schedule:
        schedule = self.session.database.schedules.get(schedule_id)
        if schedule is None:
            raise NotFoundError("schedule", schedule_id)
        return schedule

    def _store(self, schedule: Schedule, overrides: tuple[Override, ...]) -> None:
        in_order = tuple(sorted(overrides, key=lambda override: override.id))
        self.session.database.schedules[schedule.id] = replace(schedule, overrides=in_order)


def _contradict(one: Override, other: Override) -> bool:
    """Two that replace the same person at the same time would leave open which of them holds."""
    return one.replaces == other.replaces and one.starts_at < other.ends_at and other.starts_at < one.ends_at

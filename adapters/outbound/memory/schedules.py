from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from adapters.outbound.memory.schedule_history import as_in_force
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from domain.oncall.history import History, ScheduleVersion, known_parts
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TeamId, TemporaryScheduleId


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
            schedule=stored.without_parts(),
            known_at=at,
            effective_at=at if effective_at is None else effective_at,
        )
        histories[stored.id] = histories.get(stored.id, History()).with_version(version)
        schedules[stored.id] = replace(
            stored,
            overrides=() if before is None else before.overrides,
            temporaries=() if before is None else before.temporaries,
            shadows=() if before is None else before.shadows,
        )
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
        if any(override.contradicts(other) for other in self._stored(schedule_id).overrides):
            raise ConflictError("override", override.id, "overlaps another for the same user")
        self._keep(schedule_id, self._history(schedule_id).with_override(override, at=at))

    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        gone = await self.get_override(schedule_id, override_id)
        self._keep(schedule_id, self._history(schedule_id).without_override(gone.id, at=at))

    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        await self.remove_override(schedule_id, override_id, at=at)

    async def get_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> TemporarySchedule:
        schedule = self.session.database.schedules.get(schedule_id)
        for temporary in () if schedule is None else schedule.temporaries:
            if temporary.id == temporary_id:
                return temporary
        raise NotFoundError("temporary schedule", temporary_id)

    async def add_temporary(self, schedule_id: ScheduleId, temporary: TemporarySchedule, *, at: datetime) -> None:
        if any(temporary.overlaps(other) for other in self._stored(schedule_id).temporaries):
            raise ConflictError("temporary schedule", temporary.id, "overlaps another")
        self._keep(schedule_id, self._history(schedule_id).with_temporary(temporary, at=at))

    async def remove_temporary(
        self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime
    ) -> None:
        gone = await self.get_temporary(schedule_id, temporary_id)
        self._keep(schedule_id, self._history(schedule_id).without_temporary(gone.id, at=at))

    async def end_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime) -> None:
        await self.remove_temporary(schedule_id, temporary_id, at=at)

    async def get_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Shadow:
        schedule = self.session.database.schedules.get(schedule_id)
        for shadow in () if schedule is None else schedule.shadows:
            if shadow.id == shadow_id:
                return shadow
        raise NotFoundError("shadow", shadow_id)

    async def add_shadow(self, schedule_id: ScheduleId, shadow: Shadow, *, at: datetime) -> None:
        self._keep(schedule_id, self._history(schedule_id).with_shadow(shadow, at=at))

    async def remove_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        gone = await self.get_shadow(schedule_id, shadow_id)
        self._keep(schedule_id, self._history(schedule_id).without_shadow(gone.id, at=at))

    async def end_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        await self.remove_shadow(schedule_id, shadow_id, at=at)

    def _since(self, schedule: Schedule, since: datetime) -> Schedule:
        in_force = as_in_force(self.session.database, schedule.id, at=since)
        return replace(
            in_force,
            overrides=tuple(each for each in in_force.overrides if each.ends_at > since),
            temporaries=tuple(each for each in in_force.temporaries if each.ends_at > since),
            shadows=tuple(each for each in in_force.shadows if each.ends_at > since),
        )

    def _stored(self, schedule_id: ScheduleId) -> Schedule:
        schedule = self.session.database.schedules.get(schedule_id)
        if schedule is None:
            raise NotFoundError("schedule", schedule_id)
        return schedule

    def _history(self, schedule_id: ScheduleId) -> History:
        self._stored(schedule_id)
        return self.session.database.schedule_histories[schedule_id]

    def _keep(self, schedule_id: ScheduleId, history: History) -> None:
        """What is known now, too, in the order in which it was made."""
        database = self.session.database
        database.schedule_histories[schedule_id] = history
        database.schedules[schedule_id] = replace(
            database.schedules[schedule_id],
            overrides=known_parts(history.overrides),
            temporaries=known_parts(history.temporaries),
            shadows=known_parts(history.shadows),
        )

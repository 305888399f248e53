from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
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
        return _since(self._stored(schedule_id), since)

    async def look_up_many(self, schedule_ids: Collection[ScheduleId], *, since: datetime) -> tuple[Schedule, ...]:
        schedules = self.session.database.schedules
        return tuple(_since(schedules[each], since) for each in sorted(set(schedule_ids)) if each in schedules)

    async def save(self, schedule: Schedule) -> Schedule:
        schedules = self.session.database.schedules
        before = schedules.get(schedule.id)
        require_as_read("schedule", schedule, before)
        require_free_name("schedule", schedule, schedules.values())
        stored = replace(schedule, version=schedule.version + 1)
        schedules[stored.id] = replace(
            stored,
            overrides=() if before is None else before.overrides,
            temporaries=() if before is None else before.temporaries,
            shadows=() if before is None else before.shadows,
        )
        return stored

    async def list(self, page: PageRequest, *, since: datetime, team_id: TeamId | None = None) -> Page[Schedule]:
        schedules = self.session.database.schedules.values()
        found = page_of(schedules, page, is_wanted=lambda each: team_id in (None, each.team_id))
        return Page(tuple(_since(each, since) for each in found.items), found.has_more)

    async def get_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> Override:
        schedule = self.session.database.schedules.get(schedule_id)
        for override in () if schedule is None else schedule.overrides:
            if override.id == override_id:
                return override
        raise NotFoundError("override", override_id)

    async def add_override(self, schedule_id: ScheduleId, override: Override) -> None:
        schedule = self._stored(schedule_id)
        if any(override.contradicts(other) for other in schedule.overrides):
            raise ConflictError("override", override.id, "overlaps another for the same user")
        self._store(schedule, (*schedule.overrides, override))

    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> None:
        gone = await self.get_override(schedule_id, override_id)
        schedule = self._stored(schedule_id)
        self._store(schedule, tuple(each for each in schedule.overrides if each != gone))

    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        old = await self.get_override(schedule_id, override_id)
        schedule = self._stored(schedule_id)
        self._store(schedule, tuple(replace(each, ends_at=at) if each == old else each for each in schedule.overrides))

    async def get_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> TemporarySchedule:
        schedule = self.session.database.schedules.get(schedule_id)
        for temporary in () if schedule is None else schedule.temporaries:
            if temporary.id == temporary_id:
                return temporary
        raise NotFoundError("temporary schedule", temporary_id)

    async def add_temporary(self, schedule_id: ScheduleId, temporary: TemporarySchedule) -> None:
        schedule = self._stored(schedule_id)
        if any(temporary.overlaps(other) for other in schedule.temporaries):
            raise ConflictError("temporary schedule", temporary.id, "overlaps another")
        self._store_temporaries(schedule, (*schedule.temporaries, temporary))

    async def remove_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> None:
        gone = await self.get_temporary(schedule_id, temporary_id)
        schedule = self._stored(schedule_id)
        self._store_temporaries(schedule, tuple(each for each in schedule.temporaries if each != gone))

    async def end_temporary(self, schedule_id: ScheduleId, ended: TemporarySchedule) -> None:
        await self.remove_temporary(schedule_id, ended.id)
        schedule = self._stored(schedule_id)
        self._store_temporaries(schedule, (*schedule.temporaries, ended))

    async def get_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Shadow:
        schedule = self.session.database.schedules.get(schedule_id)
        for shadow in () if schedule is None else schedule.shadows:
            if shadow.id == shadow_id:
                return shadow
        raise NotFoundError("shadow", shadow_id)

    async def add_shadow(self, schedule_id: ScheduleId, shadow: Shadow) -> None:
        schedule = self._stored(schedule_id)
        self._store_shadows(schedule, (*schedule.shadows, shadow))

    async def remove_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> None:
        gone = await self.get_shadow(schedule_id, shadow_id)
        schedule = self._stored(schedule_id)
        self._store_shadows(schedule, tuple(each for each in schedule.shadows if each != gone))

    async def end_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        old = await self.get_shadow(schedule_id, shadow_id)
        schedule = self._stored(schedule_id)
        ended = tuple(replace(each, ends_at=at) if each == old else each for each in schedule.shadows)
        self._store_shadows(schedule, ended)

    def _stored(self, schedule_id: ScheduleId) -> Schedule:
        schedule = self.session.database.schedules.get(schedule_id)
        if schedule is None:
            raise NotFoundError("schedule", schedule_id)
        return schedule

    def _store(self, schedule: Schedule, overrides: tuple[Override, ...]) -> None:
        in_order = tuple(sorted(overrides, key=lambda override: override.id))
        self.session.database.schedules[schedule.id] = replace(schedule, overrides=in_order)

    def _store_temporaries(self, schedule: Schedule, temporaries: tuple[TemporarySchedule, ...]) -> None:
        in_order = tuple(sorted(temporaries, key=lambda temporary: temporary.id))
        self.session.database.schedules[schedule.id] = replace(schedule, temporaries=in_order)

    def _store_shadows(self, schedule: Schedule, shadows: tuple[Shadow, ...]) -> None:
        in_order = tuple(sorted(shadows, key=lambda shadow: shadow.id))
        self.session.database.schedules[schedule.id] = replace(schedule, shadows=in_order)


def _since(schedule: Schedule, since: datetime) -> Schedule:
    return replace(
        schedule,
        overrides=tuple(each for each in schedule.overrides if each.ends_at > since),
        temporaries=tuple(each for each in schedule.temporaries if each.ends_at > since),
        shadows=tuple(each for each in schedule.shadows if each.ends_at > since),
    )

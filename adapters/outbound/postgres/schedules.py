from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, DateTime, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_COLUMN

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import layers_body, override_from_row, schedule_from_rows
from adapters.outbound.postgres.schedule_history import as_in_force, keep_override, keep_version
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import schedule_overrides, schedules
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from domain.oncall.history import ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.ids import OverrideId, ScheduleId, TeamId

_IDS = bindparam("ids", None, type_=ARRAY(UUID_COLUMN(as_uuid=True)))
_QUERY = select(
    schedules.c.id,
    schedules.c.team_id,
    schedules.c.name,
    schedules.c.time_zone,
    schedules.c.layers,
    schedules.c.effective_at,
    schedules.c.version,
)
_GET = named.one_of(schedules, _QUERY, is_held=True)
_READ_MANY = Statement(_QUERY.where(schedules.c.id == func.any(_IDS)).order_by(schedules.c.id))
_INSERT = named.inserting(schedules, "id", "team_id", "name", "time_zone", "layers", "effective_at", "version")
_UPDATE = named.updating(schedules, "team_id", "name", "time_zone", "layers", "effective_at", "version")
_RENAME = named.updating(schedules, "team_id", "name", "version")

_OVERRIDES = Statement(
    select(schedule_overrides)
    .where(schedule_overrides.c.schedule_id == func.any(_IDS))
    .where(schedule_overrides.c.ends_at > bindparam("since", None, type_=DateTime(timezone=True)))
)
_IS_IT = (schedule_overrides.c.id == bindparam("key", None)) & (
    schedule_overrides.c.schedule_id == bindparam("of_schedule", None)
)
_OVERRIDE = Statement(select(schedule_overrides).where(_IS_IT))
_ADD = named.inserting(
    schedule_overrides, "id", "schedule_id", "user_id", "replaces_user_id", "starts_at", "ends_at", "known_from"
)
_REMOVE = Statement(delete(schedule_overrides).where(_IS_IT))
_END = Statement(
    update(schedule_overrides)
    .where(_IS_IT)
    .values({column: named.parameter(schedule_overrides, column) for column in ("ends_at", "known_from")})
)


@dataclass(frozen=True, slots=True)
class PostgresScheduleRepository(ScheduleRepository):
    session: PostgresSession

    async def get(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        row = await self.session.row(_GET, key=schedule_id)
        if row is None:
            raise NotFoundError("schedule", schedule_id)
        return (await self._with_overrides([row], since=since))[0]

    async def look_up(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        found = await self.look_up_many([schedule_id], since=since)
        if not found:
            raise NotFoundError("schedule", schedule_id)
        return found[0]

    async def look_up_many(self, schedule_ids: Collection[ScheduleId], *, since: datetime) -> tuple[Schedule, ...]:
        return await self._with_overrides(await self.session.rows(_READ_MANY, ids=list(schedule_ids)), since=since)

    async def save(self, schedule: Schedule, *, at: datetime, effective_at: datetime | None = None) -> Schedule:
        stored = replace(schedule, version=schedule.version + 1)
        version = ScheduleVersion(
            schedule=replace(stored, overrides=()),
            known_at=at,
            effective_at=at if effective_at is None else effective_at,
        )
        row = {
            "id": stored.id,
            "team_id": stored.team_id,
            "name": stored.name,
            "time_zone": stored.time_zone,
            "layers": layers_body(stored.layers),
            "effective_at": version.effective_at,
            "version": stored.version,
        }
        await named.save(self.session, "schedule", _INSERT, _UPDATE, row)
        await keep_version(self.session, version)
        return stored

    async def rename(self, schedule: Schedule) -> Schedule:
        assert schedule.version > 0, "what is new has a name already"
        stored = replace(schedule, version=schedule.version + 1)
        row = {"id": stored.id, "team_id": stored.team_id, "name": stored.name, "version": stored.version}
        await named.save(self.session, "schedule", _INSERT, _RENAME, row)
        return stored

    async def list(self, page: PageRequest, *, since: datetime, team_id: TeamId | None = None) -> Page[Schedule]:
        rows, has_more = await named.page_rows(self.session, _QUERY, schedules, page, team_id=team_id)
        return Page(await self._with_overrides(rows, since=since), has_more)

    async def get_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> Override:
        return override_from_row(await self._override_row(schedule_id, override_id))

    async def add_override(self, schedule_id: ScheduleId, override: Override, *, at: datetime) -> None:
        try:
            await self.session.execute(
                _ADD,
                id=override.id,
                schedule_id=schedule_id,
                user_id=override.user_id,
                replaces_user_id=override.replaces,
                starts_at=override.starts_at,
                ends_at=override.ends_at,
                known_from=at,
            )
        except asyncpg.ExclusionViolationError as error:
            raise ConflictError("override", override.id, "overlaps another for the same user") from error

    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        await keep_override(self.session, await self._override_row(schedule_id, override_id), known_until=at)
        await self.session.execute(_REMOVE, key=override_id, of_schedule=schedule_id)

    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        await keep_override(self.session, await self._override_row(schedule_id, override_id), known_until=at)
        await self.session.execute(_END, key=override_id, of_schedule=schedule_id, ends_at=at, known_from=at)

    async def _override_row(self, schedule_id: ScheduleId, override_id: OverrideId) -> Row:
        row = await self.session.row(_OVERRIDE, key=override_id, of_schedule=schedule_id)
        if row is None:
            raise NotFoundError("override", override_id)
        return row

    async def _with_overrides(self, rows: Sequence[Row], *, since: datetime) -> tuple[Schedule, ...]:
        if not rows:
            return ()
        overrides: defaultdict[UUID, list[Row]] = defaultdict(list)
        for override in await self.session.rows(_OVERRIDES, ids=[row["id"] for row in rows], since=since):
            overrides[override["schedule_id"]].append(override)
        in_force = await as_in_force(self.session, rows, at=since)
        return tuple(schedule_from_rows(row, overrides[row["id"]]) for row in in_force)

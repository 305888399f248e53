from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, DateTime, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_COLUMN
from sqlalchemy.sql import ColumnElement

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import (
    layers_body,
    override_from_row,
    schedule_from_rows,
    shadow_from_row,
    shifts_body,
    temporary_from_row,
)
from adapters.outbound.postgres.schedule_history import (
    as_in_force,
    keep_override,
    keep_shadow,
    keep_temporary,
    keep_version,
)
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import schedule_overrides, schedule_shadows, schedule_temporaries, schedules
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.schedules import ScheduleRepository
from domain.oncall.history import ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TeamId, TemporaryScheduleId

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


def _not_over(table: Table) -> Statement:
    """Of these schedules, what ends after an instant."""
    return Statement(
        select(table)
        .where(table.c.schedule_id == func.any(_IDS))
        .where(table.c.ends_at > bindparam("since", None, type_=DateTime(timezone=True)))
    )


def _is_it(table: Table) -> ColumnElement[bool]:
    return (table.c.id == bindparam("key", None)) & (table.c.schedule_id == bindparam("of_schedule", None))


def _reading(table: Table) -> Statement:
    return Statement(select(table).where(_is_it(table)))


def _removing(table: Table) -> Statement:
    return Statement(delete(table).where(_is_it(table)))


def _changing(table: Table, *columns: str) -> Statement:
    values = {column: named.parameter(table, column) for column in columns}
    return Statement(update(table).where(_is_it(table)).values(values))


_OVERRIDES = _not_over(schedule_overrides)
_OVERRIDE = _reading(schedule_overrides)
_ADD = named.inserting(
    schedule_overrides,
    "id",
    "schedule_id",
    "user_id",
    "replaces_user_id",
    "starts_at",
    "ends_at",
    "kind",
    "known_from",
)
_REMOVE = _removing(schedule_overrides)
_END = _changing(schedule_overrides, "ends_at", "known_from")

_TEMPORARIES = _not_over(schedule_temporaries)
_TEMPORARY = _reading(schedule_temporaries)
_ADD_TEMPORARY = named.inserting(
    schedule_temporaries, "id", "schedule_id", "starts_at", "ends_at", "shifts", "is_layer", "known_from"
)
_REMOVE_TEMPORARY = _removing(schedule_temporaries)
_END_TEMPORARY = _changing(schedule_temporaries, "ends_at", "shifts", "known_from")

_SHADOWS = _not_over(schedule_shadows)
_SHADOW = _reading(schedule_shadows)
_ADD_SHADOW = named.inserting(
    schedule_shadows, "id", "schedule_id", "user_id", "follows_user_id", "layer", "starts_at", "ends_at", "known_from"
)
_REMOVE_SHADOW = _removing(schedule_shadows)
_END_SHADOW = _changing(schedule_shadows, "ends_at", "known_from")


@dataclass(frozen=True, slots=True)
class PostgresScheduleRepository(ScheduleRepository):
    session: PostgresSession

    async def get(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        row = await self.session.row(_GET, key=schedule_id)
        if row is None:
            raise NotFoundError("schedule", schedule_id)
        return (await self._whole([row], since=since))[0]

    async def look_up(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        found = await self.look_up_many([schedule_id], since=since)
        if not found:
            raise NotFoundError("schedule", schedule_id)
        return found[0]

    async def look_up_many(self, schedule_ids: Collection[ScheduleId], *, since: datetime) -> tuple[Schedule, ...]:
        return await self._whole(await self.session.rows(_READ_MANY, ids=list(schedule_ids)), since=since)

    async def save(self, schedule: Schedule, *, at: datetime, effective_at: datetime | None = None) -> Schedule:
        stored = replace(schedule, version=schedule.version + 1)
        version = ScheduleVersion(
            schedule=stored.without_parts(),
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
        return Page(await self._whole(rows, since=since), has_more)

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
                kind=override.kind,
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

    async def get_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> TemporarySchedule:
        return temporary_from_row(await self._temporary_row(schedule_id, temporary_id))

    async def add_temporary(self, schedule_id: ScheduleId, temporary: TemporarySchedule, *, at: datetime) -> None:
        try:
            await self.session.execute(
                _ADD_TEMPORARY,
                id=temporary.id,
                schedule_id=schedule_id,
                starts_at=temporary.starts_at,
                ends_at=temporary.ends_at,
                shifts=shifts_body(temporary.shifts),
                is_layer=temporary.is_layer,
                known_from=at,
            )
        except asyncpg.ExclusionViolationError as error:
            raise ConflictError("temporary schedule", temporary.id, "overlaps another") from error

    async def remove_temporary(
        self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime
    ) -> None:
        await keep_temporary(self.session, await self._temporary_row(schedule_id, temporary_id), known_until=at)
        await self.session.execute(_REMOVE_TEMPORARY, key=temporary_id, of_schedule=schedule_id)

    async def end_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime) -> None:
        row = await self._temporary_row(schedule_id, temporary_id)
        await keep_temporary(self.session, row, known_until=at)
        left = temporary_from_row(row).cut(starts_at=row["starts_at"], ends_at=at)
        await self.session.execute(
            _END_TEMPORARY,
            key=temporary_id,
            of_schedule=schedule_id,
            ends_at=left.ends_at,
            shifts=shifts_body(left.shifts),
            known_from=at,
        )

    async def get_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Shadow:
        return shadow_from_row(await self._shadow_row(schedule_id, shadow_id))

    async def add_shadow(self, schedule_id: ScheduleId, shadow: Shadow, *, at: datetime) -> None:
        await self.session.execute(
            _ADD_SHADOW,
            id=shadow.id,
            schedule_id=schedule_id,
            user_id=shadow.user_id,
            follows_user_id=shadow.follows,
            layer=shadow.layer,
            starts_at=shadow.starts_at,
            ends_at=shadow.ends_at,
            known_from=at,
        )

    async def remove_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        await keep_shadow(self.session, await self._shadow_row(schedule_id, shadow_id), known_until=at)
        await self.session.execute(_REMOVE_SHADOW, key=shadow_id, of_schedule=schedule_id)

    async def end_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        await keep_shadow(self.session, await self._shadow_row(schedule_id, shadow_id), known_until=at)
        await self.session.execute(_END_SHADOW, key=shadow_id, of_schedule=schedule_id, ends_at=at, known_from=at)

    async def _override_row(self, schedule_id: ScheduleId, override_id: OverrideId) -> Row:
        return await self._part_row("override", _OVERRIDE, schedule_id, override_id)

    async def _temporary_row(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> Row:
        return await self._part_row("temporary schedule", _TEMPORARY, schedule_id, temporary_id)

    async def _shadow_row(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Row:
        return await self._part_row("shadow", _SHADOW, schedule_id, shadow_id)

    async def _part_row(self, noun: str, reading: Statement, schedule_id: ScheduleId, part_id: UUID) -> Row:
        row = await self.session.row(reading, key=part_id, of_schedule=schedule_id)
        if row is None:
            raise NotFoundError(noun, part_id)
        return row

    async def _whole(self, rows: Sequence[Row], *, since: datetime) -> tuple[Schedule, ...]:
        """With what is not over by then."""
        if not rows:
            return ()
        ids = [row["id"] for row in rows]
        overrides, temporaries, shadows = [
            _by_schedule(await self.session.rows(statement, ids=ids, since=since))
            for statement in (_OVERRIDES, _TEMPORARIES, _SHADOWS)
        ]
        return tuple(
            schedule_from_rows(row, overrides[row["id"]], temporaries[row["id"]], shadows[row["id"]])
            for row in await as_in_force(self.session, rows, at=since)
        )


def _by_schedule(rows: Iterable[Row]) -> Mapping[UUID, Sequence[Row]]:
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["schedule_id"]].append(row)
    return found

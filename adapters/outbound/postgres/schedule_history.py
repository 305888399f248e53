"""The versions of schedules and of their parts: rows of their own, beside those that say what is known now."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import ARRAY, DateTime, Select, Table, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import UUID as UUID_COLUMN

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import override_from_row, shadow_from_row, temporary_from_row
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import (
    schedule_override_versions,
    schedule_overrides,
    schedule_shadow_versions,
    schedule_shadows,
    schedule_temporaries,
    schedule_temporary_versions,
    schedule_versions,
    schedules,
)
from application.ports.page import Page, PageRequest
from application.ports.schedule_history import KnownSchedule, NewestVersionsFirst, ScheduleHistory
from domain.oncall.history import History, ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
from domain.shared.ids import ScheduleId, TeamId
from domain.shared.interval import Interval

_history: Final = msgspec.json.Decoder(History)
# As known then is as known now: nothing was known later.
_FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)

# Of the versions known at an instant no two hold from one time on, and a later made one holds from later on: what it
# took the place of has `replaced_at`. So the one in force is the last that took effect, and the index finds it at once.
_IN_FORCE = """
SELECT v.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (
    SELECT * FROM schedule_versions
    WHERE schedule_id = asked.id AND effective_at <= $3 AND known_at <= $2 AND (replaced_at IS NULL OR replaced_at > $2)
    ORDER BY effective_at DESC LIMIT 1
) v
"""

# A whole `History` as JSON, of each row of `schedules` in one statement: it is asked for by everyone who wants to know
# who is on call, and a statement for each kind of part was most of what that cost.
_VERSIONS_OF = """
SELECT coalesce(json_agg(json_build_object(
    'effective_at', effective_at, 'known_at', known_at, 'schedule', body || jsonb_build_object('version', version)
)), '[]') FROM (
    (
        SELECT * FROM schedule_versions
        WHERE schedule_id = schedules.id AND effective_at <= :starts AND {known} ORDER BY effective_at DESC LIMIT 1
    ) UNION ALL
    SELECT * FROM schedule_versions
    WHERE schedule_id = schedules.id AND effective_at > :starts AND effective_at < :ends AND {known}
) v
"""
_KNOWN = "known_at <= :known_by AND (replaced_at IS NULL OR replaced_at > :known_by)"
_PARTS_OF = """
SELECT coalesce(json_agg(json_build_object('known_from', known_from, 'part', json_build_object({members}))), '[]')
FROM {now} WHERE schedule_id = schedules.id AND known_from <= :known_by AND ends_at > :starts AND starts_at < :ends
"""
_PARTS_KNOWN_THEN_OF = """
SELECT coalesce(json_agg(json_build_object('known_from', known_from, 'known_until', known_until, 'part', part)), '[]')
FROM (
    SELECT known_from, NULL::timestamptz AS known_until, jsonb_build_object({members}) AS part FROM {now}
    WHERE schedule_id = schedules.id AND known_from <= :known_by AND ends_at > :starts AND starts_at < :ends
    UNION ALL
    SELECT known_from, known_until, body FROM {then}
    WHERE schedule_id = schedules.id AND known_from <= :known_by AND known_until > :known_by
        AND tstzrange(starts_at, ends_at) && tstzrange(:starts, :ends)
) p
"""
_VERSIONS = """
SELECT * FROM schedule_versions WHERE schedule_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3
"""
_NEWEST: Final = 2**62  # more than any version's number

_KEEP = named.inserting(schedule_versions, "schedule_id", "version", "effective_at", "known_at", "body")
_REPLACE = """
UPDATE schedule_versions SET replaced_at = $4
WHERE schedule_id = $1 AND version < $2 AND effective_at >= $3 AND replaced_at IS NULL
"""


class _Kind[P: (Override, TemporarySchedule, Shadow)]:
    """Where one kind of part is kept: what is known now, and what was known and no longer is."""

    def __init__(
        self, now: Table, then: Table, part_id: str, members: Mapping[str, str], from_row: Callable[[Row], P]
    ) -> None:
        names = {
            "now": now.name,
            "then": then.name,
            "members": ", ".join(f"'{member}', {column}" for member, column in members.items()),
        }
        self.now, self.then = _PARTS_OF.format(**names), _PARTS_KNOWN_THEN_OF.format(**names)
        columns = ("schedule_id", part_id, "known_from", "known_until", "starts_at", "ends_at", "body")
        self._keep = named.inserting(then, *columns)
        self._part_id = part_id
        self._from_row: Callable[[Row], P] = from_row

    async def keep(self, session: PostgresSession, row: Row, *, known_until: datetime) -> None:
        """Inside the current transaction, before the row of what is known now is changed or removed."""
        if row["known_from"] >= known_until:
            return  # nobody can have known of it
        values = {
            "schedule_id": row["schedule_id"],
            self._part_id: row["id"],
            "known_from": row["known_from"],
            "known_until": known_until,
            "starts_at": row["starts_at"],
            "ends_at": row["ends_at"],
            "body": msgspec.json.encode(self._from_row(row)),
        }
        await session.execute(self._keep, **values)


_TIMES: Final = {"id": "id", "starts_at": "starts_at", "ends_at": "ends_at"}
_OVERRIDES = _Kind(
    schedule_overrides,
    schedule_override_versions,
    "override_id",
    {**_TIMES, "user_id": "user_id", "replaces": "replaces_user_id", "kind": "kind"},
    override_from_row,
)
_TEMPORARIES = _Kind(
    schedule_temporaries,
    schedule_temporary_versions,
    "temporary_id",
    {**_TIMES, "shifts": "shifts", "is_layer": "is_layer"},
    temporary_from_row,
)
_SHADOWS = _Kind(
    schedule_shadows,
    schedule_shadow_versions,
    "shadow_id",
    {**_TIMES, "user_id": "user_id", "follows": "follows_user_id", "layer": "layer"},
    shadow_from_row,
)
keep_override, keep_temporary, keep_shadow = _OVERRIDES.keep, _TEMPORARIES.keep, _SHADOWS.keep


def _known(*, is_now: bool) -> Select[tuple[object, ...]]:
    """Schedules by their present names, with what bears on an interval, as is known now or as was known then."""
    parts = {
        "versions": _VERSIONS_OF.format(known=_KNOWN),
        "overrides": _OVERRIDES.now if is_now else _OVERRIDES.then,
        "temporaries": _TEMPORARIES.now if is_now else _TEMPORARIES.then,
        "shadows": _SHADOWS.now if is_now else _SHADOWS.then,
    }
    members = ", ".join(f"'{member}', ({query})" for member, query in parts.items())
    instants = (bindparam(name, None, type_=DateTime(timezone=True)) for name in ("starts", "ends", "known_by"))
    history = text(f"json_build_object({members})::text AS history").bindparams(*instants)
    return select(schedules.c.id, schedules.c.name, history)


_KNOWN_NOW, _KNOWN_THEN = _known(is_now=True), _known(is_now=False)
_IDS: Final = bindparam("ids", None, type_=ARRAY(UUID_COLUMN(as_uuid=True)))
_OF_NOW, _OF_THEN = (Statement(each.where(schedules.c.id == func.any(_IDS))) for each in (_KNOWN_NOW, _KNOWN_THEN))


@dataclass(frozen=True, slots=True)
class PostgresScheduleHistory(ScheduleHistory):
    session: PostgresSession

    async def of(
        self, schedule_ids: Collection[ScheduleId], interval: Interval, *, known_at: datetime | None = None
    ) -> Mapping[ScheduleId, KnownSchedule]:
        statement = _OF_NOW if known_at is None else _OF_THEN
        rows = await self.session.rows(statement, ids=list(schedule_ids), **_asked(interval, known_at))
        return {known.id: known for known in map(_known_from_row, rows)}

    async def page(
        self, request: PageRequest, interval: Interval, *, team_id: TeamId | None = None
    ) -> Page[KnownSchedule]:
        rows, has_more = await named.page_rows(
            self.session, _KNOWN_NOW, schedules, request, _asked(interval, None), team_id=team_id
        )
        return Page(tuple(map(_known_from_row, rows)), has_more)

    async def versions(self, schedule_id: ScheduleId, request: NewestVersionsFirst) -> Page[ScheduleVersion]:
        before = _NEWEST if request.before is None else request.before
        rows = await self.session.fetch(_VERSIONS, schedule_id, before, request.limit + 1)
        return Page(tuple(map(_version_from_row, rows[: request.limit])), len(rows) > request.limit)


async def as_in_force(session: PostgresSession, rows: Collection[Row], *, at: datetime) -> list[Row]:
    """Rows of `schedules` with the zone and the layers in force at the instant.

    A row has those made last, so another look is needed only while a change is planned.
    """
    planned = [row["id"] for row in rows if row["effective_at"] > at]
    if not planned:
        return list(rows)
    bodies = {row["schedule_id"]: row["body"] for row in await session.fetch(_IN_FORCE, planned, _FOREVER, at)}
    return [_with_body(row, bodies[row["id"]]) if row["id"] in bodies else row for row in rows]


async def keep_version(session: PostgresSession, version: ScheduleVersion) -> None:
    """Inside the current transaction, after the schedule itself."""
    schedule_id = version.schedule.id
    await session.execute(
        _KEEP,
        schedule_id=schedule_id,
        version=version.number,
        effective_at=version.effective_at,
        known_at=version.known_at,
        body=msgspec.json.encode(version.schedule),
    )
    await session.connection.execute(_REPLACE, schedule_id, version.number, version.effective_at, version.known_at)


def _asked(interval: Interval, known_at: datetime | None) -> Mapping[str, object]:
    return {"starts": interval.start, "ends": interval.end, "known_by": known_at or _FOREVER}


def _known_from_row(row: Row) -> KnownSchedule:
    return KnownSchedule(ScheduleId(row["id"]), row["name"], _history.decode(row["history"]))


def _with_body(row: Row, body: Mapping[str, object]) -> Row:
    return {**row, "time_zone": body["time_zone"], "layers": body["layers"]}


def _version_from_row(row: Row) -> ScheduleVersion:
    schedule = msgspec.convert(row["body"], Schedule)
    return ScheduleVersion(
        schedule=replace(schedule, version=row["version"]),
        effective_at=row["effective_at"],
        known_at=row["known_at"],
    )

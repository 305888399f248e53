"""The versions of schedules and of overrides: rows of their own, beside those that say what is known now."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import override_from_row
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import schedule_override_versions, schedule_versions
from application.ports.page import Page
from application.ports.schedule_history import KnownSchedule, NewestVersionsFirst, ScheduleHistory
from domain.oncall.history import History, OverrideVersion, ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval

# As known then is as known now: nothing was known later.
_FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)

# Of the versions known at $2 no two hold from one time on, and a later made one holds from later on: whatever it took
# the place of has `replaced_at`. So the one in force is the last that took effect, and the index finds it at once.
_KNOWN = "known_at <= $2 AND (replaced_at IS NULL OR replaced_at > $2)"
_IN_FORCE = f"""
SELECT v.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (
    SELECT * FROM schedule_versions
    WHERE schedule_id = asked.id AND effective_at <= $3 AND {_KNOWN}
    ORDER BY effective_at DESC LIMIT 1
) v
"""  # noqa: S608  # nothing but the constant above is put into the text
_DURING = f"""
{_IN_FORCE} UNION ALL
SELECT * FROM schedule_versions
WHERE schedule_id = ANY($1::uuid[]) AND effective_at > $3 AND effective_at < $4 AND {_KNOWN}
"""  # noqa: S608  # nothing but the constants above is put into the text
_OVERRIDES = """
SELECT * FROM schedule_overrides
WHERE schedule_id = ANY($1::uuid[]) AND known_from <= $2 AND ends_at > $3 AND starts_at < $4
"""
_OVERRIDES_KNOWN_THEN = """
SELECT * FROM schedule_override_versions
WHERE schedule_id = ANY($1::uuid[]) AND known_from <= $2 AND known_until > $2
    AND tstzrange(starts_at, ends_at) && tstzrange($3, $4)
"""
_ARE_THERE = "SELECT id, name FROM schedules WHERE id = ANY($1::uuid[])"
_VERSIONS = """
SELECT * FROM schedule_versions WHERE schedule_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3
"""
_NEWEST: Final = 2**62  # more than any version's number

_KEEP = named.inserting(schedule_versions, "schedule_id", "version", "effective_at", "known_at", "body")
_REPLACE = """
UPDATE schedule_versions SET replaced_at = $4
WHERE schedule_id = $1 AND version < $2 AND effective_at >= $3 AND replaced_at IS NULL
"""
_KEEP_OVERRIDE = named.inserting(
    schedule_override_versions,
    "schedule_id",
    "override_id",
    "known_from",
    "known_until",
    "starts_at",
    "ends_at",
    "body",
)


@dataclass(frozen=True, slots=True)
class PostgresScheduleHistory(ScheduleHistory):
    session: PostgresSession

    async def of(
        self, schedule_ids: Collection[ScheduleId], interval: Interval, *, known_at: datetime | None = None
    ) -> Mapping[ScheduleId, KnownSchedule]:
        asked = (list(schedule_ids), known_at or _FOREVER, interval.start, interval.end)
        versions: defaultdict[UUID, list[ScheduleVersion]] = defaultdict(list)
        overrides: defaultdict[UUID, list[OverrideVersion]] = defaultdict(list)
        there = await self.session.fetch(_ARE_THERE, list(schedule_ids))
        for row in await self.session.fetch(_DURING, *asked):
            versions[row["schedule_id"]].append(_version_from_row(row))
        for row in await self.session.fetch(_OVERRIDES, *asked):
            known = OverrideVersion(override=override_from_row(row), known_from=row["known_from"])
            overrides[row["schedule_id"]].append(known)
        if known_at is not None:
            for row in await self.session.fetch(_OVERRIDES_KNOWN_THEN, *asked):
                overrides[row["schedule_id"]].append(_override_version_from_row(row))
        return {
            ScheduleId(row["id"]): KnownSchedule(
                ScheduleId(row["id"]),
                row["name"],
                History(versions=tuple(versions[row["id"]]), overrides=tuple(overrides[row["id"]])),
            )
            for row in there
        }

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


async def keep_override(session: PostgresSession, row: Row, *, known_until: datetime) -> None:
    """Inside the current transaction, before the row of `schedule_overrides` is changed or removed."""
    if row["known_from"] >= known_until:
        return  # nobody can have known of it
    await session.execute(
        _KEEP_OVERRIDE,
        schedule_id=row["schedule_id"],
        override_id=row["id"],
        known_from=row["known_from"],
        known_until=known_until,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        body=msgspec.json.encode(override_from_row(row)),
    )


def _with_body(row: Row, body: Mapping[str, object]) -> Row:
    return {**row, "time_zone": body["time_zone"], "layers": body["layers"]}


def _version_from_row(row: Row) -> ScheduleVersion:
    schedule = msgspec.convert(row["body"], Schedule)
    return ScheduleVersion(
        schedule=replace(schedule, version=row["version"]),
        effective_at=row["effective_at"],
        known_at=row["known_at"],
    )


def _override_version_from_row(row: Row) -> OverrideVersion:
    return OverrideVersion(
        override=msgspec.convert(row["body"], Override),
        known_from=row["known_from"],
        known_until=row["known_until"],
    )

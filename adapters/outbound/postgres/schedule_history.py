"""The versions of schedules and of their parts: rows of their own, beside those that say what is known now."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Table

from adapters.outbound.postgres import named
from adapters.outbound.postgres.bodies import override_from_row, shadow_from_row, temporary_from_row
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import (
    schedule_override_versions,
    schedule_overrides,
    schedule_shadow_versions,
    schedule_shadows,
    schedule_temporaries,
    schedule_temporary_versions,
    schedule_versions,
)
from application.ports.page import Page
from application.ports.schedule_history import KnownSchedule, NewestVersionsFirst, ScheduleHistory
from domain.oncall.history import History, PartVersion, ScheduleVersion
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
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
_PARTS = """
SELECT * FROM {table}
WHERE schedule_id = ANY($1::uuid[]) AND known_from <= $2 AND ends_at > $3 AND starts_at < $4
"""
_PARTS_KNOWN_THEN = """
SELECT * FROM {table}
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


class _Kind[P: (Override, TemporarySchedule, Shadow)]:
    """Where one kind of part is kept: what is known now, and what was known and no longer is."""

    def __init__(self, now: Table, then: Table, part_id: str, part: type[P], from_row: Callable[[Row], P]) -> None:
        self._now, self._then = _PARTS.format(table=now.name), _PARTS_KNOWN_THEN.format(table=then.name)
        columns = ("schedule_id", part_id, "known_from", "known_until", "starts_at", "ends_at", "body")
        self._keep = named.inserting(then, *columns)
        self._part_id = part_id
        self._part: type[P] = part
        self._from_row: Callable[[Row], P] = from_row

    async def of(
        self, session: PostgresSession, schedule_ids: Sequence[UUID], interval: Interval, known_at: datetime | None
    ) -> Mapping[UUID, list[PartVersion[P]]]:
        asked = (schedule_ids, known_at or _FOREVER, interval.start, interval.end)
        found: defaultdict[UUID, list[PartVersion[P]]] = defaultdict(list)
        for row in await session.fetch(self._now, *asked):
            found[row["schedule_id"]].append(PartVersion(part=self._from_row(row), known_from=row["known_from"]))
        for row in () if known_at is None else await session.fetch(self._then, *asked):
            known = PartVersion(
                part=msgspec.convert(row["body"], self._part),
                known_from=row["known_from"],
                known_until=row["known_until"],
            )
            found[row["schedule_id"]].append(known)
        return found

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


_OVERRIDES = _Kind(schedule_overrides, schedule_override_versions, "override_id", Override, override_from_row)
_TEMPORARIES = _Kind(
    schedule_temporaries, schedule_temporary_versions, "temporary_id", TemporarySchedule, temporary_from_row
)
_SHADOWS = _Kind(schedule_shadows, schedule_shadow_versions, "shadow_id", Shadow, shadow_from_row)
keep_override, keep_temporary, keep_shadow = _OVERRIDES.keep, _TEMPORARIES.keep, _SHADOWS.keep


@dataclass(frozen=True, slots=True)
class PostgresScheduleHistory(ScheduleHistory):
    session: PostgresSession

    async def of(
        self, schedule_ids: Collection[ScheduleId], interval: Interval, *, known_at: datetime | None = None
    ) -> Mapping[ScheduleId, KnownSchedule]:
        ids = list(schedule_ids)
        versions: defaultdict[UUID, list[ScheduleVersion]] = defaultdict(list)
        there = await self.session.fetch(_ARE_THERE, ids)
        for row in await self.session.fetch(_DURING, ids, known_at or _FOREVER, interval.start, interval.end):
            versions[row["schedule_id"]].append(_version_from_row(row))
        overrides = await _OVERRIDES.of(self.session, ids, interval, known_at)
        temporaries = await _TEMPORARIES.of(self.session, ids, interval, known_at)
        shadows = await _SHADOWS.of(self.session, ids, interval, known_at)
        return {
            ScheduleId(row["id"]): KnownSchedule(
                ScheduleId(row["id"]),
                row["name"],
                History(
                    versions=tuple(versions[row["id"]]),
                    overrides=tuple(overrides[row["id"]]),
                    temporaries=tuple(temporaries[row["id"]]),
                    shadows=tuple(shadows[row["id"]]),
                ),
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


def _with_body(row: Row, body: Mapping[str, object]) -> Row:
    return {**row, "time_zone": body["time_zone"], "layers": body["layers"]}


def _version_from_row(row: Row) -> ScheduleVersion:
    schedule = msgspec.convert(row["body"], Schedule)
    return ScheduleVersion(
        schedule=replace(schedule, version=row["version"]),
        effective_at=row["effective_at"],
        known_at=row["known_at"],
    )

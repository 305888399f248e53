from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Boolean, Uuid, bindparam, literal_column, select, tuple_

from adapters.outbound.postgres.event_log import CHANNEL, NOTIFY, Topic, append_events
from adapters.outbound.postgres.named import inserting, one_of, telling_conflicts, updating
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import cover_request_people, cover_requests
from application.errors import ConflictError, NotFoundError
from application.ports.covers import CoverQuery, CoverRepository
from application.ports.page import Page
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.shared.change import Change
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval

_SHAPES_KEPT: Final = 64
_MUTABLE: Final = (
    "status",
    "declined_by",
    "accepted_by",
    "override_ids",
    "decided_at",
    "is_open",
    "next_deadline",
    "version",
)
_FIXED: Final = (
    "id",
    "schedule_id",
    "team_id",
    "user_id",
    "requested_by",
    "requested_at",
    "starts_at",
    "ends_at",
    "expires_at",
    "asked_of",
    "offers_from",
    "offers_until",
    "note",
    "absence_id",
)
_GET = one_of(cover_requests)
_INSERT = inserting(cover_requests, *_FIXED, *_MUTABLE)
_UPDATE = updating(cover_requests, *_MUTABLE)
_INSERT_PEOPLE = "INSERT INTO cover_request_people (request_id, user_id, is_open) SELECT $1, unnest($2::uuid[]), true"
_CLOSE_PEOPLE = "UPDATE cover_request_people SET is_open = false WHERE request_id = ANY($1::uuid[])"
_CLAIM = """
SELECT * FROM cover_requests
WHERE next_deadline <= $1 ORDER BY next_deadline, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_EXPIRE = """
UPDATE cover_requests r
SET status = n.status, decided_at = n.decided_at, is_open = false, next_deadline = NULL, version = r.version + 1
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n (id, status, decided_at) WHERE r.id = n.id
"""
_EARLIEST = "SELECT min(next_deadline) FROM cover_requests WHERE next_deadline IS NOT NULL"
_OF_OVERRIDES = "SELECT * FROM cover_requests WHERE override_ids && $1::uuid[] AND status = 'accepted'"
_OPEN_OF_ABSENCE = "SELECT * FROM cover_requests WHERE absence_id = $1 AND is_open ORDER BY id"


@dataclass(frozen=True, slots=True)
class PostgresCoverRepository(CoverRepository):
    session: PostgresSession

    async def get(self, request_id: CoverRequestId) -> CoverRequest:
        row = await self.session.row(_GET, key=request_id)
        if row is None:
            raise NotFoundError("cover request", request_id)
        return _request_of(row)

    async def save(self, change: Change[CoverRequest]) -> CoverRequest:
        if not change.events:
            return change.state
        stored = replace(change.state, version=change.state.version + 1)
        if stored.version == 1:
            await self._insert(stored)
        else:
            await self._update(stored)
        await append_events(self.session.connection, change.events)
        return stored

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[CoverRequest, ...]:
        return tuple(_request_of(row) for row in await self.session.fetch(_CLAIM, at, limit))

    async def expire(self, changes: Sequence[Change[CoverRequest]]) -> None:
        ended = [change.state for change in changes if change.events]
        if not ended:
            return
        ids = [request.id for request in ended]
        connection = self.session.connection
        await connection.execute(
            _EXPIRE, ids, [request.status for request in ended], [request.decided_at for request in ended]
        )
        await connection.execute(_CLOSE_PEOPLE, ids)
        await append_events(connection, [event for change in changes for event in change.events])

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(_EARLIEST)
        return earliest

    async def list(self, query: CoverQuery) -> Page[CoverRequest]:
        values = {
            name: value
            for name, value in (
                ("of_user", query.user_id),
                ("of_schedule", query.schedule_id),
                ("of_team", query.team_id),
            )
            if value is not None
        }
        statement = _listing(_Shape(query.limit + 1, frozenset(values), is_continued=query.after is not None))
        after = {} if query.after is None else {"after_open": query.after.is_open, "after_id": query.after.id}
        rows = await self.session.rows(statement, **values, **after)
        return Page(tuple(_request_of(row) for row in rows[: query.limit]), len(rows) > query.limit)

    async def of_overrides(self, override_ids: Collection[OverrideId]) -> Mapping[OverrideId, CoverRequest]:
        if not override_ids:
            return {}
        requests = [_request_of(row) for row in await self.session.fetch(_OF_OVERRIDES, list(override_ids))]
        return {each: request for request in requests for each in request.override_ids if each in override_ids}

    async def open_of_absence(self, absence_id: AbsenceId) -> tuple[CoverRequest, ...]:
        return tuple(_request_of(row) for row in await self.session.fetch(_OPEN_OF_ABSENCE, absence_id))

    async def _insert(self, stored: CoverRequest) -> None:
        with telling_conflicts("cover request", {"id": stored.id}):
            await self.session.execute(_INSERT, **_fixed(stored), **_mutable(stored))
        people = [stored.user_id, *stored.asked_of]
        await self.session.connection.execute(_INSERT_PEOPLE, stored.id, people)
        await self.session.connection.execute(NOTIFY, CHANNEL, Topic.COVERS)

    async def _update(self, stored: CoverRequest) -> None:
        touched = await self.session.execute(_UPDATE, **_mutable(stored), key=stored.id, as_read=stored.version - 1)
        if touched == 0:
            raise ConflictError("cover request", stored.id)
        if not stored.is_open:
            await self.session.connection.execute(_CLOSE_PEOPLE, [stored.id])


class _Shape(NamedTuple):
    """What of a query changes its statement; the rest are arguments."""

    most: int
    filters: frozenset[str]
    is_continued: bool


@lru_cache(_SHAPES_KEPT)
def _listing(shape: _Shape) -> Statement:
    """Walks the index of its filter in order. The limit is part of the text, so that the plan knows how low it is."""
    query = select(cover_requests)
    is_open, key = cover_requests.c.is_open, cover_requests.c.id
    if "of_user" in shape.filters:
        is_open, key = cover_request_people.c.is_open, cover_request_people.c.request_id
        query = query.join(cover_request_people, cover_request_people.c.request_id == cover_requests.c.id)
        query = query.where(cover_request_people.c.user_id == bindparam("of_user", None, type_=Uuid()))
    for name, column in (("of_schedule", cover_requests.c.schedule_id), ("of_team", cover_requests.c.team_id)):
        if name in shape.filters:
            query = query.where(column == bindparam(name, None, type_=Uuid()))
    if shape.is_continued:
        after = tuple_(bindparam("after_open", None, type_=Boolean()), bindparam("after_id", None, type_=Uuid()))
        query = query.where(tuple_(is_open, key) < after)
    return Statement(query.order_by(is_open.desc(), key.desc()).limit(literal_column(str(shape.most))))


def _fixed(request: CoverRequest) -> dict[str, object]:
    offers = request.offers
    return {
        "id": request.id,
        "schedule_id": request.schedule_id,
        "team_id": request.team_id,
        "user_id": request.user_id,
        "requested_by": request.requested_by,
        "requested_at": request.requested_at,
        "starts_at": request.interval.start,
        "ends_at": request.interval.end,
        "expires_at": request.expires_at,
        "asked_of": list(request.asked_of),
        "offers_from": None if offers is None else offers.start,
        "offers_until": None if offers is None else offers.end,
        "note": request.note,
        "absence_id": request.absence_id,
    }


def _mutable(request: CoverRequest) -> dict[str, object]:
    return {
        "status": request.status,
        "declined_by": list(request.declined_by),
        "accepted_by": request.accepted_by,
        "override_ids": list(request.override_ids),
        "decided_at": request.decided_at,
        "is_open": request.is_open,
        "next_deadline": request.next_deadline,
        "version": request.version,
    }


def _request_of(row: Row) -> CoverRequest:
    return CoverRequest(
        id=CoverRequestId(row["id"]),
        schedule_id=ScheduleId(row["schedule_id"]),
        team_id=TeamId(row["team_id"]),
        user_id=UserId(row["user_id"]),
        requested_by=UserId(row["requested_by"]),
        requested_at=row["requested_at"],
        interval=Interval(start=row["starts_at"], end=row["ends_at"]),
        expires_at=row["expires_at"],
        asked_of=tuple(map(UserId, row["asked_of"])),
        offers=None if row["offers_from"] is None else Interval(start=row["offers_from"], end=row["offers_until"]),
        note=row["note"],
        absence_id=None if row["absence_id"] is None else AbsenceId(row["absence_id"]),
        status=CoverStatus(row["status"]),
        declined_by=tuple(map(UserId, row["declined_by"])),
        accepted_by=None if row["accepted_by"] is None else UserId(row["accepted_by"]),
        override_ids=tuple(map(OverrideId, row["override_ids"])),
        decided_at=row["decided_at"],
        version=row["version"],
    )

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import DateTime, Uuid, bindparam, delete, literal_column, select, tuple_, update

from adapters.outbound.postgres.named import inserting, one_of, parameter
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import absences, team_members
from application.errors import ConflictError, NotFoundError
from application.ports.absences import AbsenceKey, AbsenceQuery, AbsenceRepository
from application.ports.page import Page
from domain.oncall.absence import Absence
from domain.shared.ids import AbsenceId, UserId
from domain.shared.interval import Interval, told

_SHAPES_KEPT: Final = 64
_LAST_ID: Final = UUID(int=2**128 - 1)  # after everything that ends at one instant
_IS_IT = absences.c.id == bindparam("key", None)
_GET = one_of(absences)
_INSERT = inserting(absences, "id", "user_id", "starts_at", "ends_at", "reason")
_REMOVE = Statement(delete(absences).where(_IS_IT))
_END = Statement(update(absences).where(_IS_IT).values(ends_at=parameter(absences, "ends_at")))
_OF_USERS = """
SELECT * FROM absences WHERE user_id = ANY($1::uuid[]) AND ends_at > $2 AND starts_at < $3 ORDER BY ends_at, id LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class PostgresAbsenceRepository(AbsenceRepository):
    session: PostgresSession

    async def get(self, absence_id: AbsenceId) -> Absence:
        row = await self.session.row(_GET, key=absence_id)
        if row is None:
            raise NotFoundError("absence", absence_id)
        return _absence_of(row)

    async def add(self, absence: Absence) -> None:
        try:
            async with self.session.connection.transaction():  # a savepoint: the other one can still be read then
                await self.session.execute(
                    _INSERT,
                    id=absence.id,
                    user_id=absence.user_id,
                    starts_at=absence.interval.start,
                    ends_at=absence.interval.end,
                    reason=absence.reason,
                )
        except asyncpg.ExclusionViolationError as error:
            raise await self._conflict(absence) from error

    async def remove(self, absence_id: AbsenceId) -> None:
        if await self.session.execute(_REMOVE, key=absence_id) == 0:
            raise NotFoundError("absence", absence_id)

    async def end(self, absence_id: AbsenceId, *, at: datetime) -> None:
        if await self.session.execute(_END, key=absence_id, ends_at=at) == 0:
            raise NotFoundError("absence", absence_id)

    async def list(self, query: AbsenceQuery) -> Page[Absence]:
        values = {
            name: value for name, value in (("of_user", query.user_id), ("of_team", query.team_id)) if value is not None
        }
        start = AbsenceKey(query.since, _LAST_ID)
        ends_at, absence_id = start if query.after is None else max(query.after, start)
        statement = _listing(_Shape(query.limit + 1, frozenset(values)))
        rows = await self.session.rows(statement, **values, after_end=ends_at, after_id=absence_id)
        return Page(tuple(_absence_of(row) for row in rows[: query.limit]), len(rows) > query.limit)

    async def of_users(self, user_ids: Collection[UserId], interval: Interval, *, limit: int) -> tuple[Absence, ...]:
        rows = await self.session.fetch(_OF_USERS, sorted(user_ids), interval.start, interval.end, limit)
        return tuple(_absence_of(row) for row in rows)

    async def _conflict(self, absence: Absence) -> ConflictError:
        others = await self.of_users((absence.user_id,), absence.interval, limit=1)
        named = f"absence {others[0].id}, {told(others[0].interval)}" if others else "another"
        return ConflictError("absence", absence.id, f"overlaps {named}")


class _Shape(NamedTuple):
    """What of a query changes its statement; the rest are arguments."""

    most: int
    filters: frozenset[str]


@lru_cache(_SHAPES_KEPT)
def _listing(shape: _Shape) -> Statement:
    after = tuple_(
        bindparam("after_end", None, type_=DateTime(timezone=True)), bindparam("after_id", None, type_=Uuid())
    )
    query = select(absences).where(tuple_(absences.c.ends_at, absences.c.id) > after)
    if "of_user" in shape.filters:
        query = query.where(absences.c.user_id == bindparam("of_user", None, type_=Uuid()))
    if "of_team" in shape.filters:
        members = select(team_members.c.user_id).where(
            team_members.c.team_id == bindparam("of_team", None, type_=Uuid())
        )
        query = query.where(absences.c.user_id.in_(members))
    return Statement(query.order_by(absences.c.ends_at, absences.c.id).limit(literal_column(str(shape.most))))


def _absence_of(row: Row) -> Absence:
    return Absence(
        id=AbsenceId(row["id"]),
        user_id=UserId(row["user_id"]),
        interval=Interval(start=row["starts_at"], end=row["ends_at"]),
        reason=row["reason"],
    )

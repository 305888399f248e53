from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.outbound.postgres import named
from adapters.outbound.postgres.rulebook import revise
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import silences
from application.errors import NotFoundError
from application.ports.ending import EndingQuery, EndKey
from application.ports.page import Page
from application.ports.silences import SilenceRepository
from domain.routing.matcher import matchers_text, parse_matchers
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId, TeamId, UserId

_COLUMNS: Final = ("team_id", "matchers", "comment", "author_id", "starts_at", "ends_at", "version")
_HOLD = named.one_of(silences, is_held=True)
_READ = named.one_of(silences)
_INSERT = named.inserting(silences, "id", *_COLUMNS)
_UPDATE = named.updating(silences, *_COLUMNS)
_COUNT = "SELECT count(*) FROM silences WHERE ends_at > $1"
_LAST_ID: Final = UUID(int=2**128 - 1)  # after everything that ends at one instant
_LIST = "SELECT * FROM silences WHERE (ends_at, id) > ($1, $2) ORDER BY ends_at, id LIMIT $3"
_LIST_OF_TEAM = """
SELECT * FROM silences WHERE (ends_at, id) > ($1, $2) AND team_id = $4 ORDER BY ends_at, id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class PostgresSilenceRepository(SilenceRepository):
    session: PostgresSession

    async def get(self, silence_id: SilenceId) -> Silence:
        row = await self.session.row(_HOLD, key=silence_id)
        if row is None:
            raise NotFoundError("silence", silence_id)
        return silence_of(row)

    async def look_up(self, silence_id: SilenceId) -> Silence:
        row = await self.session.row(_READ, key=silence_id)
        if row is None:
            raise NotFoundError("silence", silence_id)
        return silence_of(row)

    async def save(self, silence: Silence) -> Silence:
        stored = replace(silence, version=silence.version + 1)
        row = {name: getattr(stored, name) for name in ("id", *_COLUMNS)}
        row["matchers"] = matchers_text(stored.matchers)
        await named.save(self.session, "silence", _INSERT, _UPDATE, row)
        await revise(self.session)
        return stored

    async def count(self, *, at: datetime) -> int:
        async with self.session.any_connection() as connection:
            return int(await connection.fetchval(_COUNT, at))

    async def list(self, query: EndingQuery) -> Page[Silence]:
        start = EndKey(query.since, _LAST_ID)
        ends_at, silence_id = start if query.after is None else max(query.after, start)
        of_team = () if query.team_id is None else (query.team_id,)
        statement = _LIST_OF_TEAM if of_team else _LIST
        rows = await self.session.fetch(statement, ends_at, silence_id, query.limit + 1, *of_team)
        return Page(tuple(silence_of(row) for row in rows[: query.limit]), len(rows) > query.limit)


def silence_of(row: Row) -> Silence:
    return Silence(
        id=SilenceId(row["id"]),
        team_id=None if row["team_id"] is None else TeamId(row["team_id"]),
        matchers=parse_matchers(row["matchers"]),
        comment=row["comment"],
        author_id=UserId(row["author_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        version=row["version"],
    )

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.rulebook import revise
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import inhibitions
from application.errors import NotFoundError
from application.ports.inhibitions import InhibitionRepository, InhibitionSources, Source
from application.ports.page import Page, PageRequest
from domain.routing.inhibition import Inhibition, InhibitionKey
from domain.routing.matcher import matchers_text, parse_matchers
from domain.shared.ids import AlertId, InhibitionId, TeamId

_QUERY = select(inhibitions)
_READ = named.one_of(inhibitions)
_INSERT = named.inserting(inhibitions, "id", "team_id", "name", "source", "target", "equal", "version")
_REMOVE: Final = "DELETE FROM inhibitions WHERE id = $1"
_COUNT: Final = "SELECT count(*) FROM inhibitions"
_ADD_SOURCES: Final = """
INSERT INTO inhibition_sources (inhibition_id, equal_key, alert_id)
SELECT n.inhibition_id, n.equal_key, n.alert_id FROM unnest($1::uuid[], $2::text[], $3::uuid[])
  AS n (inhibition_id, equal_key, alert_id)
WHERE EXISTS (SELECT FROM inhibitions i WHERE i.id = n.inhibition_id)
ON CONFLICT DO NOTHING
"""
# That the alert fires is asked of the alert itself: one that lost a race to begin was never stored.
_ACTIVE: Final = """
SELECT s.inhibition_id, s.equal_key, s.alert_id FROM inhibition_sources s
JOIN unnest($1::uuid[], $2::text[]) AS k (inhibition_id, equal_key)
  ON s.inhibition_id = k.inhibition_id AND s.equal_key = k.equal_key
JOIN alerts a ON a.id = s.alert_id AND a.status = 'firing'
"""
_TAKE: Final = "DELETE FROM inhibition_sources WHERE alert_id = ANY($1::uuid[]) RETURNING inhibition_id, equal_key"
_KEYS_OF: Final = "SELECT DISTINCT inhibition_id, equal_key FROM inhibition_sources WHERE inhibition_id = $1"


@dataclass(frozen=True, slots=True)
class PostgresInhibitionRepository(InhibitionRepository):
    session: PostgresSession

    async def look_up(self, inhibition_id: InhibitionId) -> Inhibition:
        row = await self.session.row(_READ, key=inhibition_id)
        if row is None:
            raise NotFoundError("inhibition", inhibition_id)
        return inhibition_of(row)

    async def add(self, inhibition: Inhibition) -> Inhibition:
        stored = replace(inhibition, version=1)
        with named.telling_conflicts("inhibition", {"id": stored.id, "name": stored.name}):
            await self.session.execute(
                _INSERT,
                id=stored.id,
                team_id=stored.team_id,
                name=stored.name,
                source=matchers_text(stored.source),
                target=matchers_text(stored.target),
                equal=list(stored.equal),
                version=stored.version,
            )
        await revise(self.session)
        return stored

    async def remove(self, inhibition_id: InhibitionId) -> None:
        status = await self.session.connection.execute(_REMOVE, inhibition_id)
        if status.rpartition(" ")[2] == "0":
            raise NotFoundError("inhibition", inhibition_id)
        await revise(self.session)

    async def count(self) -> int:
        async with self.session.any_connection() as connection:
            return int(await connection.fetchval(_COUNT))

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Inhibition]:
        rows, has_more = await named.page_rows(self.session, _QUERY, inhibitions, page, team_id=team_id)
        return Page(tuple(map(inhibition_of, rows)), has_more)


@dataclass(frozen=True, slots=True)
class PostgresInhibitionSources(InhibitionSources):
    session: PostgresSession

    async def add(self, sources: Sequence[Source]) -> None:
        await self.session.connection.execute(
            _ADD_SOURCES,
            [each.key.inhibition_id for each in sources],
            [each.key.equal for each in sources],
            [each.alert_id for each in sources],
        )

    async def active(self, keys: Collection[InhibitionKey]) -> Mapping[InhibitionKey, AlertId]:
        ordered = sorted(keys)
        rows = await self.session.fetch(
            _ACTIVE, [each.inhibition_id for each in ordered], [each.equal for each in ordered]
        )
        return {_key_of(row): AlertId(row["alert_id"]) for row in rows}

    async def take_cleared(self, alert_ids: Collection[AlertId]) -> frozenset[InhibitionKey]:
        return frozenset(map(_key_of, await self.session.fetch(_TAKE, list(alert_ids))))

    async def keys_of(self, inhibition_id: InhibitionId) -> frozenset[InhibitionKey]:
        return frozenset(map(_key_of, await self.session.fetch(_KEYS_OF, inhibition_id)))


def _key_of(row: Row) -> InhibitionKey:
    return InhibitionKey(InhibitionId(row["inhibition_id"]), row["equal_key"])


def inhibition_of(row: Row) -> Inhibition:
    return Inhibition(
        id=InhibitionId(row["id"]),
        team_id=TeamId(row["team_id"]),
        name=row["name"],
        source=parse_matchers(row["source"]),
        target=parse_matchers(row["target"]),
        equal=tuple(row["equal"]),
        version=row["version"],
    )

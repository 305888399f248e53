from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.sealed import secrets_in
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import destinations
from application.errors import NotFoundError
from application.ports.destinations import USES_NAMED, DestinationRepository, DestinationSecrets, DestinationUses
from application.ports.page import Page, PageRequest
from application.ports.vault import Vault
from domain.notification.destination import Destination, DestinationKind
from domain.shared.ids import DestinationId, TeamId

_COLUMNS: Final = tuple(field.name for field in fields(Destination))
_QUERY = select(*(destinations.c[column] for column in _COLUMNS))
_GET = named.one_of(destinations, _QUERY, is_held=True)
_READ = named.one_of(destinations, _QUERY)
_INSERT = named.inserting(destinations, *_COLUMNS)
_UPDATE = named.updating(destinations, *(column for column in _COLUMNS if column != "id"))
_GET_MANY: Final = "SELECT id, team_id, name, kind, address, version FROM destinations WHERE id = ANY($1::uuid[])"
_DELETE: Final = "DELETE FROM destinations WHERE id = $1"
# Asked when one is to be deleted, of a few thousand policies at most.
_POLICIES_WITH: Final = """
SELECT p.name FROM policies p JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.version
WHERE v.body -> 'steps' @> jsonb_build_array(
  jsonb_build_object('targets', jsonb_build_array(jsonb_build_object('id', $1::uuid::text)))
) ORDER BY p.name
"""
# Asked for those that refuse, by whoever looks after all of it: each policy is read once.
_POLICIES_WITH_ANY: Final = """
SELECT DISTINCT t ->> 'id' AS id, p.name FROM policies p
JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.version
CROSS JOIN LATERAL jsonb_array_elements(v.body -> 'steps') AS s
CROSS JOIN LATERAL jsonb_array_elements(s -> 'targets') AS t
WHERE t ->> 'id' = ANY($1::text[]) ORDER BY p.name
"""
_FALL_BACKS_WITH: Final = """
SELECT count(*) FROM fall_backs WHERE targets @> jsonb_build_array(jsonb_build_object('id', $1::uuid::text))
"""
_PUT: Final = """
INSERT INTO destination_secrets AS s (destination_id, secret_sealed, old_expires_at) VALUES ($1, $2, $3)
ON CONFLICT (destination_id) DO UPDATE SET old_secret = s.secret, old_secret_sealed = s.secret_sealed,
  secret = NULL, secret_sealed = excluded.secret_sealed, old_expires_at = excluded.old_expires_at
"""
_VALID: Final = """
SELECT secret, secret_sealed, old_secret, old_secret_sealed, old_expires_at > $2 AS is_overlapping
FROM destination_secrets WHERE destination_id = $1
"""


@dataclass(frozen=True, slots=True)
class PostgresDestinationRepository(DestinationRepository):
    session: PostgresSession

    async def get(self, destination_id: DestinationId) -> Destination:
        return await self._one(_GET, destination_id)

    async def look_up(self, destination_id: DestinationId) -> Destination:
        return await self._one(_READ, destination_id)

    async def get_many(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, Destination]:
        if not destination_ids:
            return {}
        found = (destination_of(row) for row in await self.session.fetch(_GET_MANY, list(destination_ids)))
        return {each.id: each for each in found}

    async def save(self, destination: Destination) -> Destination:
        stored = replace(destination, version=destination.version + 1)
        await named.save(self.session, "destination", _INSERT, _UPDATE, asdict(stored))
        return stored

    async def delete(self, destination_id: DestinationId) -> None:
        await self.session.connection.execute(_DELETE, destination_id)

    async def count(self) -> int:
        rows = await self.session.fetch("SELECT count(*) FROM destinations")
        count: int = rows[0]["count"]
        return count

    async def uses_of(self, destination_id: DestinationId) -> DestinationUses:
        names = tuple(row["name"] for row in await self.session.fetch(_POLICIES_WITH, destination_id))
        fall_backs = await self.session.fetch(_FALL_BACKS_WITH, destination_id)
        return DestinationUses(names[:USES_NAMED], max(0, len(names) - USES_NAMED), fall_backs[0]["count"])

    async def policies_with(
        self, destination_ids: Collection[DestinationId]
    ) -> Mapping[DestinationId, tuple[str, ...]]:
        if not destination_ids:
            return {}
        found: dict[DestinationId, tuple[str, ...]] = {}
        for row in await self.session.fetch(_POLICIES_WITH_ANY, [str(each) for each in destination_ids]):
            key = DestinationId(UUID(row["id"]))
            found[key] = (*found.get(key, ()), row["name"])
        return found

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Destination]:
        rows, has_more = await named.page_rows(self.session, _QUERY, destinations, page, team_id=team_id)
        return Page(tuple(map(destination_of, rows)), has_more)

    async def _one(self, statement: Statement, destination_id: DestinationId) -> Destination:
        row = await self.session.row(statement, key=destination_id)
        if row is None:
            raise NotFoundError("destination", destination_id)
        return destination_of(row)


@dataclass(frozen=True, slots=True)
class PostgresDestinationSecrets(DestinationSecrets):
    session: PostgresSession
    vault: Vault

    async def put(self, destination_id: DestinationId, secret: str, *, old_expires_at: datetime) -> None:
        sealed = self.vault.seal(secret, owner=destination_id)
        await self.session.connection.execute(_PUT, destination_id, sealed, old_expires_at)

    async def of(self, destination_id: DestinationId, *, at: datetime) -> tuple[str, ...]:
        rows = await self.session.fetch(_VALID, destination_id, at)
        return secrets_in(rows[0], self.vault, owner=destination_id) if rows else ()


def destination_of(row: Row) -> Destination:
    return Destination(
        id=DestinationId(row["id"]),
        team_id=TeamId(row["team_id"]),
        name=row["name"],
        kind=DestinationKind(row["kind"]),
        address=row["address"],
        version=row["version"],
    )

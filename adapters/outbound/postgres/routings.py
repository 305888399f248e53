from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from adapters.outbound.postgres.dependencies import ALL as ALL_DEPENDENCIES
from adapters.outbound.postgres.dependencies import dependency_of
from adapters.outbound.postgres.inhibitions import inhibition_of
from adapters.outbound.postgres.maintenance import window_of
from adapters.outbound.postgres.rulebook import revise
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.silences import silence_of
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page
from application.ports.routings import Drops, RoutingRepository, RoutingVersion, RulebookSource
from application.ports.schedule_history import NewestVersionsFirst
from domain.routing.dependency import Dependency
from domain.routing.inhibition import Inhibition
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.route import Routing, Rule
from domain.routing.silence import Silence
from domain.shared.ids import IntegrationId, TeamId, UserId

_SELECT: Final = """
SELECT r.team_id, r.integration_id, v.* FROM routings r JOIN routing_versions v ON v.owner_id = r.owner_id
"""
_GET = f"{_SELECT} WHERE r.owner_id = $1 AND v.version = coalesce($2, r.version)"
_VERSIONS = f"""
{_SELECT} WHERE r.owner_id = $1 AND v.version < coalesce($2, r.version + 1) ORDER BY v.version DESC LIMIT $3
"""
_MANY = f"{_SELECT} AND v.version = r.version WHERE r.owner_id = ANY($1::uuid[])"
_NEWEST = "SELECT owner_id, version FROM routings"
_INSERT = """
INSERT INTO routings (owner_id, team_id, integration_id, version) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING
"""
_UPDATE = "UPDATE routings SET version = version + 1, team_id = $3 WHERE owner_id = $1 AND version = $2"
_KEEP = "INSERT INTO routing_versions (owner_id, version, saved_at, saved_by, rules) VALUES ($1, $2, $3, $4, $5)"
_DROPS = "SELECT rule, dropped, last_at, last_event_id FROM route_drops WHERE owner_id = $1"
_SILENCES = "SELECT * FROM silences WHERE ends_at > $1 ORDER BY id"
_MAINTENANCE = "SELECT * FROM maintenance_windows WHERE over_at > $1 ORDER BY id"
_INHIBITIONS = "SELECT * FROM inhibitions ORDER BY id"
_REVISION = "SELECT revision FROM rulebook"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PostgresRoutingRepository(RoutingRepository):
    session: PostgresSession

    async def get(self, owner_id: UUID, *, version: int | None = None) -> RoutingVersion:
        rows = await self.session.fetch(_GET, owner_id, version)
        if not rows:
            raise NotFoundError("routing", owner_id)
        return _version_of(rows[0])

    async def versions(self, owner_id: UUID, request: NewestVersionsFirst) -> Page[RoutingVersion]:
        most = request.limit
        rows = await self.session.fetch(_VERSIONS, owner_id, request.before, most + 1)
        return Page(tuple(_version_of(row) for row in rows[:most]), has_more=len(rows) > most)

    async def save(self, routing: Routing, *, at: datetime, by: UserId | None) -> Routing:
        stored = replace(routing, version=routing.version + 1)
        connection = self.session.connection
        if routing.version == 0:
            status = await connection.execute(_INSERT, stored.owner_id, stored.team_id, stored.integration_id)
        else:
            status = await connection.execute(_UPDATE, stored.owner_id, routing.version, stored.team_id)
        if status.rpartition(" ")[2] == "0":
            raise ConflictError("routing", routing.owner_id)
        await connection.execute(_KEEP, stored.owner_id, stored.version, at, by, _encode(stored.rules))
        await revise(self.session)
        return stored

    async def drops(self, owner_id: UUID) -> Mapping[str, Drops]:
        rows = await self.session.fetch(_DROPS, owner_id)
        return {row["rule"]: Drops(row["dropped"], row["last_at"], row["last_event_id"]) for row in rows}


@dataclass(frozen=True, slots=True)
class PostgresRulebookSource(RulebookSource):
    session: PostgresSession

    async def revision(self) -> int:
        rows = await self.session.fetch(_REVISION)
        return rows[0]["revision"] if rows else 0

    async def routing_versions(self) -> Mapping[UUID, int]:
        return {row["owner_id"]: row["version"] for row in await self.session.fetch(_NEWEST)}

    async def silences(self, *, at: datetime) -> Sequence[Silence]:
        return [silence_of(row) for row in await self.session.fetch(_SILENCES, at)]

    async def maintenance(self, *, at: datetime) -> Sequence[MaintenanceWindow]:
        return [window_of(row) for row in await self.session.fetch(_MAINTENANCE, at)]

    async def inhibitions(self) -> Sequence[Inhibition]:
        return [inhibition_of(row) for row in await self.session.fetch(_INHIBITIONS)]

    async def dependencies(self) -> Sequence[Dependency]:
        return [dependency_of(row) for row in await self.session.fetch(ALL_DEPENDENCIES)]

    async def routings(self, owner_ids: Collection[UUID]) -> Sequence[Routing]:
        return [_version_of(row).routing for row in await self.session.fetch(_MANY, list(owner_ids))]


def _version_of(row: Row) -> RoutingVersion:
    routing = Routing(
        team_id=None if row["team_id"] is None else TeamId(row["team_id"]),
        integration_id=None if row["integration_id"] is None else IntegrationId(row["integration_id"]),
        rules=msgspec.convert(row["rules"], tuple[Rule, ...]),
        version=row["version"],
    )
    return RoutingVersion(routing, row["saved_at"], None if row["saved_by"] is None else UserId(row["saved_by"]))

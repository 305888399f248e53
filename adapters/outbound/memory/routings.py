from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.page import Page
from application.ports.routings import Drops, RoutingRepository, RoutingVersion, RulebookSource
from application.ports.schedule_history import NewestVersionsFirst
from domain.routing.dependency import Dependency
from domain.routing.inhibition import Inhibition
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.route import Routing
from domain.routing.silence import Silence
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class MemoryRoutingRepository(RoutingRepository):
    session: MemorySession

    async def get(self, owner_id: UUID, *, version: int | None = None) -> RoutingVersion:
        versions = self._versions(owner_id)
        if not versions or (version is not None and not 1 <= version <= len(versions)):
            raise NotFoundError("routing", owner_id)
        return versions[-1 if version is None else version - 1]

    async def versions(self, owner_id: UUID, request: NewestVersionsFirst) -> Page[RoutingVersion]:
        before = request.before
        wanted = [
            each for each in reversed(self._versions(owner_id)) if before is None or each.routing.version < before
        ]
        return Page(tuple(wanted[: request.limit]), has_more=len(wanted) > request.limit)

    async def save(self, routing: Routing, *, at: datetime, by: UserId | None) -> Routing:
        versions = self._versions(routing.owner_id)
        if routing.version != len(versions):
            raise ConflictError("routing", routing.owner_id)
        stored = replace(routing, version=routing.version + 1)
        self.session.database.routings[routing.owner_id] = (*versions, RoutingVersion(stored, at, by))
        self.session.database.rulebook_revision += 1
        return stored

    async def drops(self, owner_id: UUID) -> Mapping[str, Drops]:
        stored = self.session.database.route_drops
        return {rule: drops for (owner, rule), drops in stored.items() if owner == owner_id}

    def _versions(self, owner_id: UUID) -> tuple[RoutingVersion, ...]:
        return self.session.database.routings.get(owner_id, ())


@dataclass(frozen=True, slots=True)
class MemoryRulebookSource(RulebookSource):
    session: MemorySession

    async def revision(self) -> int:
        return self.session.database.rulebook_revision

    async def routing_versions(self) -> Mapping[UUID, int]:
        return {owner_id: len(versions) for owner_id, versions in self.session.database.routings.items()}

    async def silences(self, *, at: datetime) -> Sequence[Silence]:
        found = (each for each in self.session.database.silences.values() if each.ends_at > at)
        return sorted(found, key=lambda each: each.id)

    async def maintenance(self, *, at: datetime) -> Sequence[MaintenanceWindow]:
        found = (each for each in self.session.database.maintenance.values() if each.over_at > at)
        return sorted(found, key=lambda each: each.id)

    async def inhibitions(self) -> Sequence[Inhibition]:
        return sorted(self.session.database.inhibitions.values(), key=lambda each: each.id)

    async def dependencies(self) -> Sequence[Dependency]:
        stored = self.session.database.dependencies
        return [each for service_id in sorted(stored) for each in stored[service_id]]

    async def routings(self, owner_ids: Collection[UUID]) -> Sequence[Routing]:
        return [self.session.database.routings[owner_id][-1].routing for owner_id in owner_ids]

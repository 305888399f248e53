from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import NotFoundError
from application.ports.destinations import USES_NAMED, DestinationRepository, DestinationSecrets, DestinationUses
from application.ports.page import Page, PageRequest
from domain.notification.destination import Destination
from domain.shared.ids import DestinationId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryDestinationRepository(DestinationRepository):
    session: MemorySession

    async def get(self, destination_id: DestinationId) -> Destination:
        return await self.look_up(destination_id)

    async def look_up(self, destination_id: DestinationId) -> Destination:
        destination = self.session.database.destinations.get(destination_id)
        if destination is None:
            raise NotFoundError("destination", destination_id)
        return destination

    async def get_many(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, Destination]:
        stored = self.session.database.destinations
        return {each: stored[each] for each in destination_ids if each in stored}

    async def save(self, destination: Destination) -> Destination:
        stored = self.session.database.destinations
        require_as_read("destination", destination, stored.get(destination.id))
        require_free_name("destination", destination, stored.values())
        saved = replace(destination, version=destination.version + 1)
        stored[saved.id] = saved
        return saved

    async def delete(self, destination_id: DestinationId) -> None:
        self.session.database.destinations.pop(destination_id, None)
        self.session.database.destination_secrets.pop(destination_id, None)
        self.session.database.destination_proofs.pop(destination_id, None)

    async def count(self) -> int:
        return len(self.session.database.destinations)

    async def uses_of(self, destination_id: DestinationId) -> DestinationUses:
        database, policies = self.session.database, self._policies_with(destination_id)
        fall_backs = sum(
            any(target.id == destination_id for target in each.targets) for each in database.fall_backs.values()
        )
        return DestinationUses(policies[:USES_NAMED], max(0, len(policies) - USES_NAMED), fall_backs)

    async def policies_with(
        self, destination_ids: Collection[DestinationId]
    ) -> Mapping[DestinationId, tuple[str, ...]]:
        return {each: names for each in destination_ids if (names := self._policies_with(each))}

    def _policies_with(self, destination_id: DestinationId) -> tuple[str, ...]:
        named = (
            policy.name
            for policy in self.session.database.policies.values()
            if any(target.id == destination_id for step in policy.steps for target in step.targets)
        )
        return tuple(sorted(named))

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Destination]:
        stored = self.session.database.destinations.values()
        return page_of(stored, page, is_wanted=lambda each: team_id in (None, each.team_id))


@dataclass(frozen=True, slots=True)
class MemoryDestinationSecrets(DestinationSecrets):
    session: MemorySession

    async def put(self, destination_id: DestinationId, secret: str, *, old_expires_at: datetime) -> None:
        stored = self.session.database.destination_secrets
        before = stored.get(destination_id)
        old = None if before is None else before[0]
        stored[destination_id] = (secret, old, old_expires_at)

    async def of(self, destination_id: DestinationId, *, at: datetime) -> tuple[str, ...]:
        stored = self.session.database.destination_secrets.get(destination_id)
        if stored is None:
            return ()
        secret, old, old_expires_at = stored
        return (secret,) if old is None or old_expires_at <= at else (secret, old)

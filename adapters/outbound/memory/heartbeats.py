from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read
from application.errors import ConflictError, NotFoundError
from application.ports.heartbeats import HeartbeatRepository
from application.ports.page import Page, PageRequest
from domain.heartbeat.heartbeat import Heartbeat
from domain.shared.ids import HeartbeatId, IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryHeartbeatRepository(HeartbeatRepository):
    session: MemorySession

    async def get(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        return await self.look_up(heartbeat_id)

    async def look_up(self, heartbeat_id: HeartbeatId) -> Heartbeat:
        heartbeat = self.session.database.heartbeats.get(heartbeat_id)
        if heartbeat is None:
            raise NotFoundError("heartbeat", heartbeat_id)
        return heartbeat

    async def get_by_key(self, key_hash: bytes) -> Heartbeat | None:
        heartbeats = self.session.database.heartbeats.values()
        return next((each for each in heartbeats if each.key_hash == key_hash), None)

    async def save(self, heartbeat: Heartbeat) -> Heartbeat:
        heartbeats = self.session.database.heartbeats
        require_as_read("heartbeat", heartbeat, heartbeats.get(heartbeat.id))
        if any(each.key_hash == heartbeat.key_hash and each.id != heartbeat.id for each in heartbeats.values()):
            raise ConflictError("heartbeat", heartbeat.id, "is there already")
        stored = replace(heartbeat, version=heartbeat.version + 1)
        heartbeats[stored.id] = stored
        return stored

    async def remove(self, heartbeat_id: HeartbeatId) -> None:
        del self.session.database.heartbeats[heartbeat_id]

    async def list(self, page: PageRequest, *, integration_id: IntegrationId | None = None) -> Page[Heartbeat]:
        return page_of(
            self.session.database.heartbeats.values(),
            page,
            is_wanted=lambda each: integration_id in (None, each.integration_id),
        )

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Heartbeat, ...]:
        due = [each for each in self._waiting() if each[0] <= at]
        return tuple(heartbeat for _, _, heartbeat in sorted(due, key=lambda each: each[:2])[:limit])

    async def save_ticked(self, heartbeats: Sequence[Heartbeat]) -> None:
        for heartbeat in heartbeats:
            await self.save(heartbeat)

    async def earliest_deadline(self) -> datetime | None:
        return min((deadline for deadline, _, _ in self._waiting()), default=None)

    def _waiting(self) -> Sequence[tuple[datetime, HeartbeatId, Heartbeat]]:
        heartbeats = self.session.database.heartbeats.values()
        return [(each.next_deadline, each.id, each) for each in heartbeats if each.next_deadline is not None]

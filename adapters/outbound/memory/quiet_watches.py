from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.received import MemoryReceivedReader
from application.ports.quiet_watches import DueWatch, QuietWatchRepository
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryQuietWatchRepository(QuietWatchRepository):
    session: MemorySession

    async def get(self, integration_id: IntegrationId) -> QuietWatch | None:
        return await self.look_up(integration_id)

    async def look_up(self, integration_id: IntegrationId) -> QuietWatch | None:
        return self.session.database.quiet_watches.get(integration_id)

    async def save(self, watch: QuietWatch) -> None:
        self.session.database.quiet_watches[watch.integration_id] = watch

    async def remove(self, integration_id: IntegrationId) -> None:
        self.session.database.quiet_watches.pop(integration_id, None)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueWatch, ...]:
        watches = self.session.database.quiet_watches.values()
        due = sorted(
            (watch for watch in watches if watch.next_deadline <= at),
            key=lambda watch: (watch.next_deadline, watch.integration_id),
        )
        return tuple([DueWatch(watch, await self._heard_at(watch.integration_id)) for watch in due[:limit]])

    async def earliest_deadline(self) -> datetime | None:
        return min((watch.next_deadline for watch in self.session.database.quiet_watches.values()), default=None)

    async def _heard_at(self, integration_id: IntegrationId) -> datetime | None:
        last = await MemoryReceivedReader(self.session).last(integration_id, most=1, body_bytes=0)
        return last[0].received_at if last else None

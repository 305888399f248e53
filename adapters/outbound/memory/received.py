from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.received import Received, ReceivedReader
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryReceivedReader(ReceivedReader):
    session: MemorySession

    async def last(self, integration_id: IntegrationId, *, most: int, body_bytes: int) -> tuple[Received, ...]:
        database = self.session.database
        taken = [
            Received(
                id=raw.id,
                received_at=raw.received_at,
                format=raw.format,
                size_bytes=len(raw.body),
                body=raw.body[:body_bytes],
            )
            for raw in database.raw_events
            if raw.integration_id == integration_id
        ]
        set_aside = [
            Received(
                id=letter.id,
                received_at=letter.received_at,
                format=letter.source,
                size_bytes=len(letter.body),
                body=letter.body[:body_bytes],
                refusal=letter.reason,
            )
            for letter in database.dead_letters
            if letter.integration_id == integration_id
        ]
        newest_first = sorted(taken + set_aside, key=lambda each: (each.received_at, each.id), reverse=True)
        return tuple(newest_first[:most])

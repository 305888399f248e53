from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.kept_bodies import KeptBodies, KeptBody, KeptKey
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryKeptBodies(KeptBodies):
    session: MemorySession

    async def between(
        self,
        integration_id: IntegrationId,
        since: datetime,
        until: datetime,
        *,
        after: KeptKey | None = None,
        limit: int,
    ) -> tuple[KeptBody, ...]:
        database = self.session.database
        taken = [
            KeptBody(raw.id, raw.received_at, raw.format, raw.body, raw.verdicts, headers=raw.headers)
            for raw in database.raw_events
            if raw.integration_id == integration_id
        ]
        set_aside = [
            KeptBody(
                letter.id,
                letter.received_at,
                letter.source,
                letter.body,
                refusal=letter.reason,
                headers=letter.headers,
            )
            for letter in database.dead_letters
            if letter.integration_id == integration_id
        ]
        found = [
            each
            for each in taken + set_aside
            if since <= each.received_at < until and (after is None or (each.received_at, each.id) > after)
        ]
        return tuple(sorted(found, key=lambda each: (each.received_at, each.id))[:limit])

from dataclasses import dataclass
from uuid import UUID

import msgspec

from adapters.outbound.postgres.session import PostgresSession, Row
from application.alert.verdict import Verdict
from application.errors import NotFoundError
from application.ports.intake import RawEvent
from application.ports.stored_events import StoredEvent, StoredEventReader
from domain.shared.ids import IntegrationId

# One look into each month's primary key.
_GET = """
SELECT e.*, i.name AS integration_name FROM raw_events e JOIN integrations i ON i.id = e.integration_id WHERE e.id = $1
"""


@dataclass(frozen=True, slots=True)
class PostgresStoredEventReader(StoredEventReader):
    session: PostgresSession

    async def get(self, event_id: UUID) -> StoredEvent:
        rows = await self.session.fetch(_GET, event_id)
        if not rows:
            raise NotFoundError("event", event_id)
        return StoredEvent(_raw_of(rows[0]), rows[0]["integration_name"])


def _raw_of(row: Row) -> RawEvent:
    return RawEvent(
        id=row["id"],
        integration_id=IntegrationId(row["integration_id"]),
        received_at=row["received_at"],
        format=row["format"],
        body=row["body"],
        verdicts=msgspec.convert(row["verdicts"] or (), tuple[Verdict, ...]),
    )

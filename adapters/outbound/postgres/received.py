from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.received import Received, ReceivedReader
from domain.shared.ids import IntegrationId

# Each half walks an index of its own from its end, and stops after as many as are asked for.
_LAST: Final = """
SELECT * FROM (
  (SELECT id, received_at, format, octet_length(body) AS size_bytes, substring(body FROM 1 FOR $3) AS body,
    NULL::text AS refusal
  FROM raw_events WHERE integration_id = $1 ORDER BY received_at DESC, id DESC LIMIT $2)
  UNION ALL
  (SELECT id, received_at, source, octet_length(body), substring(body FROM 1 FOR $3), reason
  FROM dead_letters WHERE integration_id = $1 ORDER BY received_at DESC, id DESC LIMIT $2)
) both_of ORDER BY received_at DESC, id DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class PostgresReceivedReader(ReceivedReader):
    session: PostgresSession

    async def last(self, integration_id: IntegrationId, *, most: int, body_bytes: int) -> tuple[Received, ...]:
        rows = await self.session.fetch(_LAST, integration_id, most, body_bytes)
        return tuple(Received(**row) for row in rows)

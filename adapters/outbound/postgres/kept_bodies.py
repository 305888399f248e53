from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from adapters.outbound.postgres.session import PostgresSession
from application.alert.verdict import Verdict
from application.ports.kept_bodies import KeptBodies, KeptBody, KeptKey
from domain.shared.ids import IntegrationId

# Each half walks an index of its own from where the last answer ended, and stops after as many as are asked for.
_BETWEEN: Final = """
SELECT * FROM (
  (SELECT id, received_at, format, body, verdicts, NULL::text AS refusal, headers FROM raw_events
  WHERE integration_id = $1 AND received_at < $2 AND received_at >= $3 AND (received_at, id) > ($3, $4)
  ORDER BY received_at, id LIMIT $5)
  UNION ALL
  (SELECT id, received_at, source, body, NULL, reason, headers FROM dead_letters
  WHERE integration_id = $1 AND received_at < $2 AND (received_at, id) > ($3, $4)
  ORDER BY received_at, id LIMIT $5)
) both_of ORDER BY received_at, id LIMIT $5
"""
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class PostgresKeptBodies(KeptBodies):
    session: PostgresSession

    async def between(
        self,
        integration_id: IntegrationId,
        since: datetime,
        until: datetime,
        *,
        after: KeptKey | None = None,
        limit: int,
    ) -> tuple[KeptBody, ...]:
        first = after or KeptKey(since, _BEFORE_ALL)
        rows = await self.session.fetch(_BETWEEN, integration_id, until, first.received_at, first.id, limit)
        return tuple(
            KeptBody(
                id=row["id"],
                received_at=row["received_at"],
                format=row["format"],
                body=row["body"],
                verdicts=msgspec.convert(row["verdicts"] or (), tuple[Verdict, ...]),
                refusal=row["refusal"],
                headers=row["headers"] or {},
            )
            for row in rows
        )

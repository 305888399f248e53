from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.postgres.session import PostgresSession
from application.ports.inbox import Inbox

_TAKE = """
INSERT INTO inbox (consumer, message_key, handled_at) SELECT $1, key, $3 FROM unnest($2::text[]) AS key
ON CONFLICT DO NOTHING RETURNING message_key
"""


@dataclass(frozen=True, slots=True)
class PostgresInbox(Inbox):
    session: PostgresSession

    async def take(self, consumer: str, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        rows = await self.session.connection.fetch(_TAKE, consumer, sorted(set(keys)), at)
        return frozenset(row["message_key"] for row in rows)

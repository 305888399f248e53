from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.postgres.session import PostgresSession
from application.ports.inbox import Inbox

# As one JSON array: the driver looks at every element of an array of parameters several times.
_TAKE = """
INSERT INTO inbox (consumer, message_key, handled_at) SELECT $1, key, $3 FROM json_array_elements_text($2::json) AS key
ON CONFLICT DO NOTHING RETURNING message_key
"""

_KNOWN = "SELECT message_key FROM inbox WHERE consumer = $1 AND message_key = ANY($2::text[])"


@dataclass(frozen=True, slots=True)
class PostgresInbox(Inbox):
    session: PostgresSession

    async def known(self, consumer: str, keys: Collection[str]) -> frozenset[str]:
        rows = await self.session.fetch(_KNOWN, consumer, list(keys))
        return frozenset(row["message_key"] for row in rows)

    async def take(self, consumer: str, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        rows = await self.session.connection.fetch(_TAKE, consumer, sorted(set(keys)), at)
        return frozenset(row["message_key"] for row in rows)

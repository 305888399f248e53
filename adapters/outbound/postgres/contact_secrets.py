from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.contact_secrets import ContactSecrets
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId

_PUT: Final = """
INSERT INTO contact_secrets AS s (contact_id, secret) VALUES ($1, $2)
ON CONFLICT (contact_id) DO UPDATE SET secret = excluded.secret,
  old_secret = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE s.secret END, old_until = $3
"""
_OF_ADDRESS: Final = """
SELECT s.secret, CASE WHEN s.old_until > $4 THEN s.old_secret END AS old_secret
FROM contacts c JOIN contact_secrets s ON s.contact_id = c.id
WHERE c.user_id = $1 AND c.channel = $2 AND c.address = $3
"""


@dataclass(frozen=True, slots=True)
class PostgresContactSecrets(ContactSecrets):
    session: PostgresSession

    async def put(self, contact_id: ContactId, secret: str, *, old_until: datetime | None = None) -> None:
        await self.session.connection.execute(_PUT, contact_id, secret, old_until)

    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        rows = await self.session.fetch(_OF_ADDRESS, user_id, channel.value, address, at)
        return tuple(str(each) for row in rows[:1] for each in (row["secret"], row["old_secret"]) if each is not None)

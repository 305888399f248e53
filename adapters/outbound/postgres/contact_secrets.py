from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.contact_secrets import ContactSecrets
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId

_PUT: Final = """
INSERT INTO contact_secrets (contact_id, secret) VALUES ($1, $2)
ON CONFLICT (contact_id) DO UPDATE SET secret = excluded.secret
"""
_OF_ADDRESS: Final = """
SELECT s.secret FROM contacts c JOIN contact_secrets s ON s.contact_id = c.id
WHERE c.user_id = $1 AND c.channel = $2 AND c.address = $3
"""


@dataclass(frozen=True, slots=True)
class PostgresContactSecrets(ContactSecrets):
    session: PostgresSession

    async def put(self, contact_id: ContactId, secret: str) -> None:
        await self.session.connection.execute(_PUT, contact_id, secret)

    async def of_address(self, user_id: UserId, channel: Channel, address: str) -> str | None:
        rows = await self.session.fetch(_OF_ADDRESS, user_id, channel.value, address)
        return str(rows[0]["secret"]) if rows else None

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.outbound.postgres.sealed import secrets_in
from adapters.outbound.postgres.session import PostgresSession
from application.ports.contact_secrets import ContactSecrets
from application.ports.vault import Vault
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId

_PUT: Final = """
INSERT INTO contact_secrets AS s (contact_id, secret_sealed) VALUES ($1, $2)
ON CONFLICT (contact_id) DO UPDATE SET secret = NULL, secret_sealed = excluded.secret_sealed,
  old_secret = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE s.secret END,
  old_secret_sealed = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE s.secret_sealed END, old_until = $3
"""
_OF_ADDRESS: Final = """
SELECT c.id, s.secret, s.secret_sealed, s.old_secret, s.old_secret_sealed, s.old_until > $4 AS is_overlapping
FROM contacts c JOIN contact_secrets s ON s.contact_id = c.id
WHERE c.user_id = $1 AND c.channel = $2 AND c.address = $3
"""


@dataclass(frozen=True, slots=True)
class PostgresContactSecrets(ContactSecrets):
    session: PostgresSession
    vault: Vault

    async def put(self, contact_id: ContactId, secret: str, *, old_until: datetime | None = None) -> None:
        await self.session.connection.execute(_PUT, contact_id, self.vault.seal(secret, owner=contact_id), old_until)

    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        rows = await self.session.fetch(_OF_ADDRESS, user_id, channel.value, address, at)
        return secrets_in(rows[0], self.vault, owner=rows[0]["id"]) if rows else ()

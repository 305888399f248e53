from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.mailbox import Mailbox, MailboxMessage

_STORE: Final = """
INSERT INTO mailbox_messages
  (id, sent_at, channel, address, title, body, notification_id, incident_id, acknowledge_url)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


@dataclass(frozen=True, slots=True)
class PostgresMailbox(Mailbox):
    session: PostgresSession

    async def store(self, message: MailboxMessage) -> None:
        async with self.session.any_connection() as connection:
            await connection.execute(
                _STORE,
                message.id,
                message.sent_at,
                message.channel,
                message.address,
                message.title,
                message.body,
                message.notification_id,
                message.incident_id,
                message.acknowledge_url,
            )

from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.contact_secrets import ContactSecrets
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId


@dataclass(frozen=True, slots=True)
class MemoryContactSecrets(ContactSecrets):
    session: MemorySession

    async def put(self, contact_id: ContactId, secret: str) -> None:
        self.session.database.contact_secrets[contact_id] = secret

    async def of_address(self, user_id: UserId, channel: Channel, address: str) -> str | None:
        database = self.session.database
        contacts = database.contacts.get(user_id, ())
        return next(
            (
                database.contact_secrets.get(contact.id)
                for contact in contacts
                if (contact.channel, contact.address) == (channel, address)
            ),
            None,
        )

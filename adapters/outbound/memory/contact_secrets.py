from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.contact_secrets import ContactSecrets
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId


@dataclass(frozen=True, slots=True)
class MemoryContactSecrets(ContactSecrets):
    session: MemorySession

    async def put(self, contact_id: ContactId, secret: str, *, old_until: datetime | None = None) -> None:
        stored = self.session.database.contact_secrets
        before = stored.get(contact_id, ())[:1]
        overlap = () if old_until is None else tuple((old, old_until) for old, _ in before)
        stored[contact_id] = ((secret, None), *overlap)

    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        database = self.session.database
        for contact in database.contacts.get(user_id, ()):
            if (contact.channel, contact.address) == (channel, address):
                stored = database.contact_secrets.get(contact.id, ())
                return tuple(secret for secret, until in stored if until is None or at < until)
        return ()

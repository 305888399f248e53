from dataclasses import dataclass, field

from adapters.outbound.memory.database import MemorySession
from application.ports.notifier import Delivery, Outcome
from application.ports.verifications import VerificationRepository, VerificationSender
from domain.notification.contact import Contact
from domain.notification.verification import ContactVerification
from domain.shared.ids import ContactId


@dataclass(frozen=True, slots=True)
class MemoryVerificationRepository(VerificationRepository):
    session: MemorySession

    async def of(self, contact_id: ContactId) -> ContactVerification | None:
        database = self.session.database
        is_there = any(contact.id == contact_id for contacts in database.contacts.values() for contact in contacts)
        return database.verifications.get(contact_id) if is_there else None

    async def save(self, verification: ContactVerification) -> None:
        self.session.database.verifications[verification.contact_id] = verification


@dataclass(slots=True)
class MemoryVerificationSender(VerificationSender):
    """Keeps what was sent, and answers as it is told."""

    answer: Delivery = field(default_factory=lambda: Delivery(outcome=Outcome.DELIVERED))
    sent: list[tuple[Contact, str]] = field(default_factory=list)

    async def send(self, contact: Contact, code: str) -> Delivery:
        self.sent.append((contact, code))
        return self.answer

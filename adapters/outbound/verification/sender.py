"""Codes over the very channels that pages take: what proves a contact is that its own notifier reaches it."""

from dataclasses import dataclass
from typing import Final

from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.notifier import Delivery, Message, Notifiers
from application.ports.verifications import VerificationSender
from domain.notification.contact import Contact
from domain.notification.verification import CODE_LIFETIME
from domain.shared.ids import IncidentId, NotificationId

STATUS: Final = "verification"  # none of an incident's, so that no channel offers to acknowledge or resolve it
_MINUTES: Final = round(CODE_LIFETIME.total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class NotifierVerificationSender(VerificationSender):
    notifiers: Notifiers
    clock: Clock
    ids: IdFactory

    async def send(self, contact: Contact, code: str) -> Delivery:
        message = Message(
            notification_id=NotificationId(self.ids.new()),
            incident_id=IncidentId(self.ids.new()),  # of nothing: a code is about no incident
            incident_number=0,
            user_id=contact.user_id,
            address=contact.address,
            title=f"Your Tocsin code is {code}. It is good for {_MINUTES} minutes.",
            status=STATUS,
            severity="SEV5",
            service="Tocsin",
            triggered_at=self.clock.now(),
            attempt=1,
        )
        return await self.notifiers.of(contact.channel).send(message)

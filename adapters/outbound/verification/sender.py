"""Codes over the very channels that pages take: what proves a contact is that its own notifier reaches it."""

from dataclasses import dataclass
from typing import Final

from application.ports.ids import IdFactory
from application.ports.notifier import Delivery, NoticeMessage, Notifiers
from application.ports.verifications import VerificationSender
from domain.notification.contact import Contact
from domain.notification.verification import CODE_LIFETIME
from domain.shared.ids import NotificationId

_MINUTES: Final = round(CODE_LIFETIME.total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class NotifierVerificationSender(VerificationSender):
    notifiers: Notifiers
    ids: IdFactory

    async def send(self, contact: Contact, code: str) -> Delivery:
        notice = NoticeMessage(
            notification_id=NotificationId(self.ids.new()),
            user_id=contact.user_id,
            address=contact.address,
            title=f"Your Tocsin code is {code}",
            text=f"It is good for {_MINUTES} minutes, and proves that pages reach you here.",
        )
        return await self.notifiers.of(contact.channel).send_notice(notice)

"""Where messages land while a channel is not set up: shown in the product instead of sent."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.shared.ids import IncidentId, NotificationId


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxMessage:
    """A message as its reader would have got it."""

    id: UUID
    sent_at: datetime
    channel: str
    address: str
    title: str
    body: str  # plain text
    notification_id: NotificationId
    incident_id: IncidentId | None = None  # None: a notice
    acknowledge_url: str | None = None


class Mailbox(Protocol):
    @abstractmethod
    async def store(self, message: MailboxMessage) -> None:
        """Keep a message, at once and outside of any transaction: it counts as sent.

        Raises `TransientPortError`.
        """

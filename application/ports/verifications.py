from abc import abstractmethod
from typing import Protocol

from application.ports.notifier import Delivery
from domain.notification.contact import Contact
from domain.notification.verification import ContactVerification
from domain.shared.ids import ContactId


class VerificationRepository(Protocol):
    """The code that was last sent to each contact, inside the current transaction. Whoever asks holds the user."""

    @abstractmethod
    async def of(self, contact_id: ContactId) -> ContactVerification | None: ...

    @abstractmethod
    async def save(self, verification: ContactVerification) -> None:
        """In place of the one before. It goes away with its contact."""


class VerificationSender(Protocol):
    """Sends a code to the contact that it is to prove, over the contact's own channel."""

    @abstractmethod
    async def send(self, contact: Contact, code: str) -> Delivery:
        """Never raises for what the provider or the network does."""

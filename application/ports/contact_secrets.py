from abc import abstractmethod
from typing import Protocol

from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId


class ContactSecrets(Protocol):
    """What messages to a contact are signed with. It must be known again, so it is kept apart from what lists show."""

    @abstractmethod
    async def put(self, contact_id: ContactId, secret: str) -> None:
        """In place of the one before, inside the current transaction. It goes away with its contact."""

    @abstractmethod
    async def of_address(self, user_id: UserId, channel: Channel, address: str) -> str | None:
        """Of the user's contact that has this address now. Needs no transaction."""

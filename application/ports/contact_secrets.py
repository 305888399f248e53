from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId


class ContactSecrets(Protocol):
    """What messages to a contact are signed with. It must be known again, so it is kept apart from what lists show."""

    @abstractmethod
    async def put(self, contact_id: ContactId, secret: str, *, old_until: datetime | None = None) -> None:
        """In place of the one before, inside the current transaction. It goes away with its contact.

        With `old_until` the one before signs beside it until then; an older one signs nothing any more.
        """

    @abstractmethod
    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        """What signs at that time for the user's contact that has this address now, the newest first.

        Needs no transaction.
        """

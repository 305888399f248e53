from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from application.ports.notifier import Outcome
from domain.notification.contact import Channel
from domain.notification.proof import ContactProof
from domain.shared.ids import ContactId, UserId


class Tried(NamedTuple):
    """One attempt at one address of one person."""

    user_id: UserId
    channel: Channel
    address: str
    at: datetime
    outcome: Outcome


class ContactProofs(Protocol):
    """What is known of contacts, one row each. Writes are inside the current transaction."""

    @abstractmethod
    async def record(self, tries: Sequence[Tried]) -> None:
        """Keep the latest of each. Addresses that are nobody's contact any more are passed over."""

    @abstractmethod
    async def confirm(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> bool:
        """The owner said that it arrived. False: it is no contact of theirs any more."""

    @abstractmethod
    async def of_users(self, user_ids: Collection[UserId]) -> Mapping[ContactId, ContactProof]:
        """Of all their contacts that anything is known of. Needs no transaction."""

"""Where outgoing messages may go: no address of a user's leads into the network that we stand in."""

from abc import abstractmethod
from typing import Protocol

from domain.subscription.subscription import SubscriptionKind


class OutgoingAddresses(Protocol):
    @abstractmethod
    async def check(self, kind: SubscriptionKind, address: str) -> None:
        """Raises `InvalidValueError` for an address that nothing may be sent to, and says what would allow it.

        It is an early answer for people. Each send asks once more, of the very address that it connects to.
        """

    @abstractmethod
    async def check_url(self, address: str) -> None:
        """The same of a URL, whatever is sent to it."""

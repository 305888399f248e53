from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.shared.ids import SubscriptionId, TeamId
from domain.subscription.subscription import Subscription


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """What messages are signed with. Of two during a rotation, the old one has an end."""

    secret: str = field(repr=False)
    expires_at: datetime | None = None


class SubscriptionRepository(Protocol):
    """Subscriptions; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, subscription_id: SubscriptionId) -> Subscription:
        """The subscription, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, subscription_id: SubscriptionId) -> Subscription:
        """The subscription, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, subscription: Subscription) -> Subscription:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another has its name.
        """

    @abstractmethod
    async def delete(self, subscription_id: SubscriptionId) -> None:
        """Take it away with its secrets and all that is still to be sent to it."""

    @abstractmethod
    async def count(self) -> int:
        """How many there are. Needs no transaction."""

    @abstractmethod
    async def list(self, page: PageRequest, *, team_ids: Collection[TeamId] | None = None) -> Page[Subscription]:
        """By name and id, of these teams, or all with those that are of no team. Needs no transaction."""

    @abstractmethod
    async def add_secret(self, subscription_id: SubscriptionId, secret: str, *, old_expire_at: datetime) -> None:
        """Sign with it from now on, and until then with the one before as well; what is older signs nothing more."""

    @abstractmethod
    async def secrets(self, subscription_id: SubscriptionId, *, at: datetime) -> tuple[SigningSecret, ...]:
        """Those that sign at that time, the newest first. Needs no transaction."""

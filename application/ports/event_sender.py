"""A way to bring events to a subscription: one adapter a kind."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from application.ports.event_deliveries import LeasedDelivery
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import SubscriptionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver, or the network, made of one event."""

    verdict: Verdict
    detail: str = ""  # for people; never a secret
    retry_after: timedelta | None = None  # the receiver's own wish


class EventSender(Protocol):
    """Sends what it is given. Never raises for what the receiver or the network do: each is a `Verdict`."""

    @property
    @abstractmethod
    def most(self) -> int:
        """How many one call takes."""

    @abstractmethod
    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Answer, ...]:
        """An answer for each, in their order. All are of one subscription, and no two of one incident."""


class EventSenders(Protocol):
    @abstractmethod
    def of(self, kind: SubscriptionKind) -> EventSender: ...

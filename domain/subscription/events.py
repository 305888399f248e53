from dataclasses import dataclass
from typing import ClassVar

from domain.shared.event import DomainEvent
from domain.shared.ids import SubscriptionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDisabled(DomainEvent):
    """It was switched off because nothing could be delivered to it."""

    kind: ClassVar[str] = "subscription.disabled"
    subscription_id: SubscriptionId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPinged(DomainEvent):
    """Somebody tests whether events arrive. This one goes to that subscription alone, whatever its filter is."""

    kind: ClassVar[str] = "subscription.pinged"
    subscription_id: SubscriptionId
    by: UserId

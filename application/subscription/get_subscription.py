from dataclasses import dataclass
from typing import NamedTuple

from application.ports.event_deliveries import EventDeliveries, Health
from application.ports.subscriptions import SubscriptionRepository
from application.subscription.access import look_up
from domain.identity.actor import Actor
from domain.shared.ids import SubscriptionId
from domain.subscription.subscription import Subscription


class SubscriptionDetail(NamedTuple):
    subscription: Subscription
    health: Health


@dataclass(frozen=True, slots=True)
class GetSubscription:
    """One subscription, as it is now, and how it does."""

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries

    async def __call__(self, subscription_id: SubscriptionId, *, actor: Actor) -> SubscriptionDetail:
        """Raises `ForbiddenError`, `NotFoundError`."""
        subscription = await look_up(self.subscriptions, subscription_id, actor=actor)
        health = await self.deliveries.health_of((subscription_id,))
        return SubscriptionDetail(subscription, health.get(subscription_id, Health()))

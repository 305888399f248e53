from dataclasses import dataclass

from application.ports.event_deliveries import DeliveryQuery, EventDeliveries
from application.ports.page import Page
from application.ports.subscriptions import SubscriptionRepository
from application.subscription.access import look_up
from domain.identity.actor import Actor
from domain.subscription.delivery import EventDelivery


@dataclass(frozen=True, slots=True)
class ListEventDeliveries:
    """What was sent to a subscription and what waits, newest events first, with the last attempts of each."""

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries

    async def __call__(self, query: DeliveryQuery, *, actor: Actor) -> Page[EventDelivery]:
        """Raises `ForbiddenError`, `NotFoundError`."""
        await look_up(self.subscriptions, query.subscription_id, actor=actor)
        return await self.deliveries.list(query)

"""Subscriptions and deliveries, whole and valid, with whatever a test wants to be otherwise."""

from typing import Any, Final
from uuid import UUID

from domain.shared.ids import EventDeliveryId, SubscriptionId, TeamId
from domain.subscription.delivery import EventDelivery
from domain.subscription.subscription import Subscription, SubscriptionKind
from tests.support.builders import CREW, NOON, an_incident

OTHERS: Final = TeamId(UUID(int=12))


def a_subscription(number: int = 1, **more: Any) -> Subscription:
    values: dict[str, Any] = {
        "team_id": CREW,
        "name": f"Subscription {number}",
        "kind": SubscriptionKind.WEBHOOK,
        "address": f"https://hooks.example/{number}",
        **more,
    }
    return Subscription(id=SubscriptionId(UUID(int=60_000 + number)), **values)


def a_delivery(number: int = 1, **more: Any) -> EventDelivery:
    """Each number is another event, in the order of the log."""
    values: dict[str, Any] = {
        "subscription_id": a_subscription().id,
        "transaction": 1,
        "sequence": number,
        "kind": "incident.annotated",
        "event_at": NOON,
        "incident_id": an_incident().id,
        **more,
    }
    return EventDelivery(id=EventDeliveryId(UUID(int=70_000 + number)), **values)

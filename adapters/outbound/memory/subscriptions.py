from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.subscriptions import SigningSecret, SubscriptionRepository
from domain.shared.ids import SubscriptionId, TeamId
from domain.subscription.subscription import Subscription


@dataclass(frozen=True, slots=True)
class MemorySubscriptionRepository(SubscriptionRepository):
    session: MemorySession

    async def get(self, subscription_id: SubscriptionId) -> Subscription:
        return await self.look_up(subscription_id)

    async def look_up(self, subscription_id: SubscriptionId) -> Subscription:
        subscription = self.session.database.subscriptions.get(subscription_id)
        if subscription is None:
            raise NotFoundError("subscription", subscription_id)
        return subscription

    async def save(self, subscription: Subscription) -> Subscription:
        subscriptions = self.session.database.subscriptions
        require_as_read("subscription", subscription, subscriptions.get(subscription.id))
        require_free_name("subscription", subscription, subscriptions.values())
        stored = replace(subscription, version=subscription.version + 1)
        subscriptions[stored.id] = stored
        return stored

    async def delete(self, subscription_id: SubscriptionId) -> None:
        database = self.session.database
        for rows in (
            database.subscriptions,
            database.subscription_secrets,
            database.subscription_cursors,
            database.subscription_health,
        ):
            rows.pop(subscription_id, None)
        for key in [key for key in database.subscription_lanes if key[0] == subscription_id]:
            del database.subscription_lanes[key]

    async def count(self) -> int:
        return len(self.session.database.subscriptions)

    async def list(self, page: PageRequest, *, team_ids: Collection[TeamId] | None = None) -> Page[Subscription]:
        subscriptions = self.session.database.subscriptions.values()
        return page_of(subscriptions, page, is_wanted=lambda each: team_ids is None or each.team_id in team_ids)

    async def add_secret(self, subscription_id: SubscriptionId, secret: str, *, old_expire_at: datetime) -> None:
        secrets = self.session.database.subscription_secrets
        before = (replace(each, expires_at=old_expire_at) for each in secrets.get(subscription_id, ())[:1])
        secrets[subscription_id] = (SigningSecret(secret), *before)

    async def secrets(self, subscription_id: SubscriptionId, *, at: datetime) -> tuple[SigningSecret, ...]:
        stored = self.session.database.subscription_secrets.get(subscription_id, ())
        return tuple(each for each in stored if each.expires_at is None or each.expires_at > at)

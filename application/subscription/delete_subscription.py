from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.ports.clock import Clock
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from application.subscription.access import described, hold
from domain.identity.actor import Actor
from domain.shared.ids import SubscriptionId


@dataclass(frozen=True, slots=True)
class DeleteSubscription:
    """Nothing more is sent to it, nor what waits; its log is not shown any more."""

    subscriptions: SubscriptionRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, subscription_id: SubscriptionId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            before = await hold(self.subscriptions, subscription_id, actor=actor)
            await self.subscriptions.delete(subscription_id)
            await self.record_audit(
                "subscription.delete", subscription_id, actor=actor, at=self.clock.now(), before=described(before)
            )

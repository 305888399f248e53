from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.errors import ConflictError, NotFoundError
from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from application.subscription.access import hold
from domain.identity.actor import Actor
from domain.shared.ids import EventDeliveryId, SubscriptionId
from domain.subscription.delivery import EventDelivery


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """One event is sent once more, under the id that it had, before what waits of its incident."""

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, subscription_id: SubscriptionId, delivery_id: EventDeliveryId, *, actor: Actor
    ) -> EventDelivery:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` while it is under way, `ConflictError`."""
        async with self.transaction:
            at = self.clock.now()
            await hold(self.subscriptions, subscription_id, actor=actor)
            before = await self.deliveries.get(delivery_id)
            if before.subscription_id != subscription_id:
                raise NotFoundError("delivery", delivery_id)
            replayed = before.replay()
            if not await self.deliveries.replay((replayed,), at=at):
                raise ConflictError("delivery", delivery_id)
            await self.record_audit(
                "subscription.replay", subscription_id, actor=actor, at=at, after={"delivery_id": str(delivery_id)}
            )
            return replayed

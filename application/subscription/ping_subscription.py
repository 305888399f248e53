from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.ports.clock import Clock
from application.ports.event_log import EventLog
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from application.subscription.access import hold
from domain.identity.actor import Actor
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import SubscriptionId
from domain.subscription.events import SubscriptionPinged


@dataclass(frozen=True, slots=True)
class PingSubscription:
    """Somebody tests whether events arrive: one event of ours, by the same way as every other."""

    subscriptions: SubscriptionRepository
    event_log: EventLog
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, subscription_id: SubscriptionId, *, actor: Actor) -> None:
        """What became of it is in the deliveries.

        Raises `ForbiddenError`, `NotFoundError`, and `IllegalTransitionError` when it is switched off.
        """
        async with self.transaction:
            at = self.clock.now()
            subscription = await hold(self.subscriptions, subscription_id, actor=actor)
            if not subscription.is_enabled:
                raise IllegalTransitionError("subscription", "switched off", "pinged")
            await self.event_log.append([SubscriptionPinged(subscription_id=subscription_id, by=actor.user_id, at=at)])
            await self.record_audit("subscription.ping", subscription_id, actor=actor, at=at)

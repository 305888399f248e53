from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries, Health
from application.ports.event_log import EventLog
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from application.subscription.access import described, hold, look_up
from domain.identity.actor import Actor
from domain.shared.ids import SubscriptionId
from domain.subscription.subscription import Subscription


@dataclass(frozen=True, slots=True)
class UpdateSubscription:
    """A subscription goes elsewhere, hears of other events, or is switched off or on. Team, kind and secret stay.

    Switched off, it has nothing recorded and nothing sent. Switched on, it is told what it missed, or goes on from now
    when that is skipped; what waits for another try is tried at once.
    """

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries
    event_log: EventLog
    outgoing_addresses: OutgoingAddresses
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        subscription_id: SubscriptionId,
        *,
        name: str,
        address: str,
        event_kinds: tuple[str, ...],
        is_enabled: bool,
        skip_missed: bool = False,
        version: int | None = None,
        actor: Actor,
    ) -> Subscription:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        seen = await look_up(self.subscriptions, subscription_id, actor=actor)
        if address != seen.address:
            replace(seen, address=address)  # as the domain has it, before anybody is asked
            await self.outgoing_addresses.check(seen.kind, address)
        async with self.transaction:
            at = self.clock.now()
            before = await hold(self.subscriptions, subscription_id, actor=actor)
            require_version("subscription", subscription_id, expected=version or seen.version, stored=before.version)
            changed = replace(before, name=name.strip(), address=address, event_kinds=event_kinds)
            is_switched_on = is_enabled and not before.is_enabled
            if is_switched_on:
                changed = changed.enable()
            elif not is_enabled:
                changed = replace(changed, is_enabled=False)
            stored = await self.subscriptions.save(changed)
            if is_switched_on and skip_missed:
                await self.deliveries.begin(subscription_id, await self.event_log.end())
            if is_switched_on or address != before.address:
                await self._begin_anew(subscription_id)
            await self.record_audit(
                "subscription.update",
                subscription_id,
                actor=actor,
                at=at,
                before=described(before),
                after=described(stored),
            )
            return stored

    async def _begin_anew(self, subscription_id: SubscriptionId) -> None:
        """Whoever changed it has done something about what failed."""
        await self.deliveries.save_health({subscription_id: Health()})
        await self.deliveries.hurry(subscription_id, at=self.clock.now())

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries, Health, Settlement
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from application.subscription.send_events import Sent
from application.subscription.switch_off_subscription import SwitchOffSubscription
from domain.shared.ids import SubscriptionId
from domain.subscription.delivery import Attempt, Verdict
from domain.subscription.retry import SWITCH_OFF_AFTER, must_be_switched_off, pause

GONE: Final = "the receiver answered that it is gone, for good"
ONLY_FAILED: Final = f"nothing could be delivered for {SWITCH_OFF_AFTER.days} days"


@dataclass(frozen=True, slots=True)
class SettleEvents:
    """Records how attempts ended, for all that a courier still holds: what it lost, somebody else has in hand.

    A subscription to which nothing can be delivered is switched off, by the receiver's word or when it has only failed
    for long.
    """

    deliveries: EventDeliveries
    switch_off: SwitchOffSubscription
    randomness: Randomness
    transaction: Transaction
    clock: Clock

    async def __call__(self, batch: Sequence[Sent]) -> int:
        """How many were still held."""
        async with self.transaction:
            at = self.clock.now()
            held = await self.deliveries.hold([each.leased.lease for each in batch])
            ended = [each for each in batch if each.leased.lease in held]
            await self.deliveries.settle([self._settlement(each) for each in ended], at=at)
            reasons = await self._note_health(ended, at)
        # On its own: whoever changes a subscription holds it before its lanes, which are held here.
        for subscription_id, reason in reasons.items():
            await self.switch_off(subscription_id, reason)
        return len(ended)

    def _settlement(self, sent: Sent) -> Settlement:
        settled, again_at = sent.leased.delivery.settle(sent.attempt, jitter=self.randomness.fraction())
        return Settlement(settled, sent.leased.lease, again_at)

    async def _note_health(self, ended: Iterable[Sent], at: datetime) -> Mapping[SubscriptionId, str]:
        """Which are to be switched off, and why."""
        attempts: defaultdict[SubscriptionId, list[Attempt]] = defaultdict(list)
        for each in ended:
            attempts[each.leased.delivery.subscription_id].append(each.attempt)
        before = await self.deliveries.health_of(attempts)
        after = {key: health_after(before.get(key, Health()), tried) for key, tried in attempts.items()}
        await self.deliveries.save_health({key: each for key, each in after.items() if each != before.get(key)})
        reasons = {}
        for key, tried in attempts.items():
            if any(attempt.verdict is Verdict.GONE for attempt in tried):
                reasons[key] = GONE
            elif must_be_switched_off(failing_since=after[key].failing_since, at=at):
                reasons[key] = ONLY_FAILED
        return reasons


def health_after(before: Health, attempts: Sequence[Attempt]) -> Health:
    """One delivery shows that it can be reached; a wish to be left alone counts whatever else happened."""
    has_delivered = any(attempt.verdict is Verdict.DELIVERED for attempt in attempts)
    failing_since = None if has_delivered else before.failing_since or attempts[0].finished_at
    pauses = [each.finished_at + pause(each.retry_after) for each in attempts if each.retry_after is not None]
    known = [before.paused_until] if before.paused_until is not None else []
    return Health(failing_since, max((*pauses, *known), default=None))

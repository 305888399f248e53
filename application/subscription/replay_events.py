from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.audit.record import RecordAudit
from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries
from application.ports.subscriptions import SubscriptionRepository
from application.ports.transaction import Transaction
from application.subscription.access import hold
from domain.identity.actor import Actor
from domain.shared.errors import InvalidValueError
from domain.shared.ids import SubscriptionId
from domain.shared.limits import DELIVERIES_REPLAYED


class Replayed(NamedTuple):
    deliveries: int
    next_since: datetime | None  # where to go on when there were more than one request replays


@dataclass(frozen=True, slots=True)
class ReplayEvents:
    """The events of an interval are sent once more, each under the id that it had, in the order of their incidents."""

    subscriptions: SubscriptionRepository
    deliveries: EventDeliveries
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        subscription_id: SubscriptionId,
        *,
        since: datetime,
        until: datetime,
        only_failed: bool = False,
        actor: Actor,
    ) -> Replayed:
        """What is under way is left as it is. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        if since >= until:
            raise InvalidValueError("until", "must be after since")
        async with self.transaction:
            at = self.clock.now()
            await hold(self.subscriptions, subscription_id, actor=actor)
            found = await self.deliveries.settled_between(
                subscription_id, since, until, only_failed=only_failed, limit=DELIVERIES_REPLAYED + 1
            )
            has_more = len(found) > DELIVERIES_REPLAYED
            chosen = found[:DELIVERIES_REPLAYED]
            count = await self.deliveries.replay([each.replay() for each in chosen], at=at)
            await self.record_audit(
                "subscription.replay",
                subscription_id,
                actor=actor,
                at=at,
                after={
                    "since": since.isoformat(),
                    "until": until.isoformat(),
                    "only_failed": only_failed,
                    "count": count,
                },
            )
            return Replayed(count, found[-1].event_at if has_more else None)

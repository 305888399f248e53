from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries, LeasedDelivery
from application.ports.ids import IdFactory
from application.ports.transaction import Transaction
from domain.shared.ids import SubscriptionId

# Longer than any send takes, with its time-out and the record of it; then somebody else tries, and says so.
LEASE: Final = timedelta(seconds=60)
# Sends of one subscription at once, in one process: a receiver is no load test, and a slow one must leave room.
EACH: Final = 10


@dataclass(frozen=True, slots=True)
class LeaseEvents:
    """A courier takes deliveries in hand, the next one of each incident, before it sends them without a transaction."""

    deliveries: EventDeliveries
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(self, *, limit: int, without: Collection[SubscriptionId] = ()) -> tuple[LeasedDelivery, ...]:
        async with self.transaction:
            at = self.clock.now()
            return await self.deliveries.lease_due(
                self.ids.new(), at=at, until=at + LEASE, limit=limit, each=EACH, without=without
            )

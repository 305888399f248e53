"""From the log of events to the queues of subscriptions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries
from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from application.ports.ids import IdFactory
from application.ports.transaction import Transaction
from domain.shared.event import DomainEvent
from domain.shared.ids import EventDeliveryId, IncidentId, SubscriptionId, TeamId
from domain.shared.limits import SUBSCRIPTIONS
from domain.subscription.delivery import EventDelivery
from domain.subscription.events import SubscriptionPinged
from domain.subscription.subscription import Subscription

BATCH: Final = 500  # events read at once
# Places of the log that are read in one tick. All but those that come back from being switched off are at the same one.
PLACES: Final = 8


@dataclass(frozen=True, slots=True)
class RelayEvents:
    """One tick: what has been logged since each subscription's cursor becomes deliveries to it, in one transaction.

    An event is recorded once for each subscription that wants it, whatever crashes, since cursor and deliveries are
    stored together. Workers share the subscriptions among them.
    """

    deliveries: EventDeliveries
    event_log: EventLog
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(self) -> bool:
        """Whether there may be more at once."""
        async with self.transaction:
            at_place: defaultdict[EventPosition, list[Subscription]] = defaultdict(list)
            for cursor in await self.deliveries.claim_cursors(limit=SUBSCRIPTIONS):
                at_place[cursor.position].append(cursor.subscription)
            # The newest first: they are what somebody waits for. Whoever is behind catches up with them.
            places = sorted(at_place, reverse=True)[:PLACES]
            reads = [await self._relay(place, at_place[place]) for place in places]
        return any(read == BATCH for read in reads) or len(at_place) > PLACES

    async def _relay(self, place: EventPosition, subscriptions: Sequence[Subscription]) -> int:
        logged = await self.event_log.after(place, limit=BATCH)
        if not logged:
            return 0
        incident_ids = {incident_id for each in logged if (incident_id := incident_of(each.event)) is not None}
        teams = await self.deliveries.teams_of(incident_ids)
        made = list(self._made(logged, subscriptions, teams))
        moved: dict[SubscriptionId, EventPosition] = {each.id: logged[-1].position for each in subscriptions}
        await self.deliveries.record(made, moved, at=self.clock.now())
        return len(logged)

    def _made(
        self, logged: Sequence[LoggedEvent], subscriptions: Sequence[Subscription], teams: Mapping[IncidentId, TeamId]
    ) -> Iterator[EventDelivery]:
        for position, event in logged:
            incident_id = incident_of(event)
            for subscription in subscriptions:
                if is_for(subscription, event, teams):
                    yield EventDelivery(
                        id=EventDeliveryId(self.ids.new()),
                        subscription_id=subscription.id,
                        transaction=position.transaction,
                        sequence=position.sequence,
                        kind=event.kind,
                        event_at=event.at,
                        incident_id=incident_id,
                    )


def incident_of(event: DomainEvent) -> IncidentId | None:
    return getattr(event, "incident_id", None)


def is_for(subscription: Subscription, event: DomainEvent, teams: Mapping[IncidentId, TeamId]) -> bool:
    """Events of incidents by team and kind; a test for the one subscription that is tested."""
    if isinstance(event, SubscriptionPinged):
        return event.subscription_id == subscription.id
    incident_id = incident_of(event)
    return incident_id is not None and subscription.wants(event.kind, team_id=teams.get(incident_id))

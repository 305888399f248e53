from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from application.errors import NotFoundError
from application.ports.event_deliveries import (
    Cursor,
    DeliveryKey,
    DeliveryQuery,
    EventDeliveries,
    Health,
    IncidentOutline,
    Lease,
    LeasedDelivery,
    Settlement,
)
from application.ports.event_log import EventPosition
from application.ports.page import Page
from domain.shared.event import DomainEvent
from domain.shared.ids import EventDeliveryId, IncidentId, SubscriptionId, TeamId
from domain.subscription.delivery import DeliveryStatus, EventDelivery
from domain.subscription.subscription import Subscription

type LaneKey = tuple[SubscriptionId, UUID]


@dataclass(frozen=True, slots=True)
class MemoryEventDeliveries(EventDeliveries):
    session: MemorySession

    async def begin(self, subscription_id: SubscriptionId, position: EventPosition) -> None:
        self.session.database.subscription_cursors[subscription_id] = position
        self.session.database.subscription_health.setdefault(subscription_id, Health())

    async def claim_cursors(self, *, limit: int) -> tuple[Cursor, ...]:
        cursors = self.session.database.subscription_cursors
        enabled = [each for each in self._enabled() if each.id in cursors]
        return tuple(Cursor(each, cursors[each.id]) for each in enabled[:limit])

    async def teams_of(self, incident_ids: Collection[IncidentId]) -> dict[IncidentId, TeamId]:
        incidents = self.session.database.incidents
        return {each: incidents[each].team_id for each in incident_ids if each in incidents}

    async def record(
        self, deliveries: Sequence[EventDelivery], moved: Mapping[SubscriptionId, EventPosition], *, at: datetime
    ) -> None:
        for delivery in deliveries:
            self.session.database.event_deliveries[delivery.id] = delivery
        self._open_lanes(deliveries, at)
        self.session.database.subscription_cursors.update(moved)

    async def lease_due(
        self,
        lease_id: UUID,
        *,
        at: datetime,
        until: datetime,
        limit: int,
        each: int,
        without: Collection[SubscriptionId] = (),
    ) -> tuple[LeasedDelivery, ...]:
        lanes = self.session.database.subscription_lanes
        taken: Counter[SubscriptionId] = Counter()
        leased: list[LeasedDelivery] = []
        for key, (due_at, held_by) in sorted(lanes.items(), key=lambda lane: (lane[1][0], lane[0])):
            subscription = self.session.database.subscriptions[key[0]]
            if due_at > at or len(leased) == limit or taken[key[0]] == each:
                continue
            if key[0] in without or not self._takes(subscription, at):
                continue
            head = self._head(key)
            assert head is not None, "a lane has something to send"
            taken[key[0]] += 1
            lanes[key] = (until, lease_id)
            delivery = head.lease(at=at, was_lost=held_by is not None)
            self.session.database.event_deliveries[head.id] = delivery
            leased.append(self._leased(delivery, subscription, lease_id, at))
        return tuple(sorted(leased, key=lambda one: (one.delivery.subscription_id, _place(one.delivery))))

    async def is_held(self, lease: Lease) -> bool:
        _, held_by = self.session.database.subscription_lanes.get(lease[:2], (None, None))
        return held_by == lease.lease_id

    async def hold(self, leases: Collection[Lease]) -> frozenset[Lease]:
        return frozenset([lease for lease in leases if await self.is_held(lease)])

    async def settle(self, settlements: Sequence[Settlement], *, at: datetime) -> None:
        lanes = self.session.database.subscription_lanes
        for delivery, lease, again_at in settlements:
            self.session.database.event_deliveries[delivery.id] = delivery
            key = lease[:2]
            if again_at is not None:
                lanes[key] = (again_at, None)
            elif self._head(key) is not None:
                lanes[key] = (at, None)
            else:
                del lanes[key]

    async def health_of(self, subscription_ids: Collection[SubscriptionId]) -> dict[SubscriptionId, Health]:
        health = self.session.database.subscription_health
        return {each: health[each] for each in subscription_ids if each in health}

    async def save_health(self, health: Mapping[SubscriptionId, Health]) -> None:
        self.session.database.subscription_health.update(health)

    async def earliest_deadline(self) -> datetime | None:
        lanes = self.session.database.subscription_lanes
        health = self.session.database.subscription_health
        enabled = {each.id for each in self._enabled()}
        deadlines = (
            max(due_at, health[subscription_id].paused_until or due_at)
            for (subscription_id, _), (due_at, _) in lanes.items()
            if subscription_id in enabled
        )
        return min(deadlines, default=None)

    async def get(self, delivery_id: EventDeliveryId) -> EventDelivery:
        delivery = self.session.database.event_deliveries.get(delivery_id)
        if delivery is None:
            raise NotFoundError("delivery", delivery_id)
        return delivery

    async def list(self, query: DeliveryQuery) -> Page[EventDelivery]:
        found = sorted(
            (
                each
                for each in self._of(query.subscription_id)
                if query.status in {None, each.status} and (query.after is None or _key(each) < query.after)
            ),
            key=_key,
            reverse=True,
        )
        return Page(tuple(found[: query.limit]), len(found) > query.limit)

    async def settled_between(
        self, subscription_id: SubscriptionId, since: datetime, until: datetime, *, only_failed: bool, limit: int
    ) -> tuple[EventDelivery, ...]:
        wanted = {DeliveryStatus.FAILED} if only_failed else {DeliveryStatus.FAILED, DeliveryStatus.DELIVERED}
        found = (each for each in self._of(subscription_id) if since <= each.event_at < until)
        return tuple(sorted((each for each in found if each.status in wanted), key=_key)[:limit])

    async def replay(self, deliveries: Sequence[EventDelivery], *, at: datetime) -> int:
        stored = self.session.database.event_deliveries
        fresh = [
            each
            for each in deliveries
            if stored[each.id].status is not DeliveryStatus.PENDING and stored[each.id].replays == each.replays - 1
        ]
        stored.update({each.id: each for each in fresh})
        self._open_lanes(fresh, at)
        return len(fresh)

    async def hurry(self, subscription_id: SubscriptionId, *, at: datetime) -> None:
        lanes = self.session.database.subscription_lanes
        for key, (_, held_by) in tuple(lanes.items()):
            if key[0] == subscription_id and held_by is None:
                lanes[key] = (at, None)

    def _enabled(self) -> Sequence[Subscription]:
        subscriptions = self.session.database.subscriptions.values()
        return sorted((each for each in subscriptions if each.is_enabled), key=lambda each: each.id)

    def _takes(self, subscription: Subscription, at: datetime) -> bool:
        paused_until = self.session.database.subscription_health[subscription.id].paused_until
        return subscription.is_enabled and (paused_until is None or paused_until <= at)

    def _of(self, subscription_id: SubscriptionId) -> Sequence[EventDelivery]:
        deliveries = self.session.database.event_deliveries.values()
        return [each for each in deliveries if each.subscription_id == subscription_id]

    def _open_lanes(self, deliveries: Sequence[EventDelivery], at: datetime) -> None:
        for each in deliveries:
            self.session.database.subscription_lanes.setdefault((each.subscription_id, each.lane_id), (at, None))

    def _head(self, key: LaneKey) -> EventDelivery | None:
        waiting = (
            each for each in self._of(key[0]) if each.lane_id == key[1] and each.status is DeliveryStatus.PENDING
        )
        return min(waiting, key=_place, default=None)

    def _leased(
        self, delivery: EventDelivery, subscription: Subscription, lease_id: UUID, at: datetime
    ) -> LeasedDelivery:
        secrets = self.session.database.subscription_secrets.get(subscription.id, ())
        return LeasedDelivery(
            delivery=delivery,
            lease=Lease(subscription.id, delivery.lane_id, lease_id),
            leased_at=at,
            subscription=subscription,
            secrets=tuple(each.secret for each in secrets if each.expires_at is None or each.expires_at > at),
            event=self._event(delivery),
            incident=None if delivery.incident_id is None else self._outline(delivery.incident_id),
        )

    def _event(self, delivery: EventDelivery) -> DomainEvent:
        return next(each.event for each in self.session.database.log if each.position.sequence == delivery.sequence)

    def _outline(self, incident_id: IncidentId) -> IncidentOutline | None:
        incident = self.session.database.incidents.get(incident_id)
        if incident is None:
            return None
        return IncidentOutline(
            id=incident.id,
            number=incident.number,
            title=incident.title,
            status=incident.status,
            severity=incident.severity,
            urgency=incident.urgency,
            service_id=incident.service_id,
            service_name=self.session.database.services[incident.service_id].name,
            team_id=incident.team_id,
            triggered_at=incident.triggered_at,
            version=incident.version,
            trace=self.session.database.traces.get(incident.id),
        )


def _place(delivery: EventDelivery) -> EventPosition:
    return EventPosition(delivery.transaction, delivery.sequence)


def _key(delivery: EventDelivery) -> DeliveryKey:
    return DeliveryKey(delivery.event_at, delivery.id)

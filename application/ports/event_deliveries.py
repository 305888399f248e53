"""Events on their way to subscriptions: recorded once, leased one at a time for each incident, settled."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.event_log import EventPosition
from application.ports.page import Page
from domain.incident.incident import IncidentStatus
from domain.shared.event import DomainEvent
from domain.shared.ids import EventDeliveryId, IncidentId, ServiceId, SubscriptionId, TeamId
from domain.shared.limits import PAGE_DEFAULT
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.subscription.delivery import DeliveryStatus, EventDelivery
from domain.subscription.subscription import Subscription


class Cursor(NamedTuple):
    """Up to where in the log a subscription's events have been recorded."""

    subscription: Subscription
    position: EventPosition


class Lease(NamedTuple):
    """A lane: the events of one incident for one subscription, which are sent one after the other."""

    subscription_id: SubscriptionId
    lane_id: UUID  # of the incident; of the subscription itself for a test
    lease_id: UUID  # the fence: another lease has another


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOutline:
    """What a receiver need not ask for, as it is when it is sent."""

    id: IncidentId
    number: int
    title: str
    status: IncidentStatus
    severity: Severity
    urgency: Urgency
    service_id: ServiceId
    service_name: str
    team_id: TeamId
    triggered_at: datetime
    version: int
    trace: str | None = None  # that it began with; not told, but gone on with


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDelivery:
    delivery: EventDelivery
    lease: Lease
    leased_at: datetime
    subscription: Subscription
    secrets: tuple[str, ...] = field(repr=False)  # that sign now, the newest first
    event: DomainEvent
    incident: IncidentOutline | None


class Settlement(NamedTuple):
    """What became of a leased delivery; `again_at` when its lane waits for another try."""

    delivery: EventDelivery
    lease: Lease
    again_at: datetime | None


class Health(NamedTuple):
    """How a subscription does: nothing has arrived since, and nothing is sent until."""

    failing_since: datetime | None = None
    paused_until: datetime | None = None


class DeliveryKey(NamedTuple):
    event_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """At most `limit` deliveries of a subscription after the one that `after` names, newest events first."""

    subscription_id: SubscriptionId
    status: DeliveryStatus | None = None
    limit: int = PAGE_DEFAULT
    after: DeliveryKey | None = None


class EventDeliveries(Protocol):
    """Writes are inside the current transaction."""

    # What the relay does.

    @abstractmethod
    async def begin(self, subscription_id: SubscriptionId, position: EventPosition) -> None:
        """Record what comes after the position from now on."""

    @abstractmethod
    async def claim_cursors(self, *, limit: int) -> tuple[Cursor, ...]:
        """Of subscriptions that are enabled and that no other transaction records for, held until this one ends."""

    @abstractmethod
    async def teams_of(self, incident_ids: Collection[IncidentId]) -> dict[IncidentId, TeamId]: ...

    @abstractmethod
    async def record(
        self, deliveries: Sequence[EventDelivery], moved: Mapping[SubscriptionId, EventPosition], *, at: datetime
    ) -> None:
        """New deliveries, and how far each cursor has come with them. A lane at rest is due at once."""

    # What couriers do.

    @abstractmethod
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
        """The next delivery of so many lanes that are due, `each` of one subscription at the most.

        Enabled subscriptions only, and none that is paused or that is to be left out. Until the lease ends nobody
        else has them; after it, or when it is settled, the lane is due again.
        """

    @abstractmethod
    async def is_held(self, lease: Lease) -> bool:
        """Whether the lane is still this lease's. Needs no transaction."""

    @abstractmethod
    async def hold(self, leases: Collection[Lease]) -> frozenset[Lease]:
        """Those that are still theirs, whose lanes nobody else touches until the transaction ends."""

    @abstractmethod
    async def settle(self, settlements: Sequence[Settlement], *, at: datetime) -> None:
        """Of leases that are held. A lane goes on with its next event at once, or waits until `again_at`."""

    @abstractmethod
    async def health_of(self, subscription_ids: Collection[SubscriptionId]) -> dict[SubscriptionId, Health]:
        """Held until the transaction ends, when one is open."""

    @abstractmethod
    async def save_health(self, health: Mapping[SubscriptionId, Health]) -> None: ...

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next lane of an enabled subscription is due. Needs no transaction."""

    # What people do.

    @abstractmethod
    async def get(self, delivery_id: EventDeliveryId) -> EventDelivery:
        """Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def list(self, query: DeliveryQuery) -> Page[EventDelivery]:
        """Needs no transaction."""

    @abstractmethod
    async def settled_between(
        self, subscription_id: SubscriptionId, since: datetime, until: datetime, *, only_failed: bool, limit: int
    ) -> tuple[EventDelivery, ...]:
        """Those of events in [since, until) that are not under way, oldest first. Needs no transaction."""

    @abstractmethod
    async def replay(self, deliveries: Sequence[EventDelivery], *, at: datetime) -> int:
        """Store them as they are after `EventDelivery.replay`, unless somebody else was faster; how many that were."""

    @abstractmethod
    async def hurry(self, subscription_id: SubscriptionId, *, at: datetime) -> None:
        """Every lane that waits for another try is due at once."""

"""What people look at: lists and details, read without a transaction and cut into pages."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.mailbox import MailboxMessage
from application.ports.notifications import Attempt
from application.ports.page import Page, require_limit
from domain.alert.alert import Alert
from domain.alert.alert_event import Link
from domain.audit.entry import AuditEntry
from domain.escalation.run import RunStatus
from domain.escalation.stall import StallReason, stall_reason
from domain.incident.incident import IncidentStatus
from domain.incident.mute import Mute
from domain.incident.responder import ResponderAnswer
from domain.notification.notification import Notification
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IncidentId, IntegrationId, ServiceId, TeamId, UserId
from domain.shared.limits import PAGE_DEFAULT
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

type IncidentRef = IncidentId | int  # by id, or by the number that people say


class TimeKey(NamedTuple):
    """Where in a list ordered by time a row stands. The id decides between rows of one instant."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Every part that is set must hold; an empty set allows everything."""

    statuses: frozenset[IncidentStatus] = frozenset()
    severities: frozenset[Severity] = frozenset()
    service_id: ServiceId | None = None
    team_id: TeamId | None = None
    since: datetime | None = None  # triggered then or later
    until: datetime | None = None  # triggered before
    acknowledged_by: UserId | None = None
    stalled_at: datetime | None = None  # those that were there then, and nothing was to happen to, or said why (P2)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """At most `limit` incidents after the one that `after` names, by (triggered_at, id)."""

    filter: IncidentFilter = IncidentFilter()
    oldest_first: bool = False
    limit: int = PAGE_DEFAULT
    after: TimeKey | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestFirst:
    """At most `limit` rows older than the one with the id `before`. Ids are UUIDv7, so they order by time."""

    limit: int = PAGE_DEFAULT
    before: UUID | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldestFirst:
    """At most `limit` rows newer than the one with the id `after`."""

    limit: int = PAGE_DEFAULT
    after: UUID | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)


class AcknowledgementRecord(NamedTuple):
    """Who has acknowledged an incident since it was last triggered, and when."""

    user_id: UserId
    name: str
    at: datetime


class ResponderRecord(NamedTuple):
    """Who was asked to help with an incident, and what they said."""

    user_id: UserId
    name: str
    answer: ResponderAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSummary:
    """One row of a list, with the names that a person would otherwise have to look up."""

    id: IncidentId
    number: int
    title: str
    severity: Severity
    urgency: Urgency
    priority: Priority
    status: IncidentStatus
    service_id: ServiceId
    service_name: str
    team_id: TeamId
    team_name: str
    triggered_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: UserId | None
    acknowledged_by_name: str | None
    acknowledgements: tuple[AcknowledgementRecord, ...]  # in their order
    acknowledgements_required: int
    acknowledgements_missing: int  # before somebody has it
    snoozed_until: datetime | None
    responders: tuple[ResponderRecord, ...]
    resolved_at: datetime | None
    resolved_by: UserId | None
    resolved_by_name: str | None
    escalation: RunStatus | None  # of the newest run; None: it never had one
    next_escalation_at: datetime | None  # set exactly while its run is running
    next_deadline: datetime | None  # of its own: the end of a snooze, of an acknowledgement or of low urgency
    version: int
    muted: Mute | None = None  # what holds its pages back, or did when it was resolved

    def stall_reason(self, at: datetime) -> StallReason:
        """Of one that is known to have stalled by the instant."""
        is_muted = self.muted is not None and self.status is IncidentStatus.TRIGGERED
        return stall_reason(self.escalation, own_deadline=self.next_deadline, is_muted=is_muted, at=at)


class PossibleCause(NamedTuple):
    """An open incident of a service that another one's needs, and the names of the services on the way up to it."""

    incident_id: IncidentId
    number: int
    title: str
    severity: Severity
    service_id: ServiceId
    way: tuple[str, ...]  # from the service that suffers, both ends named


class Follower(NamedTuple):
    """The incident that takes the alerts of a group instead of another one."""

    incident_id: IncidentId
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDetail:
    """A summary and what is only of interest when one looks at one incident."""

    summary: IncidentSummary
    group_key: str
    service_description: str
    runbook_url: str | None
    may_be_caused_by: tuple[PossibleCause, ...] = ()  # the nearest that are open now; of one that is resolved none
    trace: str | None = None  # that it began with
    group_window: GroupWindow | None = None
    takes_alerts_until: datetime | None = None  # of its group; None: as long as it is open
    followed_by: Follower | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """The ledger of one notification: the intent, to whom, and every attempt, oldest first."""

    notification: Notification
    recipient_name: str  # of the person, or of the destination; its address when it is there no more
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """A change of a service that may explain an incident."""

    id: UUID
    service_id: ServiceId
    occurred_at: datetime
    summary: str
    source: str
    details: Mapping[str, object]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRecord:
    """A message that was set aside for people, and why."""

    id: UUID
    integration_id: IntegrationId | None
    integration_name: str | None
    received_at: datetime
    source: str
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An audit entry with the name of who acted."""

    entry: AuditEntry
    actor_name: str | None


class IncidentReader(Protocol):
    """Incidents as they are shown. What is committed is seen; nothing is held."""

    @abstractmethod
    async def list(self, query: IncidentQuery) -> Page[IncidentSummary]:
        """By (triggered_at, id), newest first unless asked otherwise."""

    @abstractmethod
    async def get(self, ref: IncidentRef) -> IncidentDetail:
        """Raises `NotFoundError`."""

    @abstractmethod
    async def find(self, ref: IncidentRef) -> IncidentId:
        """The id of an incident that exists. Raises `NotFoundError`."""

    @abstractmethod
    async def alerts(self, incident_id: IncidentId, request: OldestFirst) -> Page[Alert]:
        """The alerts that joined the incident, by id."""

    @abstractmethod
    async def deliveries(self, incident_id: IncidentId, request: OldestFirst) -> Page[DeliveryRecord]:
        """Everything that was meant to be sent about the incident, by id."""

    @abstractmethod
    async def pages_to(self, incident_id: IncidentId, user_id: UserId, *, limit: int) -> Page[DeliveryRecord]:
        """The first pages about the incident that were made for one person, by id."""

    @abstractmethod
    async def changes(
        self, service_id: ServiceId, *, since: datetime, until: datetime, limit: int
    ) -> tuple[ChangeRecord, ...]:
        """Changes of the service in [since, until), newest first."""

    @abstractmethod
    async def user_names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """The names of those users that exist."""


class DeadLetterReader(Protocol):
    @abstractmethod
    async def list(self, request: NewestFirst) -> Page[DeadLetterRecord]: ...


class AuditReader(Protocol):
    @abstractmethod
    async def list(self, request: NewestFirst, *, noun_id: UUID | None = None) -> Page[AuditRecord]:
        """Everything, or what was done to one thing."""


class MailboxReader(Protocol):
    @abstractmethod
    async def list(self, request: NewestFirst) -> Page[MailboxMessage]: ...

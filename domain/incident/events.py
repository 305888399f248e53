"""What happened to an incident. Folding these gives the stored incident (`Incident.fold`)."""

from dataclasses import dataclass
from typing import ClassVar

from domain.incident.severity import Severity
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, ServiceId, TeamId, UserId
from domain.shared.urgency import Urgency
from domain.shared.via import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent(DomainEvent):
    incident_id: IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTriggered(IncidentEvent):
    kind: ClassVar[str] = "incident.triggered"
    number: int
    service_id: ServiceId
    team_id: TeamId
    group_key: str
    title: str
    severity: Severity
    urgency: Urgency
    via: Via
    by: UserId | None = None
    alert_id: AlertId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAcknowledged(IncidentEvent):
    kind: ClassVar[str] = "incident.acknowledged"
    via: Via
    by: UserId | None = None  # None: the sender said so


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(IncidentEvent):
    kind: ClassVar[str] = "incident.resolved"
    via: Via
    by: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAnnotated(IncidentEvent):
    """A note. It changes no state, only the timeline."""

    kind: ClassVar[str] = "incident.annotated"
    via: Via
    by: UserId
    note: str

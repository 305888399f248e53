from dataclasses import dataclass
from typing import ClassVar

from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertJoined(DomainEvent):
    """Another alert of the same group fired while the incident was open, or several that were reported together."""

    kind: ClassVar[str] = "alert.joined"
    incident_id: IncidentId
    alert_id: AlertId  # the first of them
    summary: str  # its
    others: tuple[AlertId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFlapped(DomainEvent):
    """It has begun so often lately that its end is believed only when it has been quiet."""

    kind: ClassVar[str] = "alert.flapped"
    incident_id: IncidentId
    alert_id: AlertId
    summary: str
    turns: int
    quiet_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertExpired(DomainEvent):
    """Its sender repeats it no more, and has not said that it is over."""

    kind: ClassVar[str] = "alert.expired"
    incident_id: IncidentId
    alert_id: AlertId
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared(DomainEvent):
    """The sender says that the condition is over."""

    kind: ClassVar[str] = "alert.cleared"
    incident_id: IncidentId
    alert_id: AlertId
    summary: str

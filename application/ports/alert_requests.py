"""What senders asked about their alerts, for protocols that answer before they act and are asked later."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.intake import IntakeTarget, RawEvent
from domain.alert.alert import Alert
from domain.alert.alert_event import AlertEvent
from domain.incident.incident import IncidentStatus
from domain.shared.ids import AlertId, IntegrationId


class NamedBy(StrEnum):
    """How a sender may name an alert of its own."""

    ID = "id"  # ours
    ALIAS = "alias"  # its dedup key
    NUMBER = "number"  # of the alert's incident


class AlertRef(NamedTuple):
    by: NamedBy
    name: str


class RequestedAction(StrEnum):
    """As Opsgenie names them in the status of a request."""

    CREATE = "Create"
    ACKNOWLEDGE = "Acknowledge"
    CLOSE = "Close"
    ADD_NOTE = "AddNote"
    UPDATE = "Update"  # of what stays as the first report described it


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOrder:
    """What a sender asks for. `event` is set to create, and then names the alert."""

    action: RequestedAction
    ref: AlertRef
    event: AlertEvent | None = None
    note: str = ""


class ReceivedRequest(NamedTuple):
    """An order of a sender that was recognised. The request is known by the id of its raw event."""

    target: IntakeTarget
    order: AlertOrder
    raw: RawEvent


class ReportedAlert(NamedTuple):
    """An alert as its sender may see it."""

    alert: Alert
    number: int  # of its incident
    incident_status: IncidentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRequest:
    """One request, and what came of it."""

    id: UUID
    integration_id: IntegrationId
    requested_at: datetime
    action: str
    alias: str | None  # None: it named an alert that is not there by something else
    alert_id: AlertId | None
    is_success: bool
    outcome: str  # for people


class AlertRequests(Protocol):
    """Of one integration at a time: no sender learns of another's."""

    @abstractmethod
    async def find(self, integration_id: IntegrationId, ref: AlertRef) -> ReportedAlert | None:
        """By alias the one that fires, else the last one that a request was about. Needs no transaction."""

    @abstractmethod
    async def get(self, integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        """Needs no transaction."""

    @abstractmethod
    async def add(self, request: AlertRequest) -> None:
        """Inside the current transaction."""

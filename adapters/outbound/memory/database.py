"""Every port once more, in dictionaries: honest stand-ins, held to the same contract as the real ones.

Stored values are immutable, so a transaction is a shallow copy of the dictionaries that an exception puts back.
"""

import asyncio
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from application.ports.alert_requests import AlertRequest
from application.ports.escalations import StepKey
from application.ports.event_deliveries import Health
from application.ports.event_log import EventPosition, LoggedEvent
from application.ports.inhibitions import Source
from application.ports.intake import DeadLetter, RawEvent
from application.ports.notifications import Attempt
from application.ports.routings import Drops, RoutingVersion
from application.ports.subscriptions import SigningSecret
from application.ports.transaction import Transaction
from domain.alert.alert import Alert
from domain.alert.alert_event import ChangeEvent
from domain.audit.entry import AuditEntry
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun
from domain.heartbeat.heartbeat import Heartbeat
from domain.identity.credential import ApiKey, Session, SetupLink
from domain.identity.team import Team
from domain.identity.user import User
from domain.incident.incident import Incident
from domain.notification.contact import Channel, Contact
from domain.notification.destination import Destination
from domain.notification.notification import Notification
from domain.notification.proof import ContactProof, DestinationProof
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.notification.shift_wishes import ShiftWishes
from domain.notification.throttle import Throttle
from domain.notification.verification import ContactVerification
from domain.oncall.absence import Absence
from domain.oncall.calendar_import import CalendarImport
from domain.oncall.cover import CoverRequest
from domain.oncall.feed import CalendarFeed
from domain.oncall.history import History
from domain.oncall.schedule import Schedule
from domain.routing.dependency import Dependency
from domain.routing.inhibition import Inhibition
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.silence import Silence
from domain.service.integration import Integration
from domain.service.quiet import QuietWatch
from domain.service.service import Service
from domain.shared.ids import (
    AbsenceId,
    AlertId,
    ApiKeyId,
    CalendarFeedId,
    ContactId,
    CoverRequestId,
    DestinationId,
    EventDeliveryId,
    HeartbeatId,
    IncidentId,
    InhibitionId,
    IntegrationId,
    MaintenanceId,
    NotificationId,
    PolicyId,
    RunId,
    ScheduleId,
    ServiceId,
    SessionId,
    SilenceId,
    SubscriptionId,
    TeamId,
    UserId,
)
from domain.subscription.delivery import EventDelivery
from domain.subscription.subscription import Subscription


@dataclass(slots=True)
class MemoryDatabase:
    """What is committed. Made once per world; sessions share it."""

    users: dict[UserId, User] = field(default_factory=dict)
    contacts: dict[UserId, tuple[Contact, ...]] = field(default_factory=dict)
    contact_proofs: dict[ContactId, ContactProof] = field(default_factory=dict)
    rules: dict[UserId, tuple[NotificationRule, ...]] = field(default_factory=dict)
    verifications: dict[ContactId, ContactVerification] = field(default_factory=dict)
    # Each with until when it signs; None: until another takes its place
    contact_secrets: dict[ContactId, tuple[tuple[str, datetime | None], ...]] = field(default_factory=dict, repr=False)
    quiet_hours: dict[UserId, QuietHours] = field(default_factory=dict)
    shift_wishes: dict[UserId, ShiftWishes] = field(default_factory=dict)
    teams: dict[TeamId, Team] = field(default_factory=dict)
    api_keys: dict[ApiKeyId, ApiKey] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    setup_links: dict[bytes, SetupLink] = field(default_factory=dict)
    services: dict[ServiceId, Service] = field(default_factory=dict)
    integrations: dict[IntegrationId, Integration] = field(default_factory=dict)
    routings: dict[UUID, tuple[RoutingVersion, ...]] = field(default_factory=dict)  # by owner, oldest first
    route_drops: dict[tuple[UUID, str], Drops] = field(default_factory=dict)
    silences: dict[SilenceId, Silence] = field(default_factory=dict)
    dependencies: dict[ServiceId, tuple[Dependency, ...]] = field(default_factory=dict)
    inhibitions: dict[InhibitionId, Inhibition] = field(default_factory=dict)
    inhibition_sources: tuple[Source, ...] = ()
    maintenance: dict[MaintenanceId, MaintenanceWindow] = field(default_factory=dict)
    rulebook_revision: int = 0
    policies: dict[PolicyId, EscalationPolicy] = field(default_factory=dict)
    throttles: dict[tuple[Channel, str], Throttle] = field(default_factory=dict)
    policy_versions: dict[tuple[PolicyId, int], EscalationPolicy] = field(default_factory=dict)
    step_turns: dict[StepKey, int] = field(default_factory=dict)
    fall_backs: dict[TeamId | None, FallBack] = field(default_factory=dict)
    schedules: dict[ScheduleId, Schedule] = field(default_factory=dict)  # as made last, with what overrides there are
    schedule_histories: dict[ScheduleId, History] = field(default_factory=dict)
    calendar_feeds: dict[CalendarFeedId, CalendarFeed] = field(default_factory=dict)
    calendar_imports: dict[ScheduleId, CalendarImport] = field(default_factory=dict)
    subscriptions: dict[SubscriptionId, Subscription] = field(default_factory=dict)
    subscription_secrets: dict[SubscriptionId, tuple[SigningSecret, ...]] = field(default_factory=dict)
    subscription_cursors: dict[SubscriptionId, EventPosition] = field(default_factory=dict)
    subscription_health: dict[SubscriptionId, Health] = field(default_factory=dict)
    subscription_lanes: dict[tuple[SubscriptionId, UUID], tuple[datetime, UUID | None]] = field(default_factory=dict)
    event_deliveries: dict[EventDeliveryId, EventDelivery] = field(default_factory=dict)
    cover_requests: dict[CoverRequestId, CoverRequest] = field(default_factory=dict)
    quiet_watches: dict[IntegrationId, QuietWatch] = field(default_factory=dict)
    absences: dict[AbsenceId, Absence] = field(default_factory=dict)
    destinations: dict[DestinationId, Destination] = field(default_factory=dict)
    destination_secrets: dict[DestinationId, tuple[str, str | None, datetime]] = field(default_factory=dict)
    destination_proofs: dict[DestinationId, DestinationProof] = field(default_factory=dict)
    incidents: dict[IncidentId, Incident] = field(default_factory=dict)
    traces: dict[IncidentId, str] = field(default_factory=dict)
    joins_until: dict[IncidentId, datetime] = field(default_factory=dict)  # of those with a window
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    heartbeats: dict[HeartbeatId, Heartbeat] = field(default_factory=dict)
    alert_requests: dict[UUID, AlertRequest] = field(default_factory=dict)
    runs: dict[RunId, EscalationRun] = field(default_factory=dict)
    notifications: dict[NotificationId, Notification] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    log: tuple[LoggedEvent, ...] = ()
    raw_events: tuple[RawEvent, ...] = ()
    change_events: tuple[tuple[UUID, IntegrationId, ChangeEvent], ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    inbox: dict[tuple[str, str], Any] = field(default_factory=dict)
    mailbox: tuple[Any, ...] = ()
    transactions: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def copy(self) -> dict[str, Any]:
        kept = {}
        for each in fields(self):
            value = getattr(self, each.name)
            kept[each.name] = dict(value) if isinstance(value, dict) else value
        return kept

    def restore(self, kept: dict[str, Any]) -> None:
        for name, value in kept.items():
            setattr(self, name, value)


class MemorySession(Transaction):
    """One transaction at a time, as serial as can be."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self._kept: dict[str, Any] | None = None

    async def __aenter__(self) -> None:
        assert self._kept is None, "transactions do not nest"
        await self.database.lock.acquire()
        self._kept = self.database.copy()
        self.database.transactions += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        kept, self._kept = self._kept, None
        assert kept is not None
        if kind is not None:
            self.database.restore(kept)
        self.database.lock.release()

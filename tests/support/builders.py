"""One of each noun, whole and valid, with whatever a test wants to be otherwise; and a small town of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from application.ports.alert_requests import AlertOrder, AlertRef, NamedBy, ReceivedRequest, RequestedAction
from application.ports.intake import IntakeTarget, RawEvent, ReceivedChange
from domain.alert.alert import Alert, AlertStatus
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, ChangeEvent
from domain.escalation.condition import Circumstances, StepCondition
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.escalation.run import EscalationRun
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.incident.incident import Incident, IncidentDraft
from domain.notification.contact import Channel, Contact
from domain.notification.destination import Destination, DestinationKind
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.rule import NotificationRule
from domain.oncall.schedule import Schedule
from domain.service.integration import Integration, IntegrationKind
from domain.service.service import Service, UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.ids import (
    AlertId,
    ContactId,
    DestinationId,
    IncidentId,
    IntegrationId,
    NotificationId,
    PolicyId,
    RunId,
    ScheduleId,
    ServiceId,
    TeamId,
    UserId,
)
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.oncall import a_layer

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
MINUTE: Final = timedelta(minutes=1)

ADA, BEN, CAT, DAN = (UserId(UUID(int=number)) for number in range(1, 5))
CREW = TeamId(UUID(int=11))
ROTA = ScheduleId(UUID(int=21))
LADDER, LOOP = PolicyId(UUID(int=31)), PolicyId(UUID(int=32))
SHOP, BANK = ServiceId(UUID(int=41)), ServiceId(UUID(int=42))
OPS, HOOK = DestinationId(UUID(int=61)), DestinationId(UUID(int=62))
SHOP_PROBES, SHOP_LOGS, BANK_PROBES = (IntegrationId(UUID(int=number)) for number in range(51, 54))


def an_actor(user_id: UserId = ADA, role: Role = Role.RESPONDER, **more: Any) -> Actor:
    return Actor(user_id=user_id, role=role, **more)


def a_user(user_id: UserId = ADA, name: str = "", **more: Any) -> User:
    name = name or f"User {user_id.int}"
    return User(id=user_id, email=f"user-{user_id.int}@example.test", name=name, role=Role.RESPONDER, **more)


def a_contact(user_id: UserId = ADA, channel: Channel = Channel.EMAIL, number: int = 0) -> Contact:
    """Its id and its address follow from whose, which channel and which number it is."""
    return Contact(
        id=ContactId(UUID(int=user_id.int * 1000 + number * 10 + list(Channel).index(channel))),
        user_id=user_id,
        channel=channel,
        address=an_address(channel, f"user-{user_id.int}-{number}"),
    )


def an_address(channel: Channel, name: str) -> str:
    match channel:
        case Channel.EMAIL:
            return f"{name}@example.test"
        case Channel.SLACK:
            return "U" + name.upper().replace("-", "0")[-20:]
        case Channel.NTFY:
            return name
        case Channel.SMS | Channel.VOICE:
            return "+49" + "".join(character for character in name if character.isdigit()).rjust(9, "1")[-9:]
        case Channel.WEBHOOK:
            return f"https://{name}.example.test/pages"


def a_rule(
    contact: Contact, *, after: timedelta = timedelta(0), position: int = 0, urgency: Urgency = Urgency.HIGH
) -> NotificationRule:
    return NotificationRule(urgency=urgency, position=position, contact_id=contact.id, delay=after)


def to_user(user_id: UserId = ADA) -> Target:
    return Target(kind=TargetKind.USER, id=user_id)


def to_team(team_id: TeamId = CREW) -> Target:
    return Target(kind=TargetKind.TEAM, id=team_id)


def to_schedule(schedule_id: ScheduleId = ROTA) -> Target:
    return Target(kind=TargetKind.SCHEDULE, id=schedule_id)


def a_channel(destination_id: DestinationId = OPS, name: str = "Ops", address: str = "C0123OPS") -> Destination:
    return Destination(id=destination_id, team_id=CREW, name=name, kind=DestinationKind.SLACK_CHANNEL, address=address)


def a_webhook() -> Destination:
    address = "https://hooks.example.test/t/secret"
    return Destination(id=HOOK, team_id=CREW, name="Hook", kind=DestinationKind.WEBHOOK, address=address)


def to_channel(destination_id: DestinationId = OPS) -> Target:
    return Target(kind=TargetKind.CHANNEL, id=destination_id)


def to_webhook() -> Target:
    return Target(kind=TargetKind.WEBHOOK, id=HOOK)


def a_step(*targets: Target, delay: timedelta = 5 * MINUTE, **more: Any) -> Step:
    return Step(targets=targets or (to_user(),), delay=delay, **more)


def only_for(*severities: Severity, **more: Any) -> StepCondition:
    return StepCondition(severities=severities, **more)


def circumstances(**more: Any) -> Circumstances:
    """Of a grave and urgent incident."""
    return Circumstances(**{"severity": Severity.SEV1, "urgency": Urgency.HIGH, "priority": Priority.P1, **more})


def a_policy(*steps: Step, policy_id: PolicyId = LADDER, repeats: int = 0, **more: Any) -> EscalationPolicy:
    return EscalationPolicy(
        id=policy_id,
        team_id=CREW,
        name=f"Policy {policy_id.int}",
        steps=steps or (a_step(),),
        repeats=repeats,
        **more,
    )


def a_service(service_id: ServiceId = SHOP, policy_id: PolicyId = LADDER, **more: Any) -> Service:
    return Service(id=service_id, team_id=CREW, policy_id=policy_id, name=f"Service {service_id.int}", **more)


def office_hours(zone: str = "Europe/Berlin", *, starts: int = 9, ends: int = 17) -> SupportHours:
    """From Monday to Friday."""
    days = tuple(Weekday)[:5]
    return SupportHours(
        time_zone=zone,
        windows=tuple(
            WeeklyWindow(starts_on=day, starts_at=time(starts), ends_on=day, ends_at=time(ends)) for day in days
        ),
    )


def key_of(integration_id: IntegrationId) -> bytes:
    """The hash of an integration's key, as `an_integration` has it."""
    return sha256(integration_id.bytes).digest()


def an_integration(
    integration_id: IntegrationId = SHOP_PROBES, service_id: ServiceId = SHOP, **more: Any
) -> Integration:
    values: Mapping[str, Any] = {"kind": IntegrationKind.NATIVE, **more}
    return Integration(
        id=integration_id,
        service_id=service_id,
        team_id=CREW,
        name=f"Integration {integration_id.int}",
        key_hash=key_of(integration_id),
        **values,
    )


def an_event(dedup_key: str = "disk", action: AlertAction = AlertAction.TRIGGER, **more: Any) -> AlertEvent:
    return AlertEvent(action=action, dedup_key=dedup_key, **{"summary": f"{dedup_key} is unwell", **more})


def a_received_change(
    change: ChangeEvent, integration: Integration | None = None, change_id: UUID | None = None
) -> ReceivedChange:
    target = IntakeTarget(
        integration=integration or an_integration(),
        policy_id=LADDER,
        policy_version=1,
        urgency_rule=UrgencyRule.BY_SEVERITY,
    )
    return ReceivedChange(change_id or UUID(int=7001), target, change, NOON)


def a_received_request(
    request_id: UUID,
    action: RequestedAction = RequestedAction.ACKNOWLEDGE,
    *,
    alias: str = "disk",
    event: AlertEvent | None = None,
    note: str = "",
) -> ReceivedRequest:
    """What a sender asks about one of its alerts, by its alias."""
    order = AlertOrder(action=action, ref=AlertRef(NamedBy.ALIAS, alias), event=event, note=note)
    raw = RawEvent(id=request_id, integration_id=SHOP_PROBES, received_at=NOON, format="opsgenie", body=b"{}")
    return ReceivedRequest(a_received_change(ChangeEvent(summary="")).target, order, raw)


def a_draft(number: int = 1, *, service_id: ServiceId = SHOP, at: datetime = NOON, **more: Any) -> IncidentDraft:
    """Each number is another incident of another group."""
    values: Mapping[str, Any] = {
        "group_key": f"group {number}",
        "title": f"Incident {number}",
        "severity": Severity.SEV1,
        "urgency": Urgency.HIGH,
        **more,
    }
    return IncidentDraft(
        id=IncidentId(UUID(int=10_000 + number)), service_id=service_id, team_id=CREW, triggered_at=at, **values
    )


def an_incident(number: int = 1, *, at: datetime = NOON, **more: Any) -> Incident:
    return replace(Incident.trigger(a_draft(number, at=at), number=number, via=Via.SENDER).state, version=1, **more)


def an_alert(number: int = 1, *, incident: int = 1, at: datetime = NOON, **more: Any) -> Alert:
    """Each number is another alert, of another dedup key."""
    values: Mapping[str, Any] = {
        "integration_id": SHOP_PROBES,
        "dedup_key": f"alert {number}",
        "status": AlertStatus.FIRING,
        "severity": AlertSeverity.CRITICAL,
        **more,
    }
    return Alert(
        id=AlertId(UUID(int=20_000 + number)),
        service_id=SHOP,
        incident_id=IncidentId(UUID(int=10_000 + incident)),
        group_key=f"group {incident}",
        summary=f"Alert {number}",
        source="probe",
        first_seen_at=at,
        last_seen_at=at,
        **values,
    )


def a_run(
    number: int = 1, *, incident: int = 1, at: datetime = NOON, policy_version: int = 1, **more: Any
) -> EscalationRun:
    return EscalationRun.start(
        RunId(UUID(int=30_000 + number)),
        incident_id=IncidentId(UUID(int=10_000 + incident)),
        policy_id=LADDER,
        policy_version=policy_version,
        at=at,
        **more,
    )


def a_page(number: int = 1, *, incident: int = 1, due_at: datetime = NOON, **more: Any) -> Notification:
    """Each number is another page: its place among its user's rules."""
    values: Mapping[str, Any] = {
        "run_id": RunId(UUID(int=30_000 + incident)),
        "round": 0,
        "step": 0,
        "user_id": ADA,
        "rule_position": number,
        "purpose": Purpose.PAGE,
        "channel": Channel.EMAIL,
        "address": "ada@example.test",
        "status": NotificationStatus.PENDING,
        **more,
    }
    return Notification(
        id=NotificationId(UUID(int=40_000 + number)),
        incident_id=IncidentId(UUID(int=10_000 + incident)),
        created_at=NOON,
        next_deadline=due_at,
        **values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Everything that is configured: who there is, how they are reached, and who is paged for what."""

    users: tuple[User, ...]
    contacts: tuple[Contact, ...]
    rules: Mapping[UserId, tuple[NotificationRule, ...]]
    teams: tuple[Team, ...]
    schedules: tuple[Schedule, ...]
    policies: tuple[EscalationPolicy, ...]
    services: tuple[Service, ...]
    integrations: tuple[Integration, ...]
    destinations: tuple[Destination, ...]


def a_town(**more: Any) -> Town:
    """A shop, paged by a ladder of two steps, and a bank, paged by one step three times over.

    Ada has a rule that waits; Ben has none and is told everywhere at once; Cat has only low urgency in her rules; Dan
    has left.
    """
    mail, chat = a_contact(ADA), a_contact(ADA, Channel.SLACK)
    later = a_contact(CAT, Channel.SLACK)
    parts: Mapping[str, Any] = {
        "users": (a_user(ADA), a_user(BEN), a_user(CAT), a_user(DAN, is_active=False)),
        "contacts": (mail, chat, a_contact(BEN), a_contact(BEN, Channel.SLACK), later, a_contact(DAN)),
        "rules": {
            ADA: (a_rule(mail), a_rule(chat, after=2 * MINUTE, position=1)),
            CAT: (a_rule(later, after=MINUTE, urgency=Urgency.LOW),),
        },
        "teams": (Team(id=CREW, name="Crew", member_ids=(BEN, CAT)),),
        "schedules": (
            Schedule(
                id=ROTA,
                team_id=CREW,
                name="Rota",
                time_zone="Europe/Berlin",
                layers=(a_layer(ADA, CAT, starts="2026-01-01 09:00"),),
            ),
        ),
        "policies": (
            a_policy(a_step(to_schedule()), a_step(to_team(), to_user(ADA), delay=10 * MINUTE), repeats=1),
            a_policy(a_step(to_user(BEN), to_user(DAN), delay=3 * MINUTE), policy_id=LOOP, repeats=2),
        ),
        "services": (a_service(SHOP), a_service(BANK, LOOP, urgency_rule=UrgencyRule.ALWAYS_LOW)),
        "integrations": (
            an_integration(SHOP_PROBES),
            an_integration(SHOP_LOGS),
            an_integration(BANK_PROBES, BANK),
        ),
        "destinations": (a_channel(), a_webhook()),
        **more,
    }
    return Town(**parts)

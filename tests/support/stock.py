"""A stocked storage: two teams with a service each, three people, and whatever a test puts there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from adapters.outbound.memory.audit import MemoryAuditLog
from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.escalations import MemoryRunRepository
from adapters.outbound.memory.incidents import MemoryIncidentRepository
from adapters.outbound.memory.intake import MemoryIntakeStore
from adapters.outbound.memory.integrations import MemoryIntegrationRepository
from adapters.outbound.memory.mailbox import MemoryMailbox
from adapters.outbound.memory.notifications import MemoryNotificationRepository
from adapters.outbound.memory.policies import MemoryPolicyRepository
from adapters.outbound.memory.readers import (
    MemoryAuditReader,
    MemoryDeadLetterReader,
    MemoryIncidentReader,
    MemoryMailboxReader,
)
from adapters.outbound.memory.services import MemoryServiceRepository
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.memory.users import MemoryUserRepository
from adapters.outbound.postgres.audit import PostgresAuditLog
from adapters.outbound.postgres.escalations import PostgresRunRepository
from adapters.outbound.postgres.incidents import PostgresIncidentRepository
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.integrations import PostgresIntegrationRepository
from adapters.outbound.postgres.mailbox import PostgresMailbox
from adapters.outbound.postgres.notifications import PostgresNotificationRepository
from adapters.outbound.postgres.policies import PostgresPolicyRepository
from adapters.outbound.postgres.readers import (
    PostgresAuditReader,
    PostgresDeadLetterReader,
    PostgresIncidentReader,
    PostgresMailboxReader,
)
from adapters.outbound.postgres.services import PostgresServiceRepository
from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.users import PostgresUserRepository
from application.ports.audit import AuditLog
from application.ports.escalations import RunRepository
from application.ports.incidents import IncidentRepository
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.mailbox import Mailbox
from application.ports.notifications import NotificationRepository
from application.ports.policies import PolicyRepository
from application.ports.readers import AuditReader, DeadLetterReader, IncidentReader, MailboxReader
from application.ports.services import ServiceRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.alert.alert import Alert, AlertStatus
from domain.alert.alert_event import AlertSeverity, Link
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.escalation.run import EscalationRun
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.incident.incident import Incident, IncidentDraft
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.service.integration import Integration, IntegrationKind
from domain.service.service import Service
from domain.shared.ids import (
    AlertId,
    IncidentId,
    IntegrationId,
    NotificationId,
    PolicyId,
    RunId,
    ServiceId,
    TeamId,
    UserId,
)
from domain.shared.severity import Severity
from domain.shared.via import Via

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)

ADA, BEN, VIC = UserId(UUID(int=901)), UserId(UUID(int=902)), UserId(UUID(int=903))
SHOP, BANK = TeamId(UUID(int=911)), TeamId(UUID(int=912))
SHOP_POLICY, BANK_POLICY = PolicyId(UUID(int=921)), PolicyId(UUID(int=922))
CHECKOUT, LEDGER = ServiceId(UUID(int=931)), ServiceId(UUID(int=932))
CHECKOUT_ALERTS = IntegrationId(UUID(int=941))

USERS: Final = (
    User(id=ADA, email="ada@example.test", name="Ada", role=Role.RESPONDER, slack_user_id="U0ADA"),
    User(id=BEN, email="ben@example.test", name="Ben", role=Role.ADMIN),
    User(id=VIC, email="vic@example.test", name="Vic", role=Role.VIEWER, slack_user_id="U0VIC"),
)
TEAMS: Final = (Team(id=SHOP, name="Store"), Team(id=BANK, name="Bank"))

_numbers = count(1000)


def new_id() -> UUID:
    """Greater than every one before, as the ids that the product makes are."""
    return UUID(int=next(_numbers))


@dataclass(frozen=True, slots=True)
class Stock:
    """One session's view of the storage."""

    transaction: Transaction
    users: UserRepository
    teams: TeamRepository
    policies: PolicyRepository
    services: ServiceRepository
    integrations: IntegrationRepository
    intake: IntakeStore
    incidents: IncidentRepository
    runs: RunRepository
    notifications: NotificationRepository
    audit: AuditLog
    mailbox: Mailbox
    incident_reader: IncidentReader
    dead_letter_reader: DeadLetterReader
    audit_reader: AuditReader
    mailbox_reader: MailboxReader

    async def lay_in(self) -> None:
        """People, teams, policies, services and an integration."""
        async with self.transaction:
            for user in USERS:
                await self.users.save(user)
            for team in TEAMS:
                await self.teams.save(team)
            for team_id, policy_id, service_id, name in (
                (SHOP, SHOP_POLICY, CHECKOUT, "checkout"),
                (BANK, BANK_POLICY, LEDGER, "ledger"),
            ):
                step = Step(targets=(Target(kind=TargetKind.USER, id=ADA),), delay=timedelta(minutes=5))
                await self.policies.save(
                    EscalationPolicy(id=policy_id, team_id=team_id, name=f"{name} policy", steps=(step,))
                )
                await self.services.save(
                    Service(
                        id=service_id,
                        team_id=team_id,
                        policy_id=policy_id,
                        name=name,
                        description=f"The {name}.",
                        runbook_url=f"https://runbooks.example.test/{name}",
                    )
                )
            await self.integrations.save(
                Integration(
                    id=CHECKOUT_ALERTS,
                    service_id=CHECKOUT,
                    team_id=SHOP,
                    kind=IntegrationKind.NATIVE,
                    name="probes",
                    key_hash=b"k" * 32,
                )
            )

    async def incident(
        self,
        title: str = "5xx on checkout",
        *,
        service_id: ServiceId = CHECKOUT,
        severity: Severity = Severity.SEV2,
        at: datetime = NOON,
        escalates: bool = True,
        trace: str | None = None,
    ) -> Incident:
        """An open incident, with its run at work unless it does not escalate."""
        incident_id = IncidentId(new_id())
        draft = IncidentDraft(
            id=incident_id,
            service_id=service_id,
            team_id=SHOP if service_id == CHECKOUT else BANK,
            group_key=str(incident_id),
            title=title,
            severity=severity,
            urgency=severity.urgency,
            triggered_at=at,
            trace=trace,
        )
        run = EscalationRun.start(
            RunId(new_id()),
            incident_id=incident_id,
            policy_id=SHOP_POLICY if service_id == CHECKOUT else BANK_POLICY,
            policy_version=1,
            at=at,
        )
        async with self.transaction:
            (opened,) = (await self.intake.open_incidents([draft])).values()
            change = Incident.trigger(draft, number=opened.number, via=Via.SENDER)
            await self.intake.record(alerts=[], runs=[run] if escalates else [], events=change.events, raw_events=[])
            return await self.incidents.get(incident_id)

    async def acknowledged(self, incident: Incident, *, by: UserId = ADA, at: datetime | None = None) -> Incident:
        """The same incident, taken by somebody, its run stopped."""
        async with self.transaction:
            held = await self.incidents.get(incident.id)
            await self.runs.save([run.stop() for run in await self.runs.running_of([incident.id])])
            after = at or incident.triggered_at + timedelta(minutes=1)
            return await self.incidents.save(held.acknowledge(by=by, via=Via.API, at=after))

    async def resolved(self, incident: Incident, *, by: UserId | None = ADA) -> Incident:
        async with self.transaction:
            held = await self.incidents.get(incident.id)
            await self.runs.save([run.stop() for run in await self.runs.running_of([incident.id])])
            at = incident.triggered_at + timedelta(minutes=9)
            return await self.incidents.save(held.resolve(by=by, via=Via.API, at=at))

    async def alerts(self, incident: Incident, *summaries: str) -> Sequence[Alert]:
        """Firing alerts of the incident, oldest first."""
        alerts = [
            Alert(
                id=AlertId(new_id()),
                integration_id=CHECKOUT_ALERTS,
                service_id=incident.service_id,
                incident_id=incident.id,
                dedup_key=f"{incident.id}/{summary}",
                group_key=incident.group_key,
                status=AlertStatus.FIRING,
                summary=summary,
                source="probe-1",
                severity=AlertSeverity.CRITICAL,
                first_seen_at=incident.triggered_at,
                last_seen_at=incident.triggered_at,
                labels={"region": "north"},
                details={"rate": 0.5, "codes": [502, 503]},
                links=(Link(href="https://graphs.example.test/1", text="Graph"),),
            )
            for summary in summaries
        ]
        async with self.transaction:
            await self.intake.record(alerts=alerts, runs=[], events=[], raw_events=[])
        return alerts

    async def page(self, incident: Incident, *, user_id: UserId = ADA, rule_position: int = 0) -> Notification:
        """A pending page about the incident."""
        page = Notification(
            id=NotificationId(new_id()),
            incident_id=incident.id,
            run_id=RunId(incident.id),
            round=0,
            step=0,
            user_id=user_id,
            rule_position=rule_position,
            purpose=Purpose.PAGE,
            channel=Channel.EMAIL,
            address="ada@example.test",
            status=NotificationStatus.PENDING,
            created_at=incident.triggered_at,
            next_deadline=incident.triggered_at,
        )
        async with self.transaction:
            await self.notifications.add([page])
        return page

    async def save_user(self, user: User, **changes: object) -> User:
        async with self.transaction:
            held = await self.users.get(user.id)
            return await self.users.save(replace(held, **changes))  # type: ignore[arg-type]  # names are the test's


def over_memory(session: MemorySession) -> Stock:
    return Stock(
        transaction=session,
        users=MemoryUserRepository(session),
        teams=MemoryTeamRepository(session),
        policies=MemoryPolicyRepository(session),
        services=MemoryServiceRepository(session),
        integrations=MemoryIntegrationRepository(session),
        intake=MemoryIntakeStore(session),
        incidents=MemoryIncidentRepository(session),
        runs=MemoryRunRepository(session),
        notifications=MemoryNotificationRepository(session),
        audit=MemoryAuditLog(session),
        mailbox=MemoryMailbox(session),
        incident_reader=MemoryIncidentReader(session),
        dead_letter_reader=MemoryDeadLetterReader(session),
        audit_reader=MemoryAuditReader(session),
        mailbox_reader=MemoryMailboxReader(session),
    )


def over_postgres(session: PostgresSession) -> Stock:
    return Stock(
        transaction=session,
        users=PostgresUserRepository(session),
        teams=PostgresTeamRepository(session),
        policies=PostgresPolicyRepository(session),
        services=PostgresServiceRepository(session),
        integrations=PostgresIntegrationRepository(session),
        intake=PostgresIntakeStore(session),
        incidents=PostgresIncidentRepository(session),
        runs=PostgresRunRepository(session),
        notifications=PostgresNotificationRepository(session),
        audit=PostgresAuditLog(session),
        mailbox=PostgresMailbox(session),
        incident_reader=PostgresIncidentReader(session),
        dead_letter_reader=PostgresDeadLetterReader(session),
        audit_reader=PostgresAuditReader(session),
        mailbox_reader=PostgresMailboxReader(session),
    )

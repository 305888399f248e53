"""A week in the life of two teams in two time zones, made by the real use cases at the times when it happened.

The same week each time but for ids, keys and secrets, relative to the day on which it is made. One command removes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from dishka import AsyncContainer, Provider, Scope, provide

from adapters.outbound.memory.notifier import MemoryNotifier
from adapters.outbound.postgres.demo import DemoRows
from adapters.outbound.postgres.session import PostgresSession
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import SeededIdFactory
from adapters.outbound.system.randomness import SeededRandomness
from application.alert.ingest import IngestEvents, ReceivedEvent
from application.escalation.advance import AdvanceEscalations
from application.escalation.create_policy import CreatePolicy
from application.identity.create_team import CreateTeam
from application.identity.create_user import CreateUser
from application.identity.set_reachability import ContactDraft, RuleDraft, SetReachability
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.annotate import AnnotateIncident
from application.incident.resolve import ResolveIncident
from application.notification.deliver import DeliverNotification
from application.notification.lease import LeaseNotifications
from application.oncall.add_override import AddOverride
from application.oncall.create_schedule import CreateSchedule
from application.oncall.schedule_on_call import ScheduleOnCall
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.escalations import RunRepository
from application.ports.ids import IdFactory
from application.ports.intake import IntakeStore, IntakeTarget, RawEvent
from application.ports.notifications import NotificationRepository
from application.ports.notifier import Notifier, Notifiers
from application.ports.transaction import Transaction
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.escalation.policy import Step, Target, TargetKind
from domain.identity.actor import Actor, CredentialKind
from domain.identity.credential import secret_hash
from domain.identity.role import Role
from domain.notification.contact import Channel
from domain.oncall.layer import Layer
from domain.oncall.rotation import Rotation, RotationUnit
from domain.service.integration import IntegrationKind
from domain.shared.ids import IncidentId, PolicyId, ScheduleId, TeamId, UserId
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from entrypoints.container import production_container
from entrypoints.local import local_admin
from entrypoints.settings import Settings

WEEK: Final = timedelta(days=8)


class Person(NamedTuple):
    name: str
    email: str
    zone: str


class Happening(NamedTuple):
    """One incident of the week: when, relative to midnight UTC of the day it is made, and what people did."""

    at: timedelta
    service: str
    severity: AlertSeverity
    summary: str
    acknowledged_after: timedelta | None  # None: nobody did
    resolved_after: timedelta | None  # None: still open
    note: str = ""
    source: str = "prometheus"


TEAMS: Final = {
    "Payments": (
        "Europe/Berlin",
        Person("Ana Becker", "ana.becker@example.com", "Europe/Berlin"),
        Person("Jonas Weber", "jonas.weber@example.com", "Europe/Berlin"),
        Person("Mira Yilmaz", "mira.yilmaz@example.com", "Europe/Istanbul"),
    ),
    "Platform": (
        "America/Los_Angeles",
        Person("Sam Rivera", "sam.rivera@example.com", "America/Los_Angeles"),
        Person("Priya Nair", "priya.nair@example.com", "America/Los_Angeles"),
        Person("Leo Chen", "leo.chen@example.com", "America/New_York"),
    ),
}
SERVICES: Final = {"checkout": "Payments", "payments-api": "Payments", "gateway": "Platform", "ingestion": "Platform"}


def _at(days_ago: int, hour: int, minute: int) -> timedelta:
    return timedelta(days=-days_ago, hours=hour, minutes=minute)


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


HAPPENINGS: Final = (
    Happening(
        _at(7, 2, 14),
        "checkout",
        AlertSeverity.CRITICAL,
        "Checkout answers 5xx at 7.2 %",
        _minutes(3),
        _minutes(41),
        "Rolled back release 2041; error rate is falling.",
    ),
    Happening(_at(7, 15, 2), "gateway", AlertSeverity.WARNING, "p99 latency above 800 ms", _minutes(6), _minutes(25)),
    Happening(
        _at(6, 9, 30),
        "payments-api",
        AlertSeverity.ERROR,
        "Card authorisations time out",
        _minutes(7),
        _minutes(95),
        "Provider confirms a fault on their side; switched to the second acquirer.",
    ),
    Happening(
        _at(6, 23, 48),
        "ingestion",
        AlertSeverity.CRITICAL,
        "Consumer lag above 1,000,000",
        _minutes(22),
        _minutes(130),
        "Two brokers were out of disk. Expanded, and rebalancing.",
    ),
    Happening(
        _at(5, 4, 5), "gateway", AlertSeverity.CRITICAL, "Certificate expires in 6 hours", _minutes(2), _minutes(18)
    ),
    Happening(_at(5, 11, 20), "checkout", AlertSeverity.INFO, "Canary restarted twice", None, _minutes(50)),
    Happening(
        _at(4, 1, 59),
        "checkout",
        AlertSeverity.CRITICAL,
        "No orders for 5 minutes",
        _minutes(4),
        _minutes(33),
        "A feature flag hid the pay button. Switched off.",
    ),
    Happening(_at(4, 18, 44), "ingestion", AlertSeverity.WARNING, "Dead letters above 50", _minutes(9), _minutes(61)),
    Happening(
        _at(3, 3, 31),
        "payments-api",
        AlertSeverity.CRITICAL,
        "Primary database does not answer",
        _minutes(1),
        _minutes(12),
        "Failover went through by itself after 31 s.",
    ),
    Happening(_at(3, 20, 12), "gateway", AlertSeverity.ERROR, "5xx from one zone", _minutes(5), _minutes(48)),
    Happening(
        _at(2, 13, 7), "checkout", AlertSeverity.ERROR, "Basket service answers slowly", _minutes(11), _minutes(75)
    ),
    Happening(_at(2, 22, 40), "ingestion", AlertSeverity.INFO, "Replica lag above 10 s", None, _minutes(35)),
    Happening(
        _at(1, 5, 16), "payments-api", AlertSeverity.WARNING, "Retry queue is growing", _minutes(8), _minutes(52)
    ),
    Happening(
        _at(1, 16, 3),
        "gateway",
        AlertSeverity.CRITICAL,
        "Health checks fail in us-west",
        _minutes(16),
        _minutes(88),
        "A bad route announcement; withdrawn by the network team.",
    ),
    Happening(
        _at(1, 21, 25), "checkout", AlertSeverity.WARNING, "Payment page weight above budget", _minutes(12), None
    ),
)


async def seed(settings: Settings) -> None:
    """The demonstration, unless it is there already."""
    container = production_container(settings)
    try:
        await seed_into(container)
    finally:
        await container.close()


async def remove(settings: Settings) -> None:
    """Everything of the demonstration, and nothing else."""
    container = production_container(settings)
    try:
        async with container() as request:
            session = await request.get(PostgresSession)
            async with session:
                await DemoRows(session).remove()
    finally:
        await container.close()


async def seed_into(container: AsyncContainer, say: Callable[[str], None] = lambda _: None) -> None:
    """The same over a container that is there."""
    async with container() as request:
        if await DemoRows(await request.get(PostgresSession)).exist():
            return
    say("· a week of demonstration")
    now = (await container.get(Clock)).now()
    midnight = datetime.combine(now.date(), time(), UTC)
    clock = ManualClock(midnight - WEEK)
    # Other ids each time: what was removed may have left its entries in the audit trail.
    past = production_container(await container.get(Settings), _Past(clock, seed=int(now.timestamp())))
    try:
        await _Story(past, clock, midnight).tell()
    finally:
        await past.close()


class _Past(Provider):
    """The past: its clock is set by hand, its ids carry its times, and its messages go nowhere."""

    scope = Scope.APP

    def __init__(self, clock: ManualClock, *, seed: int) -> None:
        super().__init__()
        self._clock = clock
        self._seed = seed

    @provide(override=True)
    def clock(self) -> Clock:
        return self._clock

    @provide(override=True)
    def ids(self) -> IdFactory:
        return SeededIdFactory(self._clock, SeededRandomness(self._seed))

    @provide(override=True, scope=Scope.REQUEST)
    def notifiers(self) -> Notifiers:
        return _Nowhere()


class _Nowhere(Notifiers):
    def of(self, channel: Channel) -> Notifier:
        return MemoryNotifier()


class _TeamMade(NamedTuple):
    team_id: TeamId
    policy_id: PolicyId
    schedule_id: ScheduleId
    member_ids: Sequence[UserId]


@dataclass(slots=True)
class _Story:
    container: AsyncContainer
    clock: ManualClock
    midnight: datetime
    made: list[object] = field(default_factory=list)
    teams: dict[str, _TeamMade] = field(default_factory=dict)
    targets: dict[str, IntakeTarget] = field(default_factory=dict)

    async def tell(self) -> None:
        admin = await self._admin()
        for team, (zone, *people) in TEAMS.items():
            await self._team(team, zone, people, admin)
            await self._mark()
        for service, team in SERVICES.items():
            await self._service(service, team, admin)
            await self._mark()
        for number, happening in enumerate(HAPPENINGS):
            await self._happen(number, happening)
        await self._escalate(until=self.clock.now() + _minutes(1))  # the last messages belong to the story too

    async def _mark(self) -> None:
        """At once after each part, so that what an interruption leaves can be removed."""
        async with self.container() as request:
            session = await request.get(PostgresSession)
            async with session:
                await DemoRows(session).mark(self.made)

    async def _admin(self) -> Actor:
        async with self.container() as request:
            return await local_admin(request)

    async def _team(self, name: str, zone: str, people: Sequence[Person], admin: Actor) -> None:
        members = [await self._person(person, admin) for person in people]
        async with self.container() as request:
            team = await (await request.get(CreateTeam))(name=name, member_ids=tuple(members), actor=admin)
            monday = self.clock.now().date() - timedelta(days=self.clock.now().weekday() + 7)
            rotation = Rotation(
                unit=RotationUnit.WEEK,
                starts_at_local=datetime.combine(monday, time(9)),
                participants=tuple((member,) for member in members),
            )
            schedule = await (await request.get(CreateSchedule))(
                team_id=team.id,
                name=f"{name} on call",
                time_zone=zone,
                layers=(Layer(name="weekly", rotation=rotation),),
                actor=admin,
            )
            saturday = monday + timedelta(days=19)
            override = await (await request.get(AddOverride))(
                schedule.id,
                user_id=members[-1],
                starts_at=datetime.combine(saturday, time(8), UTC),
                ends_at=datetime.combine(saturday, time(20), UTC),
                actor=admin,
            )
            policy, _ = await (await request.get(CreatePolicy))(
                team_id=team.id,
                name=f"{name} escalation",
                steps=(
                    Step(targets=(Target(kind=TargetKind.SCHEDULE, id=schedule.id),), delay=_minutes(5)),
                    Step(targets=(Target(kind=TargetKind.TEAM, id=team.id),), delay=_minutes(10)),
                ),
                repeats=2,
                actor=admin,
            )
        self.made += [team.id, schedule.id, override.id, policy.id]
        self.teams[name] = _TeamMade(team.id, policy.id, schedule.id, members)

    async def _person(self, person: Person, admin: Actor) -> UserId:
        async with self.container() as request:
            made = await (await request.get(CreateUser))(
                email=person.email, name=person.name, role=Role.RESPONDER, time_zone=person.zone, actor=admin
            )
            handle = person.email.partition(".")[0]
            await (await request.get(SetReachability))(
                made.user.id,
                contacts=(
                    ContactDraft(channel=Channel.SLACK, address=f"U{handle.upper()}", label="Slack"),
                    ContactDraft(channel=Channel.EMAIL, address=person.email, label="work"),
                ),
                rules=(
                    RuleDraft(urgency=Urgency.HIGH, contact=0, delay=_minutes(0)),
                    RuleDraft(urgency=Urgency.HIGH, contact=1, delay=_minutes(2)),
                    RuleDraft(urgency=Urgency.LOW, contact=1, delay=_minutes(0)),
                ),
                actor=admin,
            )
        self.made.append(made.user.id)
        return made.user.id

    async def _service(self, name: str, team: str, admin: Actor) -> None:
        made = self.teams[team]
        async with self.container() as request:
            service = await (await request.get(CreateService))(
                team_id=made.team_id,
                policy_id=made.policy_id,
                name=name,
                description="Part of the demonstration",
                runbook_url=f"https://runbooks.example.com/{name}",
                actor=admin,
            )
            issued = await (await request.get(CreateIntegration))(
                service.id, kind=IntegrationKind.ALERTMANAGER, name=f"{name} Alertmanager", actor=admin
            )
            intake = await request.get(IntakeStore)
            target = await intake.target_of(secret_hash(issued.key), at=self.clock.now())
        assert target is not None
        self.made.append(service.id)
        self.targets[name] = target

    async def _happen(self, number: int, happening: Happening) -> None:
        at = self.midnight + happening.at
        await self._escalate(until=at)
        self.clock.move_to(at)
        incident_id = await self._trigger(number, happening)
        responder = await self._on_call(SERVICES[happening.service])
        if happening.acknowledged_after is not None:
            await self._escalate(until=at + happening.acknowledged_after)
            self.clock.move_to(at + happening.acknowledged_after)
            async with self.container() as request:
                await (await request.get(AcknowledgeIncident))(incident_id, actor=responder)
                if happening.note:
                    await (await request.get(AnnotateIncident))(incident_id, happening.note, actor=responder)
        if happening.resolved_after is not None:
            await self._escalate(until=at + happening.resolved_after)
            self.clock.move_to(at + happening.resolved_after)
            async with self.container() as request:
                await (await request.get(ResolveIncident))(incident_id, actor=responder)

    async def _trigger(self, number: int, happening: Happening) -> IncidentId:
        target = self.targets[happening.service]
        event = AlertEvent(
            action=AlertAction.TRIGGER,
            dedup_key=f"demo-{number}",
            summary=happening.summary,
            source=happening.source,
            severity=happening.severity,
            starts_at=self.clock.now(),
            labels={"service": happening.service, "severity": happening.severity},
        )
        async with self.container() as request:
            raw = RawEvent(
                id=(await request.get(IdFactory)).new(),
                integration_id=target.integration.id,
                received_at=self.clock.now(),
                format="demo",
                body=event.summary.encode(),
            )
            await (await request.get(IngestEvents))([ReceivedEvent(target, event, raw)])
            alerts = await request.get(AlertRepository)
            async with await request.get(Transaction):
                (alert,) = await alerts.firing([(target.integration.id, event.dedup_key)])
        incident_id: IncidentId = alert.incident_id
        return incident_id

    async def _on_call(self, team: str) -> Actor:
        made = self.teams[team]
        async with self.container() as request:
            admin = await local_admin(request)
            shift = await (await request.get(ScheduleOnCall))(made.schedule_id, actor=admin)
        user_id = shift.user_ids[0] if shift.user_ids else made.member_ids[0]
        return Actor(user_id=user_id, role=Role.RESPONDER, via=Via.SLACK, credential=CredentialKind.SLACK)

    async def _escalate(self, *, until: datetime) -> None:
        """Let everything that is due before happen when it is due."""
        while True:
            async with self.container() as request:
                deadlines = [
                    await (await request.get(RunRepository)).earliest_deadline(),
                    *[await (await request.get(NotificationRepository)).earliest_deadline(each) for each in Channel],
                ]
            due = min((deadline for deadline in deadlines if deadline is not None), default=until)
            if due >= until:
                return
            self.clock.move_to(max(due, self.clock.now()))
            async with self.container() as request:
                await (await request.get(AdvanceEscalations))()
            for channel in Channel:
                async with self.container() as request:
                    leased = await (await request.get(LeaseNotifications))(channel, limit=50)
                    for each in leased:
                        await (await request.get(DeliverNotification))(each)

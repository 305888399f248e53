"""The whole core, wired as in production, over any storage, with a clock that is moved by hand and faults on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import TracebackType
from typing import Any, Final, Protocol, cast

from dishka import AsyncContainer, Provider, Scope, alias, decorate, from_context, make_async_container, provide

from adapters.inbound.calendar.reading import IcalendarReader
from adapters.outbound.memory.alarm import MemoryAlarm
from adapters.outbound.memory.calendar_source import MemoryCalendarSource
from adapters.outbound.memory.database import MemoryDatabase
from adapters.outbound.memory.event_sender import MemoryEventSender, MemoryEventSenders
from adapters.outbound.memory.holidays import MemoryHolidayCalendar
from adapters.outbound.memory.notifier import MemoryNotifier
from adapters.outbound.memory.outgoing_addresses import MemoryAddresses
from adapters.outbound.postgres.session import Pool, close_pool, create_pool
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import SeededIdFactory
from adapters.outbound.system.offload import InlineOffload
from adapters.outbound.system.randomness import SeededRandomness
from adapters.outbound.verification.sender import NotifierVerificationSender
from application.alert.expire import ExpireAlerts
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.alert.tally import VerdictTally
from application.escalation.advance import BATCH, AdvanceEscalations
from application.escalation.tell_stalled import WatchList
from application.escalation.watch import CountStalled
from application.heartbeat.advance import AdvanceHeartbeats
from application.incident.advance import AdvanceIncidents
from application.notification.deliver import DeliverNotification
from application.notification.lease import LeaseNotifications
from application.oncall.expire_covers import ExpireCoverRequests
from application.oncall.tell_shifts import ShiftNotices
from application.ports.absences import AbsenceRepository
from application.ports.alarm import Alarm, Heartbeat
from application.ports.alert_requests import AlertRequests
from application.ports.alerts import AlertRepository
from application.ports.audit import AuditLog
from application.ports.calendar_source import CalendarReader, CalendarSource
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs
from application.ports.covers import CoverRepository
from application.ports.dependencies import DependencyRepository
from application.ports.destination_proofs import DestinationProofs
from application.ports.destinations import DestinationRepository
from application.ports.directory import Directory
from application.ports.escalations import PolicyVersions, RunRepository, StepTurns
from application.ports.event_deliveries import EventDeliveries
from application.ports.event_log import EventLog
from application.ports.event_sender import EventSenders
from application.ports.fall_backs import FallBackRepository
from application.ports.heartbeats import HeartbeatRepository
from application.ports.holidays import HolidayCalendar
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionRepository, InhibitionSources
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.maintenance import MaintenanceRepository
from application.ports.notifications import NotificationRepository
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Notifiers, Outcome
from application.ports.offload import Offload
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.policies import PolicyRepository
from application.ports.randomness import Randomness
from application.ports.readers import (
    AuditReader,
    DeliveryRecord,
    IncidentQuery,
    IncidentReader,
    IncidentSummary,
    OldestFirst,
)
from application.ports.received import ReceivedReader
from application.ports.routings import RoutingRepository, RulebookSource
from application.ports.schedules import ScheduleRepository
from application.ports.services import ServiceRepository
from application.ports.shift_wishes import ShiftWishesRepository
from application.ports.silences import SilenceRepository
from application.ports.stored_events import StoredEventReader
from application.ports.subscriptions import SubscriptionRepository
from application.ports.teams import TeamRepository
from application.ports.texted_pages import TextedPages
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from application.ports.vault import Vault
from application.ports.verifications import VerificationSender
from domain.alert.alert import Alert
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.incident.incident import Incident
from domain.notification.contact import Channel, Contact
from domain.notification.drill import DrillTime
from domain.notification.notification import Notification
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, IntegrationId
from domain.shared.limits import PAGE_LIMIT
from entrypoints.container import SettingsProvider
from entrypoints.providers.memory import MemoryStorageProvider
from entrypoints.providers.postgres import PostgresStorageProvider
from entrypoints.providers.system import RulesProvider, SecurityProvider
from entrypoints.providers.use_cases import UseCaseProvider
from entrypoints.settings import Settings
from entrypoints.wired import UseCase
from tests.support.builders import NOON, SHOP_PROBES, Town, an_event, key_of
from tests.support.identity import VAULT

BUDGET: Final = 16  # what a courier leases at once
FOREVER: Final = timedelta(days=100)
THE_BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)  # since when the town is as it is


# ------------------------------------------------------------------------------------------------------- faults


class Point(StrEnum):
    """Where a process can be interrupted: between any two of these nothing can be seen from outside."""

    BEGIN = "begin"  # before a transaction
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"
    BEFORE_SEND = "before send"
    AFTER_SEND = "after send"


class Crash(BaseException):
    """The process is gone: nobody catches this, so nothing is tidied up."""


class Gate(Protocol):
    """What happens at each point: nothing, a fault, or somebody else's turn."""

    async def at(self, point: Point) -> None: ...


class Trap(Gate):
    """Lets everything pass until it is set; then the next one at the point crashes."""

    def __init__(self) -> None:
        self.armed: Point | None = None

    async def at(self, point: Point) -> None:
        if point is self.armed:
            self.armed = None
            raise Crash(point)


@dataclass(slots=True)
class GatedTransaction(Transaction):
    inner: Transaction
    gate: Gate

    async def __aenter__(self) -> None:
        await self.gate.at(Point.BEGIN)
        await self.inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                await self.gate.at(Point.BEFORE_COMMIT)
            except BaseException as fault:
                await self.inner.__aexit__(type(fault), fault, fault.__traceback__)
                raise
        await self.inner.__aexit__(kind, error, trace)
        if error is None:
            await self.gate.at(Point.AFTER_COMMIT)


# ------------------------------------------------------------------------------------------------------- wiring


@dataclass(frozen=True, slots=True)
class Ports:
    """One session's view of the storage."""

    transaction: Transaction
    absences: AbsenceRepository
    alert_requests: AlertRequests
    alerts: AlertRepository
    audit: AuditLog
    audit_reader: AuditReader
    contact_proofs: ContactProofs
    texted_pages: TextedPages
    covers: CoverRepository
    destinations: DestinationRepository
    destination_proofs: DestinationProofs
    directory: Directory
    event_deliveries: EventDeliveries
    events: EventLog
    incident_reader: IncidentReader
    incidents: IncidentRepository
    intake: IntakeStore
    integrations: IntegrationRepository
    dependencies: DependencyRepository
    inhibitions: InhibitionRepository
    inhibition_sources: InhibitionSources
    maintenance: MaintenanceRepository
    notifications: NotificationRepository
    received: ReceivedReader
    policies: PolicyRepository
    policy_versions: PolicyVersions
    runs: RunRepository
    step_turns: StepTurns
    fall_backs: FallBackRepository
    routings: RoutingRepository
    rulebook_source: RulebookSource
    heartbeats: HeartbeatRepository
    schedules: ScheduleRepository
    services: ServiceRepository
    shift_wishes: ShiftWishesRepository
    silences: SilenceRepository
    stored_events: StoredEventReader
    subscriptions: SubscriptionRepository
    teams: TeamRepository
    users: UserRepository

    async def settle_in(self, town: Town) -> None:
        """Store a town in one transaction."""
        async with self.transaction:
            for user in town.users:
                await self.users.save(user)
                contacts = [contact for contact in town.contacts if contact.user_id == user.id]
                await self.users.save_reachability(user.id, contacts, town.rules.get(user.id, ()))
            for team in town.teams:
                await self.teams.save(team)
            for schedule in town.schedules:
                await self.schedules.save(schedule, at=THE_BEGINNING)
            for destination in town.destinations:
                await self.destinations.save(destination)
            for policy in town.policies:
                await self.policies.save(policy)
            for service in town.services:
                await self.services.save(service)
            for integration in town.integrations:
                await self.integrations.save(integration)


class PortsProvider(Provider):
    ports = provide(Ports, scope=Scope.REQUEST)


class MemoryStorage(MemoryStorageProvider):
    """The repositories in dictionaries of their own."""

    @provide(scope=Scope.APP)
    def database(self) -> MemoryDatabase:
        return MemoryDatabase()


class PostgresStorage(PostgresStorageProvider):
    """The repositories over a database of the tests."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.dsn = dsn

    @provide(scope=Scope.APP)
    def vault(self) -> Vault:
        return VAULT

    @provide(scope=Scope.APP)
    async def pool(self) -> AsyncIterator[Pool]:
        pool = await create_pool(self.dsn, least=0, most=6)
        yield pool
        await close_pool(pool)


type Storage = MemoryStorage | PostgresStorage

IN_MEMORY: Final = MemoryStorage()


@cache
def over_postgres(dsn: str) -> PostgresStorage:
    """The same for the same database, so that what is wired for it once serves every test."""
    return PostgresStorage(dsn)


class GatedProvider(Provider):
    """Every transaction passes a gate."""

    gate = from_context(Gate, scope=Scope.APP)

    @decorate(scope=Scope.REQUEST)
    def transaction(self, inner: Transaction, gate: Gate) -> Transaction:
        return GatedTransaction(inner, gate)


class SeededProvider(Provider):
    """Time, chance, ids and channels as a test wants them."""

    scope = Scope.APP

    alarm = provide(MemoryAlarm)
    any_alarm = alias(source=MemoryAlarm, provides=Alarm)
    outgoing_addresses = provide(MemoryAddresses, provides=OutgoingAddresses)
    event_senders = provide(MemoryEventSenders)
    any_event_senders = alias(source=MemoryEventSenders, provides=EventSenders)
    heartbeat = alias(source=MemoryAlarm, provides=Heartbeat)

    clock = from_context(ManualClock)
    notifiers = from_context(Notifiers)
    randomness = from_context(Randomness)
    calendar_source = provide(MemoryCalendarSource)
    any_calendar_source = alias(source=MemoryCalendarSource, provides=CalendarSource)
    calendar_reader = provide(IcalendarReader, provides=CalendarReader)
    holidays = provide(MemoryHolidayCalendar, provides=HolidayCalendar)
    ids = provide(SeededIdFactory, provides=IdFactory)
    offload = provide(InlineOffload, provides=Offload)
    verification_sender = provide(NotifierVerificationSender, provides=VerificationSender)
    any_clock = alias(source=ManualClock, provides=Clock)

    @provide
    def watch_list(self) -> WatchList:
        return WatchList(frozenset({"user-3@example.test"}))  # Cat

    @provide
    def drill_time(self) -> DrillTime:
        return DrillTime.read("tue 10")

    @provide
    def shift_notices(self) -> ShiftNotices:
        return ShiftNotices(timedelta(hours=24))


SECRET_KEY: Final = "a key that only tests have, ever"


def core_container(
    storage: Storage, *, clock: ManualClock, notifiers: Notifiers, gate: Gate, seed: int
) -> AsyncContainer:
    """Everything but HTTP, with the providers that production uses wherever a test need not differ."""
    given = {
        Settings: Settings(secret_key=SECRET_KEY),
        ManualClock: clock,
        Notifiers: notifiers,
        Gate: gate,
        Randomness: SeededRandomness(seed),
    }
    return _wired(storage)(given, lock_factory=asyncio.Lock, scope=Scope.APP)


@cache
def _wired(storage: Storage) -> AsyncContainer:
    """Holds nothing itself. Wired anew for each example of a law, it took as long as all that the examples do."""
    return make_async_container(
        SettingsProvider(),
        SecurityProvider(),
        RulesProvider(),
        storage,
        UseCaseProvider(),
        PortsProvider(),
        GatedProvider(),
        SeededProvider(),
        start_scope=Scope.RUNTIME,
    )


def ports_container(storage: Storage) -> AsyncContainer:
    """The storage alone."""
    return _with_ports(storage)(lock_factory=asyncio.Lock, scope=Scope.APP)


@cache
def _with_ports(storage: Storage) -> AsyncContainer:
    return make_async_container(storage, PortsProvider(), start_scope=Scope.RUNTIME)


# ------------------------------------------------------------------------------------------------------- the world


@dataclass(frozen=True, slots=True)
class Left:
    """A message that was handed to a channel, and what came of it."""

    at: datetime
    channel: Channel
    message: Message
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that storage knows of one incident."""

    incident: Incident
    summary: IncidentSummary
    events: tuple[DomainEvent, ...]
    alerts: tuple[Alert, ...]
    deliveries: tuple[DeliveryRecord, ...]

    @property
    def pages(self) -> tuple[Notification, ...]:
        return tuple(record.notification for record in self.deliveries)


@dataclass
class WorldNotifiers(Notifiers):
    """Channels that can be told how to answer, and that write down what was handed to them."""

    clock: Clock
    gate: Gate
    by_channel: Mapping[Channel, MemoryNotifier] = field(
        default_factory=lambda: {channel: MemoryNotifier() for channel in Channel}
    )
    left: list[Left] = field(default_factory=list)

    def of(self, channel: Channel) -> Notifier:
        return _WorldNotifier(self, channel)


@dataclass(frozen=True, slots=True)
class _WorldNotifier(Notifier):
    notifiers: WorldNotifiers
    channel: Channel

    async def send(self, message: Message) -> Delivery:
        await self.notifiers.gate.at(Point.BEFORE_SEND)
        delivery = await self.notifiers.by_channel[self.channel].send(message)
        self.notifiers.left.append(Left(self.notifiers.clock.now(), self.channel, message, delivery.outcome))
        await self.notifiers.gate.at(Point.AFTER_SEND)
        return delivery

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        await self.notifiers.gate.at(Point.BEFORE_SEND)
        delivery = await self.notifiers.by_channel[self.channel].send_notice(notice)
        await self.notifiers.gate.at(Point.AFTER_SEND)
        return delivery


class World:
    """Synchronous, over an event loop of its own, so that state machines can use it. Close it."""

    def __init__(
        self, storage: Storage | None = None, *, town: Town | None = None, start: datetime = NOON, seed: int = 1
    ) -> None:
        self.clock = ManualClock(start)
        self._trap = Trap()
        self._notifiers = WorldNotifiers(self.clock, self._trap)
        self._loop = asyncio.new_event_loop()
        self._container = core_container(
            storage or IN_MEMORY,
            clock=self.clock,
            notifiers=self._notifiers,
            gate=self._trap,
            seed=seed,
        )
        if town is not None:
            self.within(lambda ports: ports.settle_in(town))

    def close(self) -> None:
        self._run(self._container.close())
        self._loop.close()

    # What people and senders do.

    def call[**P, R](self, use_case: type[UseCase[P, R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a use case in a scope of its own."""
        return self._run(self._call(use_case, *args, **kwargs))

    def receive(self, *events: AlertEvent, by: IntegrationId = SHOP_PROBES) -> None:
        """Take in a sender's events in one commit."""
        self.receive_all([(by, event) for event in events])

    def receive_all(self, events: Sequence[tuple[IntegrationId, AlertEvent]]) -> None:
        """Take in the events of several senders in one commit."""
        self._run(self._receive(events))

    def trigger(self, dedup_key: str = "disk", *, by: IntegrationId = SHOP_PROBES, **more: Any) -> None:
        self.receive(an_event(dedup_key, **more), by=by)

    def acknowledge(self, dedup_key: str = "disk", *, by: IntegrationId = SHOP_PROBES) -> None:
        self.receive(an_event(dedup_key, AlertAction.ACKNOWLEDGE), by=by)

    def resolve(self, dedup_key: str = "disk", *, by: IntegrationId = SHOP_PROBES) -> None:
        self.receive(an_event(dedup_key, AlertAction.RESOLVE), by=by)

    # Time and channels.

    def advance(self, span: timedelta) -> None:
        self.advance_to(self.clock.now() + span)

    def advance_to(self, at: datetime) -> None:
        """Let workers and couriers act on every deadline up to the instant, each when it is due, in order."""
        while True:
            self.work()
            deadline = self.next_deadline()
            if deadline is None or deadline > at:
                break
            self.clock.move_to(max(deadline, self.clock.now()))
        self.clock.move_to(max(at, self.clock.now()))

    def work(self) -> None:
        """Do what is due now, until nothing is."""
        while self.work_once():
            pass

    def work_once(self) -> bool:
        """One tick of each of a worker's loops, then one round of every courier. Whether anything was due."""
        moved = self.call(AdvanceIncidents) > 0
        moved |= self.call(AdvanceEscalations, limit=BATCH).runs > 0
        moved |= self.call(AdvanceHeartbeats, limit=BATCH) > 0
        moved |= self.call(ExpireAlerts, limit=BATCH) > 0
        moved |= self.call(ExpireCoverRequests, limit=BATCH) > 0
        for channel in Channel:
            for bundle in self.call(LeaseNotifications, channel, limit=BUDGET):
                self.call(DeliverNotification, bundle)
                moved = True
        return moved

    def settle(self) -> None:
        """Let time pass until nothing is due any more."""
        self.advance(FOREVER)

    def next_deadline(self) -> datetime | None:
        """The earliest of all."""
        return self._run(self._next_deadline())

    def answer_next(self, channel: Channel, *deliveries: Delivery) -> None:
        """How the channel answers next, instead of delivering."""
        self._notifiers.by_channel[channel].answer_next(*deliveries)

    def refuse(self, *contacts: Contact) -> None:
        """Nothing is taken for these contacts from now on."""
        for contact in contacts:
            self._notifiers.by_channel[contact.channel].refuse(contact.address)

    @property
    def event_receiver(self) -> MemoryEventSender:
        """Takes what is sent to any subscription."""
        return self._run(self._container.get(MemoryEventSenders)).receiver

    @property
    def alarm(self) -> MemoryAlarm:
        return self._run(self._container.get(MemoryAlarm))

    @property
    def calendars(self) -> MemoryCalendarSource:
        return self._run(self._container.get(MemoryCalendarSource))

    @property
    def tally(self) -> VerdictTally:
        return self._run(self._container.get(VerdictTally))

    @property
    def left(self) -> tuple[Left, ...]:
        """Every message that left, in order."""
        return tuple(self._notifiers.left)

    @property
    def pages(self) -> tuple[Left, ...]:
        """Those that page, without updates in place."""
        return tuple(each for each in self._notifiers.left if each.message.update_of is None)

    @property
    def notices(self) -> tuple[tuple[Channel, NoticeMessage], ...]:
        """Those about no incident or about several that arrived, channel by channel, each in order."""
        channels = self._notifiers.by_channel.items()
        return tuple((channel, notice) for channel, notifier in channels for notice in notifier.notices)

    @contextmanager
    def crashing(self, point: Point) -> Iterator[None]:
        """The next process to come to the point is gone, which the block outlives."""
        self._trap.armed = point
        try:
            yield
        except Crash:
            pass
        finally:
            self._trap.armed = None

    # What is stored.

    def within[T](self, work: Callable[[Ports], Awaitable[T]]) -> T:
        """Do something with one session's ports; transactions are the caller's."""
        return self._run(self._within(work))

    def write[T](self, work: Callable[[Ports], Awaitable[T]]) -> T:
        """The same in a transaction."""

        async def in_transaction(ports: Ports) -> T:
            async with ports.transaction:
                return await work(ports)

        return self.within(in_transaction)

    def stored(self) -> tuple[Stored, ...]:
        """Everything there is, oldest incident first."""
        return self.within(_everything)

    def count_stalled(self) -> int:
        return self.call(CountStalled)

    def _run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _call[**P, R](self, use_case: type[UseCase[P, R]], *args: P.args, **kwargs: P.kwargs) -> R:
        async with self._container() as scope:
            made = cast(UseCase[P, R], await scope.get(use_case))
            return await made(*args, **kwargs)

    async def _within[T](self, work: Callable[[Ports], Awaitable[T]]) -> T:
        async with self._container() as scope:
            return await work(await scope.get(Ports))

    async def _receive(self, events: Sequence[tuple[IntegrationId, AlertEvent]]) -> None:
        async with self._container() as scope:
            ports = await scope.get(Ports)
            await (await scope.get(IngestEvents))([await received(ports, by, event) for by, event in events])

    async def _next_deadline(self) -> datetime | None:
        async with self._container() as scope:
            ports = await scope.get(Ports)
            loops = (ports.heartbeats, ports.alerts, ports.incidents, ports.runs, ports.covers)
            deadlines = [await loop.earliest_deadline() for loop in loops]
            deadlines += [await ports.notifications.earliest_deadline(channel) for channel in Channel]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)


async def received(ports: Ports, by: IntegrationId, event: AlertEvent) -> ReceivedEvent:
    """A sender's event with what its integration decides now."""
    target = await ports.intake.target_of(key_of(by), at=NOON)
    assert target is not None, "no such integration in this town"
    return ReceivedEvent(target, event, None)


async def _everything(ports: Ports) -> tuple[Stored, ...]:
    listed = await ports.incident_reader.list(IncidentQuery(oldest_first=True, limit=PAGE_LIMIT))
    assert not listed.has_more, "more incidents than one page holds"
    return tuple([await stored_of(ports, summary) for summary in listed.items])


async def stored_of(ports: Ports, summary: IncidentSummary) -> Stored:
    incident_id = IncidentId(summary.id)
    async with ports.transaction:
        incident = await ports.incidents.get(incident_id)
    logged = await ports.events.of_incident(incident_id, limit=10_000)
    request = OldestFirst(limit=PAGE_LIMIT)
    alerts = await ports.incident_reader.alerts(incident_id, request)
    deliveries = await ports.incident_reader.deliveries(incident_id, request)
    assert not alerts.has_more, "more alerts than one page holds"
    assert not deliveries.has_more, "more notifications than one page holds"
    return Stored(incident, summary, tuple(each.event for each in logged), alerts.items, deliveries.items)

"""The worker: escalations, couriers, upkeep. Any number of them may run."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from dishka import AsyncContainer
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters import tracing
from adapters.inbound.deadlines.courier import Courier, handing_over
from adapters.inbound.deadlines.loop import DeadlineLoop, Unhinted, every
from adapters.inbound.deadlines.spilled_signs import SpilledSigns
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.errors import translating
from adapters.outbound.postgres.event_log import Topic
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.partitions import PartitionUpkeep
from adapters.outbound.postgres.sealed import ClearSecrets
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.postgres.upkeep import Retention, Upkeep
from application.alert.expire import BATCH as ALERT_BATCH
from application.alert.expire import ExpireAlerts
from application.destination.find_refusing import FindRefusingDestinations
from application.escalation.advance import BATCH, AdvanceEscalations
from application.escalation.beat import Beat
from application.escalation.tell_stalled import TellStalled
from application.escalation.unreachable import FindUnreachable
from application.escalation.watch import CountStalled
from application.heartbeat.advance import BATCH as HEARTBEAT_BATCH
from application.heartbeat.advance import AdvanceHeartbeats
from application.incident.advance import BATCH as INCIDENT_BATCH
from application.incident.advance import AdvanceIncidents
from application.notification.drill_weekly import DrillWeekly
from application.notification.lease import Bundle, LeaseNotifications
from application.notification.send import SendNotification, Sent
from application.notification.settle import SettleNotifications
from application.oncall.expire_covers import BATCH as COVER_BATCH
from application.oncall.expire_covers import ExpireCoverRequests
from application.oncall.refresh_calendars import RefreshCalendars
from application.oncall.tell_shifts import TellShifts
from application.ports.alerts import AlertRepository
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.escalations import RunRepository
from application.ports.heartbeats import HeartbeatRepository
from application.ports.incidents import IncidentRepository
from application.ports.notifications import NotificationRepository
from application.ports.notifier import Outcome
from application.ports.quiet_watches import QuietWatchRepository
from application.ports.vault import Vault
from application.service.watch_quiet import BATCH as QUIET_BATCH
from application.service.watch_quiet import WatchQuietIntegrations
from domain.notification.contact import Channel
from domain.shared.ids import NotificationId
from domain.shared.limits import PAGE_LIMIT
from entrypoints.relay import relay
from entrypoints.settings import Settings
from entrypoints.wired import earliest_deadline, wired

CLOCK_INTERVAL: Final = timedelta(seconds=10)
WATCH_INTERVAL: Final = timedelta(seconds=10)
TELL_INTERVAL: Final = timedelta(minutes=1)
DRILL_INTERVAL: Final = timedelta(minutes=1)
CALENDAR_INTERVAL: Final = timedelta(seconds=30)
SHIFT_INTERVAL: Final = timedelta(seconds=20)  # the first of a minute looks: nobody hears of a shift a minute late
PARTITION_INTERVAL: Final = timedelta(hours=6)
CLEANING_INTERVAL: Final = timedelta(minutes=10)
# A rolling upgrade is over by then: a version before does not read what is sealed, and its pages would go unsigned.
SEALED_AFTER: Final = timedelta(hours=1)

_log = structlog.get_logger()


class WorkerMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "tocsin_delivery_attempts", "Attempts to hand a message over", ("channel", "outcome"), registry=registry
        )
        self.hand_over = Histogram(
            "tocsin_page_hand_over_seconds",
            "From the intent of a message to the courier's attempt",
            ("channel",),
            registry=registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
        )
        self.backlog = Gauge("tocsin_notifications_due", "Messages that are due", ("channel",), registry=registry)
        self.stalled = Gauge(
            "tocsin_incidents_stalled",
            "Open incidents that nothing will happen to, and nothing says why",
            registry=registry,
        )
        self.unreachable = Gauge(
            "tocsin_unreachable_targets",
            "People whom a policy or a schedule means, and who have no contact that works",
            registry=registry,
        )
        self.refusing = Gauge(
            "tocsin_refusing_destinations",
            "Channels, topics and servers of teams that took nothing since they refused for good",
            registry=registry,
        )
        self.calendars = Gauge(
            "tocsin_calendar_imports_failing",
            "Calendars that schedules follow, and that could not be read at the last try",
            registry=registry,
        )
        self.heartbeat = Gauge(
            "tocsin_heartbeat_last_success_timestamp_seconds",
            "When somebody else's dead man's switch last heard of this worker",
            registry=registry,
        )

    def observe(self, channel: Channel, outcome: Outcome, waited: timedelta) -> None:
        self.attempts.labels(channel, outcome).inc()
        self.hand_over.labels(channel).observe(waited.total_seconds())


class Pulse:
    """When this worker last looked at escalations, whether or not any was due."""

    ticked_at: datetime | None = None


async def work(container: AsyncContainer, draining: asyncio.Event) -> None:
    """Run until draining is set; what is under way then is finished."""
    settings = await container.get(Settings)
    clock = await container.get(Clock)
    listener = await container.get(PostgresListener)
    metrics = WorkerMetrics(await container.get(CollectorRegistry))
    pulse = Pulse()
    # One scope for all sends: they open no transaction, so there is nothing of one for another to see.
    async with container() as sends, _waiting_for_spill(container) as held_back, asyncio.TaskGroup() as group:
        send: SendNotification = await sends.get(SendNotification)
        couriers = {
            channel: _courier(container, channel, send, clock, listener, metrics, settings.channel_budget)
            for channel in Channel
        }
        escalations = _escalations(container, clock, listener, pulse, couriers)
        group.create_task(escalations.run(draining), name="escalations")
        group.create_task(_incidents(container, clock, listener).run(draining), name="incidents")
        group.create_task(held_back(alert_loop(container, clock)).run(draining), name="alerts")
        group.create_task(held_back(heartbeat_loop(container, clock)).run(draining), name="heartbeats")
        group.create_task(cover_loop(container, clock, listener).run(draining), name="covers")
        group.create_task(held_back(quiet_loop(container, clock, listener)).run(draining), name="quiet")
        for channel, courier in couriers.items():
            group.create_task(courier.run(draining), name=f"courier-{channel}")
        group.create_task(relay(container, draining), name="relay")
        group.create_task(_upkeep(container, metrics, draining), name="upkeep")
        if settings.slack_app_token:
            from entrypoints.socket_mode import socket_mode  # Slack's client is 3 MB

            group.create_task(socket_mode(container, draining), name="slack socket")
        if settings.heartbeat_url:
            interval = timedelta(seconds=settings.heartbeat_seconds)
            beat = heartbeat(container, clock, pulse, metrics)
            group.create_task(every(interval, beat, draining, name="heartbeat"), name="heartbeat")


def _ticks(name: str, advance: Callable[[], Awaitable[int]], *, batch: int) -> Callable[[], Awaitable[bool]]:
    """Each in a span of that name. A full batch means that there may be more."""

    async def tick() -> bool:
        with tracing.span(name):
            return await advance() == batch

    return tick


def _escalations(
    container: AsyncContainer,
    clock: Clock,
    listener: PostgresListener,
    pulse: Pulse,
    couriers: Mapping[Channel, Courier],
) -> DeadlineLoop:
    advance = wired(container, AdvanceEscalations)

    async def tick() -> bool:
        with handing_over(couriers) as hands, tracing.span("advance escalations"):
            advanced = await advance(room=hands.room)
            hands.leased = advanced.leased
        pulse.ticked_at = clock.now()
        return advanced.runs == BATCH

    return DeadlineLoop(
        "escalations", tick, earliest_deadline(container, RunRepository), listener.subscribe(Topic.RUNS), clock
    )


def _incidents(container: AsyncContainer, clock: Clock, listener: PostgresListener) -> DeadlineLoop:
    tick = _ticks("advance incidents", wired(container, AdvanceIncidents), batch=INCIDENT_BATCH)
    earliest = earliest_deadline(container, IncidentRepository)
    return DeadlineLoop("incidents", tick, earliest, listener.subscribe(Topic.INCIDENTS), clock)


def alert_loop(container: AsyncContainer, clock: Clock) -> DeadlineLoop:
    """Finds senders that fell silent."""
    tick = _ticks("expire alerts", wired(container, ExpireAlerts), batch=ALERT_BATCH)
    return DeadlineLoop("alerts", tick, earliest_deadline(container, AlertRepository), Unhinted(), clock)


@contextlib.asynccontextmanager
async def _waiting_for_spill(container: AsyncContainer) -> AsyncIterator[Callable[[DeadlineLoop], DeadlineLoop]]:
    """Holds back loops that miss something, while it may wait in the spill. Without a spill nothing is held back."""
    if not (await container.get(Settings)).spill_queue_url:
        yield _as_it_is
        return
    from entrypoints.spill import open_spill  # aiobotocore takes a second to import

    async with open_spill(container) as opened:
        yield SpilledSigns(opened.spill, await container.get(Clock)).holding_back


def _as_it_is(loop: DeadlineLoop) -> DeadlineLoop:
    return loop


def heartbeat_loop(container: AsyncContainer, clock: Clock) -> DeadlineLoop:
    """Misses signs of life of others; `heartbeat` gives our own."""
    tick = _ticks("advance heartbeats", wired(container, AdvanceHeartbeats), batch=HEARTBEAT_BATCH)
    return DeadlineLoop("heartbeats", tick, earliest_deadline(container, HeartbeatRepository), Unhinted(), clock)


def cover_loop(container: AsyncContainer, clock: Clock, listener: PostgresListener) -> DeadlineLoop:
    """Lets requests for cover expire."""
    tick = _ticks("expire cover requests", wired(container, ExpireCoverRequests), batch=COVER_BATCH)
    earliest = earliest_deadline(container, CoverRepository)
    return DeadlineLoop("covers", tick, earliest, listener.subscribe(Topic.COVERS), clock)


def quiet_loop(container: AsyncContainer, clock: Clock, listener: PostgresListener) -> DeadlineLoop:
    """Looks at integrations that may have fallen quiet."""
    tick = _ticks("watch quiet integrations", wired(container, WatchQuietIntegrations), batch=QUIET_BATCH)
    # Minutes count here, so its poll is enough; a hint for each change of a configuration does no harm.
    hint = listener.subscribe(Topic.CONFIGURATION)
    return DeadlineLoop("quiet", tick, earliest_deadline(container, QuietWatchRepository), hint, clock)


def _courier(
    container: AsyncContainer,
    channel: Channel,
    send: SendNotification,
    clock: Clock,
    listener: PostgresListener,
    metrics: WorkerMetrics,
    budget: int,
) -> Courier:
    lease_notifications = wired(container, LeaseNotifications)
    settle_notifications = wired(container, SettleNotifications)

    async def lease(channel: Channel, limit: int) -> tuple[Bundle, ...]:
        return await lease_notifications(channel, limit=limit)

    async def send_traced(bundle: Bundle) -> tuple[Sent, ...]:
        incidents = [str(each.subject.incident.number) for each in bundle if each.subject is not None]
        attributes = {"tocsin.channel": channel.value, "tocsin.incidents": incidents}
        traces = [each.subject.trace for each in bundle if each.subject is not None]
        with tracing.span("send notification", traces, attributes=attributes, kind=SpanKind.PRODUCER) as span:
            sent = await send(bundle)
            span.set_attribute("tocsin.outcomes", sorted({each.delivery.outcome.value for each in sent}))
            return sent

    async def settle(batch: Sequence[Sent]) -> frozenset[NotificationId]:
        with tracing.span("settle notifications", attributes={"tocsin.notifications": len(batch)}):
            return await settle_notifications(batch)

    return Courier(
        channel=channel,
        lease=lease,
        send=send_traced,
        settle=settle,
        earliest=earliest_deadline(container, NotificationRepository),
        observe=metrics.observe,
        wakeup=listener.subscribe(Topic.NOTIFICATIONS, channel),
        clock=clock,
        budget=budget,
    )


def heartbeat(
    container: AsyncContainer, clock: Clock, pulse: Pulse, metrics: WorkerMetrics
) -> Callable[[], Awaitable[None]]:
    """One sign of life, or none and a line in the log."""

    async def beat() -> None:
        async with container() as request:
            silence = await (await request.get(Beat))(ticked_at=pulse.ticked_at)
        if silence is None:
            metrics.heartbeat.set(clock.now().timestamp())
        else:
            # A worker that has only just begun is no fault.
            log = _log.info if pulse.ticked_at is None else _log.error
            log("heartbeat_withheld", reason=silence)

    return beat


async def _upkeep(container: AsyncContainer, metrics: WorkerMetrics, draining: asyncio.Event) -> None:
    database_clock = await container.get(DatabaseClock)
    pool = await container.get(Pool)

    async def watch() -> None:
        async with container() as request:
            stalled = await (await request.get(CountStalled))()
            backlog = await (await request.get(NotificationRepository)).backlog(at=database_clock.now())
        metrics.stalled.set(stalled)
        for channel in Channel:
            metrics.backlog.labels(channel).set(backlog.get(channel, 0))
        if stalled:
            _log.error("incidents_stalled", count=stalled)

    async def tell() -> None:
        async with container() as request:
            await (await request.get(TellStalled))()

    async def count_unreachable() -> None:
        async with container() as request:
            metrics.unreachable.set(len(await (await request.get(FindUnreachable))()))
            metrics.refusing.set(len(await (await request.get(FindRefusingDestinations))()))

    async def drill() -> None:
        async with container() as request:
            told = await (await request.get(DrillWeekly))()
        if told:
            _log.info("weekly_drill", people=told)

    settings = await container.get(Settings)
    history = timedelta(days=settings.history_kept_days)
    partitions_kept = {
        "raw_events": timedelta(days=settings.raw_events_kept_days),
        "domain_events": history,
        "delivery_attempts": history,
    }
    retention = Retention(
        mailbox=timedelta(days=settings.mailbox_kept_days),
        dead_letters=timedelta(days=settings.dead_letters_kept_days),
    )

    async def tell_shifts() -> None:
        async with container() as request:
            told = await (await request.get(TellShifts))()
        if told:
            _log.info("shifts_told", count=told)

    async def refresh_calendars() -> None:
        async with container() as request:
            await (await request.get(RefreshCalendars))()
            failing = await (await request.get(CalendarImportRepository)).failing(limit=PAGE_LIMIT)
        metrics.calendars.set(len(failing))

    async def look_after_partitions() -> None:
        with translating():
            async with pool.acquire(timeout=5) as connection:
                upkeep = PartitionUpkeep(connection, partitions_kept)
                made = await upkeep.make(at=database_clock.now())
                dropped = await upkeep.drop(at=database_clock.now())
        if made or dropped.gone or dropped.emptied:
            _log.info("partitions", made=made, dropped=dropped.gone, emptied=dropped.emptied)

    vault = await container.get(Vault)
    sealing_from = database_clock.now() + SEALED_AFTER

    async def seal_clear_secrets() -> None:
        sealed = 0 if database_clock.now() < sealing_from else await ClearSecrets(PostgresSession(pool), vault).seal()
        if sealed:
            _log.info("clear_secrets_sealed", count=sealed)

    async def clean() -> None:
        await Upkeep(PostgresSession(pool), retention).delete_stale(at=database_clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(every(CLEANING_INTERVAL, clean, draining, name="cleaning"))
        group.create_task(every(CLEANING_INTERVAL, seal_clear_secrets, draining, name="clear_secrets"))
        group.create_task(every(CLOCK_INTERVAL, database_clock.synchronize, draining, name="clock"))
        group.create_task(every(WATCH_INTERVAL, watch, draining, name="watch"))
        group.create_task(every(DRILL_INTERVAL, drill, draining, name="drill"))
        group.create_task(every(TELL_INTERVAL, count_unreachable, draining, name="unreachable"))
        group.create_task(every(TELL_INTERVAL, tell, draining, name="tell_stalled"))
        group.create_task(every(CALENDAR_INTERVAL, refresh_calendars, draining, name="calendars"))
        group.create_task(every(SHIFT_INTERVAL, tell_shifts, draining, name="shifts"))
        group.create_task(every(PARTITION_INTERVAL, look_after_partitions, draining, name="partitions"))

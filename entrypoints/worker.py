"""The worker: escalations, couriers, upkeep. Any number of them may run."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from dishka import AsyncContainer
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.inbound.deadlines.courier import Courier
from adapters.inbound.deadlines.loop import DeadlineLoop, every
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.errors import translating
from adapters.outbound.postgres.event_log import Topic
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.partitions import wanted
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.postgres.upkeep import Upkeep
from application.escalation.advance import BATCH, AdvanceEscalations
from application.escalation.watch import CountStalled
from application.notification.lease import LeaseNotifications
from application.notification.send import SendNotification, Sent
from application.notification.settle import SettleNotifications
from application.oncall.expire_covers import BATCH as COVER_BATCH
from application.oncall.expire_covers import ExpireCoverRequests
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.escalations import RunRepository
from application.ports.notifications import DueNotification, NotificationRepository
from application.ports.notifier import Outcome
from domain.notification.contact import Channel
from domain.shared.ids import NotificationId
from entrypoints.settings import Settings
from entrypoints.telemetry import TRACER

CLOCK_INTERVAL: Final = timedelta(seconds=10)
WATCH_INTERVAL: Final = timedelta(seconds=10)
PARTITION_INTERVAL: Final = timedelta(hours=6)
CLEANING_INTERVAL: Final = timedelta(minutes=10)

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

    def observe(self, channel: Channel, outcome: Outcome, waited: timedelta) -> None:
        self.attempts.labels(channel, outcome).inc()
        self.hand_over.labels(channel).observe(waited.total_seconds())


async def work(container: AsyncContainer, draining: asyncio.Event) -> None:
    """Run until draining is set; what is under way then is finished."""
    settings = await container.get(Settings)
    clock = await container.get(Clock)
    listener = await container.get(PostgresListener)
    metrics = WorkerMetrics(await container.get(CollectorRegistry))
    # One scope for all sends: they open no transaction, so there is nothing of one for another to see.
    async with container() as sends, asyncio.TaskGroup() as group:
        send: SendNotification = await sends.get(SendNotification)
        group.create_task(_escalations(container, clock, listener).run(draining), name="escalations")
        group.create_task(cover_loop(container, clock, listener).run(draining), name="covers")
        for channel in Channel:
            courier = _courier(container, channel, send, clock, listener, metrics, settings.channel_budget)
            group.create_task(courier.run(draining), name=f"courier-{channel}")
        group.create_task(_upkeep(container, metrics, draining), name="upkeep")


def _escalations(container: AsyncContainer, clock: Clock, listener: PostgresListener) -> DeadlineLoop:
    async def tick() -> bool:
        with TRACER.start_as_current_span("advance escalations"):
            async with container() as request:
                return await (await request.get(AdvanceEscalations))() == BATCH

    async def earliest() -> datetime | None:
        async with container() as request:
            runs: RunRepository = await request.get(RunRepository)
            return await runs.earliest_deadline()

    return DeadlineLoop("escalations", tick, earliest, listener.subscribe(Topic.RUNS), clock)


def cover_loop(container: AsyncContainer, clock: Clock, listener: PostgresListener) -> DeadlineLoop:
    """Lets requests for cover expire."""

    async def tick() -> bool:
        with TRACER.start_as_current_span("expire cover requests"):
            async with container() as request:
                return await (await request.get(ExpireCoverRequests))() == COVER_BATCH

    async def earliest() -> datetime | None:
        async with container() as request:
            covers: CoverRepository = await request.get(CoverRepository)
            return await covers.earliest_deadline()

    return DeadlineLoop("covers", tick, earliest, listener.subscribe(Topic.COVERS), clock)


def _courier(
    container: AsyncContainer,
    channel: Channel,
    send: SendNotification,
    clock: Clock,
    listener: PostgresListener,
    metrics: WorkerMetrics,
    budget: int,
) -> Courier:
    async def lease(channel: Channel, limit: int) -> tuple[DueNotification, ...]:
        async with container() as request:
            return await (await request.get(LeaseNotifications))(channel, limit=limit)

    async def send_traced(due: DueNotification) -> Sent:
        attributes = {"tocsin.channel": channel.value, "tocsin.incident": str(due.incident.number)}
        with TRACER.start_as_current_span("send notification", attributes=attributes) as span:
            sent = await send(due)
            span.set_attribute("tocsin.outcome", sent.delivery.outcome.value)
            return sent

    async def settle(batch: Sequence[Sent]) -> frozenset[NotificationId]:
        with TRACER.start_as_current_span("settle notifications", attributes={"tocsin.notifications": len(batch)}):
            async with container() as request:
                settle_notifications: SettleNotifications = await request.get(SettleNotifications)
                return await settle_notifications(batch)

    async def earliest(channel: Channel) -> datetime | None:
        async with container() as request:
            notifications: NotificationRepository = await request.get(NotificationRepository)
            return await notifications.earliest_deadline(channel)

    return Courier(
        channel=channel,
        lease=lease,
        send=send_traced,
        settle=settle,
        earliest=earliest,
        observe=metrics.observe,
        wakeup=listener.subscribe(Topic.NOTIFICATIONS),
        clock=clock,
        budget=budget,
    )


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

    async def make_partitions() -> None:
        with translating():
            async with pool.acquire(timeout=5) as connection:
                for partition in wanted(database_clock.now()):
                    await connection.execute(partition.sql)

    async def clean() -> None:
        await Upkeep(PostgresSession(pool)).delete_stale(at=database_clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(every(CLEANING_INTERVAL, clean, draining, name="cleaning"))
        group.create_task(every(CLOCK_INTERVAL, database_clock.synchronize, draining, name="clock"))
        group.create_task(every(WATCH_INTERVAL, watch, draining, name="watch"))
        group.create_task(every(PARTITION_INTERVAL, make_partitions, draining, name="partitions"))

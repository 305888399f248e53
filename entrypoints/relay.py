"""Events to subscriptions: a role of the worker's that has loops of its own, so that no page waits for a receiver."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from dishka import AsyncContainer
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter

from adapters import tracing
from adapters.inbound.deadlines.event_courier import EventCourier
from adapters.inbound.deadlines.loop import DeadlineLoop, wait_for
from adapters.outbound.postgres.event_log import Topic
from adapters.outbound.postgres.listener import PostgresListener
from adapters.wire.published import trace_of
from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries, LeasedDelivery
from application.ports.event_sender import EventSenders
from application.subscription.lease_events import LeaseEvents
from application.subscription.relay_events import RelayEvents
from application.subscription.send_events import SendEvents, Sent
from application.subscription.settle_events import SettleEvents
from domain.shared.ids import SubscriptionId
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import SubscriptionKind
from entrypoints.wired import earliest_deadline, wired

# Receivers do not notice so short a time. In it gathers what a busy minute logs, instead of a look for each page.
GATHER: Final = timedelta(milliseconds=20)


async def relay(container: AsyncContainer, draining: asyncio.Event) -> None:
    """Run until draining is set; what is under way then is finished."""
    clock = await container.get(Clock)
    listener = await container.get(PostgresListener)
    attempts = Counter(
        "tocsin_event_delivery_attempts",
        "Attempts to bring an event to a subscription",
        ("kind", "verdict"),
        registry=await container.get(CollectorRegistry),
    )

    def observe(kind: SubscriptionKind, verdict: Verdict) -> None:
        attempts.labels(kind.value, verdict.value).inc()

    # One scope for all sends: they open no transaction.
    async with container() as sends, asyncio.TaskGroup() as group:
        send: SendEvents = await sends.get(SendEvents)
        senders: EventSenders = await sends.get(EventSenders)
        group.create_task(_relay_loop(container, clock, listener, draining).run(draining), name="relay")
        courier = event_courier(container, send, senders, clock, listener)
        courier.observe = observe
        group.create_task(courier.run(draining), name="event-courier")


def _relay_loop(
    container: AsyncContainer, clock: Clock, listener: PostgresListener, draining: asyncio.Event
) -> DeadlineLoop:
    relay_events = wired(container, RelayEvents)

    async def tick() -> bool:
        with tracing.span("relay events"):
            has_more = await relay_events()
        if not has_more:
            await wait_for(draining, GATHER)
        return has_more

    async def never() -> None:
        """Only a new event makes something to do."""

    return DeadlineLoop("relay", tick, never, listener.subscribe(Topic.EVENTS), clock)


def event_courier(
    container: AsyncContainer, send: SendEvents, senders: EventSenders, clock: Clock, listener: PostgresListener
) -> EventCourier:
    lease_events = wired(container, LeaseEvents)

    async def lease(limit: int, without: Collection[SubscriptionId]) -> tuple[LeasedDelivery, ...]:
        return await lease_events(limit=limit, without=without)

    async def send_traced(batch: Sequence[LeasedDelivery]) -> tuple[Sent, ...]:
        attributes: dict[str, int | str] = {
            "tocsin.events": len(batch),
            "tocsin.subscription": str(batch[0].subscription.id),
        }
        traces = [trace_of(leased) for leased in batch]
        with tracing.span("send events", traces, attributes=attributes, kind=SpanKind.PRODUCER):
            return await send(batch)

    return EventCourier(
        lease=lease,
        send=send_traced,
        settle=wired(container, SettleEvents),
        earliest=earliest_deadline(container, EventDeliveries),
        most=lambda kind: senders.of(kind).most,
        observe=lambda _, __: None,
        wakeup=listener.subscribe(Topic.DELIVERIES),
        clock=clock,
    )

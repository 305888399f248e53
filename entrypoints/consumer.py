"""The consumer: events from a queue, by the same use cases as over HTTP. Any number of them may run."""

import asyncio
from collections.abc import Sequence

from dishka import AsyncContainer
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry

from adapters import tracing
from adapters.inbound.deadlines.loop import every
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.sqs.consumer import Consume, ConsumerMetrics, ConsumerSettings, QueueClient, SqsConsumer
from adapters.inbound.sqs.gather import Gather
from adapters.inbound.sqs.messages import MessageReader
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.sqs.client import SqsSettings, open_client
from application.alert.consume import ConsumeMessages, Outcome, QueuedMessage
from application.ports.clock import Clock
from application.ports.randomness import Randomness
from application.routing.rules import RulebookCache
from entrypoints.providers.http import forget_when_hinted, intake_targets
from entrypoints.settings import Settings
from entrypoints.wired import wired
from entrypoints.worker import CLOCK_INTERVAL


async def consume(container: AsyncContainer, draining: asyncio.Event) -> None:
    """Run until draining is set; the batches in hand then are finished."""
    async with open_client(sqs_settings(await container.get(Settings))) as client:
        await consume_from(client, container, draining)


async def consume_from(client: QueueClient, container: AsyncContainer, draining: asyncio.Event) -> None:
    """The same, of a queue that is reached already."""
    settings = await container.get(Settings)
    clock = await container.get(Clock)
    database_clock = await container.get(DatabaseClock)
    listener = await container.get(PostgresListener)
    targets = await intake_targets(container)
    rules = await container.get(RulebookCache)
    consumer = SqsConsumer(
        client=client,
        settings=ConsumerSettings(
            queue_url=settings.sqs_queue_url,
            dead_letter_queue_url=settings.sqs_dead_letter_queue_url or None,
            pollers=settings.sqs_pollers,
        ),
        read=MessageReader(
            targets=targets,
            allowances=await container.get(Allowances),
            clock=clock,
            default_integration_key=settings.sqs_integration_key or None,
        ),
        consume=Gather(handling(container)),
        clock=clock,
        randomness=await container.get(Randomness),
        metrics=ConsumerMetrics(await container.get(CollectorRegistry)),
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(every(CLOCK_INTERVAL, database_clock.synchronize, draining, name="clock"))
        forgetting = group.create_task(forget_when_hinted(targets, rules, listener), name="forget-targets")
        running = group.create_task(consumer.run(), name="consumer")
        await asyncio.wait((running, waiting := group.create_task(draining.wait())), return_when="FIRST_COMPLETED")
        consumer.stop()
        await running
        waiting.cancel()
        forgetting.cancel()


def handling(container: AsyncContainer) -> Consume:
    """The use case, as the consumer calls it."""
    consume_messages = wired(container, ConsumeMessages)

    async def handle(messages: Sequence[QueuedMessage]) -> Sequence[Outcome]:
        traces = [trace for each in messages for trace in each.traces]
        attributes = {"tocsin.messages": len(messages)}
        with tracing.span("consume messages", traces, attributes=attributes, kind=SpanKind.CONSUMER):
            return await consume_messages(messages)

    return handle


def sqs_settings(settings: Settings) -> SqsSettings:
    return SqsSettings(
        region=settings.sqs_region, endpoint_url=settings.sqs_endpoint_url or None, pollers=settings.sqs_pollers
    )

"""The spill: events that the HTTP server accepts while PostgreSQL is away, and stores once it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from dishka import AsyncContainer
from prometheus_client import CollectorRegistry, Gauge

from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.sqs.consumer import ConsumerMetrics, ConsumerSettings, SqsConsumer
from adapters.inbound.sqs.spilled import SpillReader
from adapters.outbound.postgres.session import Pool
from adapters.outbound.sqs.client import SpillClient, open_client
from adapters.outbound.sqs.spill import SqsSpill
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.randomness import Randomness
from application.ports.spill import Spill
from entrypoints.consumer import handling, sqs_settings
from entrypoints.providers.http import key_look_up
from entrypoints.settings import Settings

# A poll that finds nothing costs a request; a server that is stopped waits for the end of one.
_WAIT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class OpenSpill:
    container: AsyncContainer
    client: SpillClient
    spill: Spill

    async def drain(self, commits: GroupCommit) -> None:
        """Until cancelled, store what is in it whenever storage is there."""
        settings = await self.container.get(Settings)
        clock = await self.container.get(Clock)
        registry = await self.container.get(CollectorRegistry)
        spilling = Gauge("tocsin_intake_spilling", "1 while accepted events go to the spill queue", registry=registry)
        spilling.set_function(lambda: float(commits.is_spilling))
        consumer = SqsConsumer(
            client=self.client,
            settings=ConsumerSettings(queue_url=settings.spill_queue_url, pollers=1, wait_seconds=_WAIT_SECONDS),
            read=SpillReader(look_up=await key_look_up(self.container), clock=clock),
            consume=handling(self.container),
            clock=clock,
            randomness=await self.container.get(Randomness),
            metrics=ConsumerMetrics(registry, queue="spill"),
            is_storage_there=self._is_storage_there,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(consumer.run(), name="spill-consumer")
            group.create_task(commits.look_after_the_spill(), name="spill-watch")

    async def _is_storage_there(self) -> bool:
        pool = await self.container.get(Pool)
        try:
            async with pool.acquire(timeout=2) as connection:
                await connection.execute("SELECT 1")
        except Exception:  # noqa: BLE001  # whatever it is, the database does not answer
            return False
        return True


@asynccontextmanager
async def open_spill(container: AsyncContainer) -> AsyncIterator[OpenSpill]:
    settings = await container.get(Settings)
    async with open_client(sqs_settings(settings)) as client:
        spill = SqsSpill(client, settings.spill_queue_url, await container.get(IdFactory))
        yield OpenSpill(container, client, spill)

"""A consumer over a real queue and a real database, with faults on demand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide
from prometheus_client import CollectorRegistry

from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.targets import Targets, hash_of
from adapters.inbound.sqs.consumer import ConsumerMetrics, ConsumerSettings, SqsConsumer
from adapters.inbound.sqs.messages import MessageReader
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.integrations import PostgresIntegrationRepository
from adapters.outbound.postgres.policies import PostgresPolicyRepository
from adapters.outbound.postgres.services import PostgresServiceRepository
from adapters.outbound.postgres.session import Pool, PostgresSession, create_pool
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.sqs.client import SqsClient, SqsSettings, open_client
from adapters.outbound.system.clock import SystemClock
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.randomness import SeededRandomness
from application.alert.consume import ConsumeMessages, Outcome, QueuedMessage
from application.alert.room import OpenAlertRoom
from application.ports.clock import Clock
from application.ports.errors import PermanentPortError
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.identity.team import Team
from domain.service.integration import IntakeLimits, Integration, IntegrationKind
from domain.service.service import Service
from domain.shared.ids import IntegrationId, PolicyId, ServiceId, TeamId
from entrypoints.providers.postgres import PostgresStorageProvider
from entrypoints.providers.system import RulesProvider
from entrypoints.providers.use_cases import UseCaseProvider
from tests.support.engines import Sqs

KEY = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
OTHER_KEY = "00112233445566778899aabbccddeeff"
CLOCK = SystemClock()
LIMITS = IntakeLimits(events_per_minute=120_000, event_burst=20_000, open_alerts=10_000)
IDS = UuidFactory()


def client_of(sqs: Sqs) -> SqsSettings:
    return SqsSettings(
        region=sqs.region,
        endpoint_url=sqs.endpoint,
        access_key=sqs.access_key,
        secret_key=sqs.secret_key,
        wait_seconds=1,
    )


def event(dedup_key: str, action: str = "trigger", **members: object) -> str:
    return json.dumps({"action": action, "dedup_key": dedup_key, "summary": f"{dedup_key} is down", **members})


def with_key(key: str = KEY, **attributes: str) -> dict[str, Any]:
    """Message attributes, as SendMessage takes them."""
    named = {"tocsin-integration-key": key} | {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}}


def refusal(code: str, status: int = 500) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")  # type: ignore[arg-type]  # the rest is what a real answer has besides


@dataclass(slots=True)
class FaultyClient:
    """The real client, which fails as often as it is told to, and remembers what it was asked."""

    client: SqsClient
    delete_faults: list[Exception | list[str]] = field(default_factory=list)  # an error, or which bodies to leave
    send_faults: list[Exception] = field(default_factory=list)
    visibilities: list[list[int]] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)  # of what was received last
    deletes: int = 0

    async def receive_message(self, **parameters: Any) -> dict[str, Any]:
        answer = await self.client.receive_message(**parameters)
        self.handles = [message["ReceiptHandle"] for message in answer.get("Messages", ())] or self.handles
        return answer

    async def reappear(self, queue_url: str) -> None:
        """What was received last is in the queue again, as if its visibility had ended."""
        entries = [
            {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for place, handle in enumerate(self.handles)
        ]
        await self.client.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)

    async def send_message(self, **parameters: Any) -> dict[str, Any]:
        if self.send_faults:
            raise self.send_faults.pop(0)
        return await self.client.send_message(**parameters)

    async def delete_message(self, **parameters: Any) -> dict[str, Any]:
        return await self.client.delete_message(**parameters)

    async def delete_message_batch(self, **parameters: Any) -> dict[str, Any]:
        self.deletes += 1
        fault = self.delete_faults.pop(0) if self.delete_faults else []
        if isinstance(fault, Exception):
            raise fault
        asked = [entry for entry in parameters["Entries"] if entry["Id"] not in fault]
        answer = await self.client.delete_message_batch(**{**parameters, "Entries": asked}) if asked else {}
        failed = [{"Id": name, "SenderFault": False, "Code": "InternalError"} for name in fault]
        return {**answer, "Failed": [*answer.get("Failed", ()), *failed]}

    async def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        self.visibilities.append([entry["VisibilityTimeout"] for entry in parameters["Entries"]])
        return await self.client.change_message_visibility_batch(**parameters)


@dataclass(slots=True)
class World:
    sqs: Sqs
    pool: Pool
    client: FaultyClient
    url: str
    dead_url: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    is_storage_away: bool = False
    containers: dict[bool, AsyncContainer] = field(default_factory=dict)  # by whether storage is away
    delay_seconds: float = 0
    refused_key: str = ""  # storage does not take events of this dedup key
    limits: IntakeLimits = LIMITS
    received: list[list[str]] = field(default_factory=list)

    def consumer(self, *, oldest_trigger: timedelta = timedelta(hours=24), **settings: Any) -> SqsConsumer:
        chosen = {
            "queue_url": self.url,
            "dead_letter_queue_url": self.dead_url,
            "pollers": 1,
            "wait_seconds": 1,
            "visibility_seconds": 30,
            "retry_base_seconds": 1,
            **settings,
        }
        return SqsConsumer(
            client=self.client,
            settings=ConsumerSettings(**chosen),
            read=MessageReader(
                targets=Targets(self.look_up),
                allowances=Allowances(MemoryRateLimiter(CLOCK), self.limits, in_blocks=False),
                clock=CLOCK,
                oldest_trigger=oldest_trigger,
            ),
            consume=self.consume,
            clock=CLOCK,
            randomness=SeededRandomness(7),
            metrics=ConsumerMetrics(self.registry),
        )

    async def look_up(self, key_hash: bytes) -> IntakeTarget | None:
        return await PostgresIntakeStore(PostgresSession(self.pool)).target_of(key_hash, at=CLOCK.now())

    async def consume(self, messages: Sequence[QueuedMessage]) -> tuple[Outcome, ...]:
        self.received.append([message.message_key for message in messages])
        await asyncio.sleep(self.delay_seconds)
        if any(event.dedup_key == self.refused_key for message in messages for event in message.events):
            raise PermanentPortError("the database refused")
        is_away = self.is_storage_away
        if is_away not in self.containers:
            self.containers[is_away] = container_over(await unreachable_pool() if is_away else self.pool)
        async with self.containers[is_away]() as scope:
            consume: ConsumeMessages = await scope.get(ConsumeMessages)
            return await consume(messages)

    @asynccontextmanager
    async def running(self, **settings: Any) -> AsyncIterator[SqsConsumer]:
        """A consumer at work; when the block ends it is stopped, and its work awaited."""
        self.registry = CollectorRegistry()
        consumer = self.consumer(**settings)
        work = asyncio.create_task(consumer.run())
        try:
            yield consumer
        finally:
            consumer.stop()
            async with asyncio.timeout(20):
                await work

    async def run_until(self, *, within_seconds: float = 15, **counts: int) -> None:
        """Consume until the counters say so, such as `handled=2`."""
        async with self.running():
            await self.reach(within_seconds=within_seconds, **counts)

    async def reach(self, *, within_seconds: float = 15, **counts: int) -> None:
        await until(lambda: all(self.count(name) >= count for name, count in counts.items()), within_seconds)

    def count(self, name: str) -> int:
        return int(self.registry.get_sample_value(f"tocsin_sqs_{name}_total") or 0)

    async def drained(self) -> bool:
        """Nothing waits, and nothing is in hand."""
        return await asyncio.to_thread(self.sqs.depth, self.url) == (0, 0)

    async def send(self, *bodies: str, key: str = KEY, **more: Any) -> None:
        for body in bodies:
            await asyncio.to_thread(self.sqs.send, self.url, body, **{**with_key(key), **more})

    async def dead(self) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self.sqs.receive, self.dead_url)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.pool.acquire() as connection:
            return [tuple(row.values()) for row in await connection.fetch(sql)]


async def until(condition: Callable[[], bool], within_seconds: float = 10) -> None:
    async with asyncio.timeout(within_seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.02)


class _Given(Provider):
    """What the use cases of intake are wired to here."""

    scope = Scope.APP

    room = provide(OpenAlertRoom)

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool

    @provide
    def pool(self) -> Pool:
        return self._pool

    @provide
    def clock(self) -> Clock:
        return CLOCK

    @provide
    def ids(self) -> IdFactory:
        return IDS

    @provide
    def limits(self) -> IntakeLimits:
        return LIMITS


def container_over(pool: Pool) -> AsyncContainer:
    """With what consuming needs, and no more: nobody is paged here."""
    return make_async_container(
        RulesProvider(), PostgresStorageProvider(), UseCaseProvider(), _Given(pool), skip_validation=True
    )


async def unreachable_pool() -> Pool:
    """A pool of a database that does not answer."""
    return await create_pool("postgresql://nobody@127.0.0.1:1/none", least=0)


async def store_integrations(pool: Pool) -> tuple[Integration, Integration]:
    """Two integrations of one service, with `KEY` and `OTHER_KEY`."""
    session = PostgresSession(pool)
    async with session:
        team = await PostgresTeamRepository(session).save(Team(id=TeamId(IDS.new()), name="data"))
        step = Step(targets=(Target(kind=TargetKind.TEAM, id=team.id),), delay=timedelta(minutes=5))
        policy = await PostgresPolicyRepository(session).save(
            EscalationPolicy(id=PolicyId(IDS.new()), team_id=team.id, name="data", steps=(step,))
        )
        service = await PostgresServiceRepository(session).save(
            Service(id=ServiceId(IDS.new()), team_id=team.id, policy_id=policy.id, name="database")
        )
        first = Integration(
            id=IntegrationId(IDS.new()),
            service_id=service.id,
            team_id=team.id,
            kind=IntegrationKind.NATIVE,
            name="queue",
            key_hash=hash_of(KEY),
        )
        second = replace(first, id=IntegrationId(IDS.new()), name="other queue", key_hash=hash_of(OTHER_KEY))
        integrations = PostgresIntegrationRepository(session)
        return await integrations.save(first), await integrations.save(second)


@asynccontextmanager
async def open_world(sqs: Sqs, dsn: str, *, is_fifo: bool = False) -> AsyncIterator[World]:
    attributes = {"FifoQueue": "true"} if is_fifo else {}
    url, dead_url = sqs.create_queue("events", **attributes), sqs.create_queue("dead", **attributes)
    async with open_client(client_of(sqs)) as client, await create_pool(dsn, most=4) as pool:
        await store_integrations(pool)
        yield World(sqs, pool, FaultyClient(client), url, dead_url)

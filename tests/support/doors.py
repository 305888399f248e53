"""The doors for events over the in-memory storage, asked as an ASGI server asks them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import httpx
from dishka import AsyncContainer
from prometheus_client import CollectorRegistry

from adapters.inbound.http.asgi import App, Receive, Scope, Send
from adapters.inbound.http.heartbeat_door import HeartbeatDoor
from adapters.inbound.http.intake import IntakeDoors
from adapters.inbound.http.opsgenie import OpsgenieDoor
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.setting_aside import SettingAside
from adapters.inbound.intake.targets import Targets, hash_of
from adapters.outbound.memory.database import MemoryDatabase
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.memory.spill import MemorySpill
from adapters.outbound.system.clock import ManualClock
from application.alert.ingest import IngestEvents
from application.alert.record_change import RecordChange
from application.alert.routed import ReceivedEvent
from application.alert.set_aside import SetAside
from application.ports.alert_requests import AlertRequest, ReceivedRequest
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.heartbeats import ReceivedPing
from application.ports.ids import IdFactory
from application.ports.intake import DeadLetter, IntakeStore, IntakeTarget, ReceivedChange
from application.ports.sns import SnsEndpoint
from application.ports.vault import Vault
from domain.alert.alert import Alert
from domain.alert.alert_event import ChangeEvent
from domain.heartbeat.heartbeat import Heartbeat
from domain.service.integration import IntakeLimits
from domain.shared.ids import IntegrationId
from entrypoints.http_server import heartbeat_door, opsgenie_door, sns_door_of
from tests.support.builders import NOON, SHOP_PROBES, a_town, an_integration
from tests.support.world import IN_MEMORY, Ports, Trap, WorldNotifiers, core_container

KEY: Final = "3f9c1e5a7b2d4c6e8f0a1b2c3d4e5f60"  # of the shop's probes, as the recorded payloads have it


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """What the doors stand in front of."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"no door"})


@dataclass(slots=True)
class Storage:
    """Whether there is one to store events in."""

    is_away: bool = False

    def require_present(self) -> None:
        if self.is_away:
            raise TransientPortError("storage is away")


@dataclass(frozen=True, slots=True)
class Doors:
    client: httpx.AsyncClient
    clock: ManualClock
    database: MemoryDatabase
    registry: CollectorRegistry
    storage: Storage
    spill: MemorySpill
    sns: "SnsOf"
    intake: IntakeDoors
    app: App  # all doors, one before the other

    async def ask(
        self, path: str, body: bytes = b"", *, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.request(method, path, content=body, headers=headers)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(self.database.alerts.values())

    @property
    def reasons(self) -> list[str]:
        """Why bodies were set aside."""
        return [letter.reason for letter in self.database.dead_letters]


@asynccontextmanager
async def doors(*, with_spill: bool = False, **of_the_integration: Any) -> AsyncIterator[Doors]:
    """A town behind its doors; the shop's probes have `KEY`."""
    clock, trap = ManualClock(NOON), Trap()
    container = core_container(IN_MEMORY, clock=clock, notifiers=WorldNotifiers(clock, trap), gate=trap, seed=1)
    town = a_town()
    probes = an_integration(**of_the_integration)
    others = tuple(each for each in town.integrations if each.id != SHOP_PROBES)
    async with container() as request:
        ports = await request.get(Ports)
        await ports.settle_in(replace(town, integrations=(replace(probes, key_hash=hash_of(KEY)), *others)))
    registry = CollectorRegistry()
    storage = Storage()

    async def ingest(batch: Sequence[ReceivedEvent]) -> None:
        storage.require_present()
        async with container() as request:
            await (await request.get(IngestEvents))(batch)

    spill = MemorySpill()
    commits = GroupCommit(ingest, spill=spill if with_spill else None)
    inner = await _doors(container, commits, registry, storage)
    sns = SnsOf()
    opsgenie = await _opsgenie(container, inner, sns_door_of(inner, sns), storage)
    application = _heartbeats(container, inner, opsgenie, storage)
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
        writing = asyncio.create_task(commits.run())
        database = await container.get(MemoryDatabase)
        yield Doors(client, clock, database, registry, storage, spill, sns, inner, application)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
    await container.close()


@dataclass(slots=True)
class SnsOf(SnsEndpoint):
    """Whichever endpoint a test has; without one SNS is away."""

    endpoint: SnsEndpoint | None = None

    async def certificate(self, url: str) -> bytes:
        return await self._given.certificate(url)

    async def confirm(self, *, region: str, topic_arn: str, token: str) -> None:
        await self._given.confirm(region=region, topic_arn=topic_arn, token=token)

    @property
    def _given(self) -> SnsEndpoint:
        if self.endpoint is None:
            raise TransientPortError("no SNS in this test")
        return self.endpoint


def _heartbeats(container: AsyncContainer, inner: IntakeDoors, app: App, storage: Storage) -> HeartbeatDoor:
    door = heartbeat_door(container, inner, app)

    async def ping(received: ReceivedPing) -> Heartbeat | None:
        storage.require_present()
        return await door.pings.ping(received)

    return replace(door, pings=replace(door.pings, ping=ping))


async def _opsgenie(container: AsyncContainer, inner: IntakeDoors, app: App, storage: Storage) -> OpsgenieDoor:
    door = await opsgenie_door(container, inner, app)

    async def handle(received: ReceivedRequest) -> AlertRequest:
        storage.require_present()
        return await door.handle(received)

    async def find_request(integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        storage.require_present()
        return await door.find_request(integration_id, request_id)

    return replace(door, handle=handle, find_request=find_request)


async def _doors(
    container: AsyncContainer, commits: GroupCommit, registry: CollectorRegistry, storage: Storage
) -> IntakeDoors:
    clock, ids = await container.get(Clock), await container.get(IdFactory)
    limits = IntakeLimits(events_per_minute=120_000, event_burst=20_000, open_alerts=10_000)

    async def look_up(key_hash: bytes) -> IntakeTarget | None:
        async with container() as request:
            intake: IntakeStore = await request.get(IntakeStore)
            return await intake.target_of(key_hash, at=clock.now())

    async def store_letter(letter: DeadLetter) -> None:
        storage.require_present()
        async with container() as request:
            await (await request.get(SetAside))(letter)

    async def record_change(target: IntakeTarget, change: ChangeEvent) -> UUID:
        received = ReceivedChange(ids.new(), target, change, clock.now())

        async def store() -> None:
            storage.require_present()
            async with container() as request:
                await (await request.get(RecordChange))(received)

        await commits.keep(store, lambda spill: spill.put_change(received))
        return received.id

    return IntakeDoors(
        app=nothing_here,
        targets=Targets(look_up),
        allowances=Allowances(MemoryRateLimiter(clock), limits, in_blocks=False),
        commits=commits,
        set_aside=SettingAside(store_letter, commits, clock, ids),
        record_change=record_change,
        vault=await container.get(Vault),
        clock=clock,
        ids=ids,
        metrics=IntakeMetrics(registry),
    )

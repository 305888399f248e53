"""The worker's loops over heartbeats and over alerts that expire; and a ping that meets a worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from dishka import AsyncContainer
from structlog.testing import capture_logs

from adapters.inbound.deadlines.spilled_signs import SpilledSigns
from adapters.outbound.memory.spill import MemorySpill
from adapters.outbound.system.clock import ManualClock
from application.alert.ingest import IngestEvents
from application.heartbeat.advance import AdvanceHeartbeats
from application.heartbeat.create import CreateHeartbeat, IssuedHeartbeat
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.ping import PingHeartbeat
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository, ReceivedPing
from domain.heartbeat.heartbeat import HeartbeatStatus, PingKind
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Role
from domain.service.integration import IntegrationKind
from entrypoints.worker import alert_loop, heartbeat_loop
from tests.support.at_once import SOON, Turnstile, containers_over
from tests.support.builders import ADA, MINUTE, NOON, SHOP_PROBES, Town, a_town, an_event, an_integration
from tests.support.world import (
    Ports,
    Trap,
    WorldNotifiers,
    core_container,
    over_postgres,
    received,
)

ADMIN = Actor(user_id=ADA, role=Role.ADMIN)
HOURLY = HeartbeatDraft(name="backup", period_seconds=3600, grace_seconds=300)
DEADLINE = NOON + timedelta(hours=1, minutes=5)


def town() -> Town:
    made = a_town()
    others = tuple(each for each in made.integrations if each.id != SHOP_PROBES)
    return replace(made, integrations=(an_integration(kind=IntegrationKind.HEARTBEAT), *others))


async def settle(container: AsyncContainer) -> IssuedHeartbeat:
    """A town with a heartbeat that was heard at noon."""
    async with container() as scope:
        await (await scope.get(Ports)).settle_in(town())
    async with container() as scope:
        issued = await (await scope.get(CreateHeartbeat))(SHOP_PROBES, HOURLY, actor=ADMIN)
    await ping(container, issued)
    return issued


async def ping(container: AsyncContainer, issued: IssuedHeartbeat) -> None:
    async with container() as scope:
        at = (await scope.get(Clock)).now()
        await (await scope.get(PingHeartbeat))(ReceivedPing(secret_hash(issued.key), PingKind.SUCCESS, at))


async def status(container: AsyncContainer, issued: IssuedHeartbeat) -> HeartbeatStatus:
    async with container() as scope:
        heartbeats: HeartbeatRepository = await scope.get(HeartbeatRepository)
        return (await heartbeats.look_up(issued.heartbeat.id)).status


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await reached():  # noqa: ASYNC110  # only storage knows when
            await asyncio.sleep(0.02)


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
async def container(clean_database: str, clock: ManualClock) -> AsyncIterator[AsyncContainer]:
    gate = Trap()
    made = core_container(
        over_postgres(clean_database), clock=clock, notifiers=WorldNotifiers(clock, gate), gate=gate, seed=1
    )
    yield made
    await made.close()


async def test_a_worker_misses_a_heartbeat_when_its_time_has_come_and_not_before(
    container: AsyncContainer, clock: ManualClock
) -> None:
    issued = await settle(container)
    draining = asyncio.Event()

    async def is_down() -> bool:
        return await status(container, issued) is HeartbeatStatus.DOWN

    async with asyncio.TaskGroup() as group:
        group.create_task(heartbeat_loop(container, clock).run(draining))
        clock.move_to(DEADLINE - timedelta.resolution)
        await asyncio.sleep(0.1)
        assert not await is_down()
        clock.move_to(DEADLINE)
        await until(is_down)
        draining.set()
    async with container() as scope:
        ports = await scope.get(Ports)
        async with ports.transaction:
            assert len(await ports.alerts.firing({(SHOP_PROBES, f"heartbeat/{issued.heartbeat.id}")})) == 1


async def test_a_worker_misses_none_whose_sign_may_wait_in_the_spill(
    container: AsyncContainer, clock: ManualClock
) -> None:
    issued = await settle(container)
    draining = asyncio.Event()
    spill = MemorySpill(pings=[ReceivedPing(issued.heartbeat.key_hash, PingKind.SUCCESS, NOON + MINUTE)])

    async def is_down() -> bool:
        return await status(container, issued) is HeartbeatStatus.DOWN

    async with asyncio.TaskGroup() as group:
        with capture_logs():
            group.create_task(SpilledSigns(spill, clock).holding_back(heartbeat_loop(container, clock)).run(draining))
            clock.move_to(DEADLINE)
            await asyncio.sleep(0.2)
            assert not await is_down()
            spill.pings.clear()
            await until(is_down)
            draining.set()


async def test_a_worker_finds_a_sender_silent_when_its_alert_expires(
    container: AsyncContainer, clock: ManualClock
) -> None:
    async with container() as scope:
        await (await scope.get(Ports)).settle_in(a_town())
    async with container() as scope:
        ports = await scope.get(Ports)
        event = await received(ports, SHOP_PROBES, an_event(expires_at=NOON + MINUTE))
        await (await scope.get(IngestEvents))([event])

    async def silent_since() -> datetime | None:
        async with container() as scope:
            ports = await scope.get(Ports)
            async with ports.transaction:
                (alert,) = await ports.alerts.firing({event.key})
                return alert.silent_since

    async def is_silent() -> bool:
        return await silent_since() is not None

    draining = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(alert_loop(container, clock).run(draining))
        await asyncio.sleep(0.1)
        assert not await is_silent()
        clock.move_to(NOON + MINUTE)
        await until(is_silent)
        draining.set()
    assert await silent_since() == NOON + MINUTE


async def test_a_ping_that_meets_a_worker_waits_for_it_and_wins(clean_database: str) -> None:
    async with containers_over(clean_database) as make:
        turnstile = Turnstile()
        free, held = make(Trap()), make(turnstile)
        issued = await settle(free)
        clock = await held.get(ManualClock)
        clock.move_to(DEADLINE)

        async def advance() -> int:
            async with held() as scope:
                return await (await scope.get(AdvanceHeartbeats))()

        working = asyncio.create_task(advance())
        await turnstile.reached.wait()
        pinging = asyncio.create_task(ping(free, issued))
        await asyncio.sleep(SOON)
        assert not pinging.done()
        turnstile.opened.set()
        assert await working == 1
        await pinging
        assert await status(free, issued) is HeartbeatStatus.UP
        async with free() as scope:
            ports = await scope.get(Ports)
            async with ports.transaction:
                assert await ports.alerts.firing({(SHOP_PROBES, f"heartbeat/{issued.heartbeat.id}")}) == ()

"""The worker's loop that lets requests for cover expire."""

import asyncio
from datetime import timedelta

from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.system.clock import ManualClock
from application.oncall.request_cover import RequestCover
from domain.oncall.cover import CoverStatus
from domain.shared.interval import Interval
from entrypoints.worker import cover_loop
from tests.support.builders import ADA, BEN, NOON, ROTA, a_town, an_actor
from tests.support.oncall import utc
from tests.support.world import Ports, Trap, WorldNotifiers, core_container, over_postgres

ADAS_DAY = Interval(start=utc("2026-11-25 08:00"), end=utc("2026-11-26 08:00"))


async def test_a_worker_lets_a_request_expire_when_its_time_has_come_and_not_before(clean_database: str) -> None:
    clock, gate = ManualClock(NOON), Trap()
    container = core_container(
        over_postgres(clean_database), clock=clock, notifiers=WorldNotifiers(clock, gate), gate=gate, seed=1
    )

    async def status() -> CoverStatus:
        async with container() as scope:
            return (await (await scope.get(Ports)).covers.get(request.id)).status

    async with container() as scope:
        await (await scope.get(Ports)).settle_in(a_town())
    async with container() as scope:
        ask = await scope.get(RequestCover)
        request = await ask(ROTA, user_id=ADA, interval=ADAS_DAY, asked_of=(BEN,), actor=an_actor(ADA))
    draining = asyncio.Event()
    async with PostgresListener(clean_database) as listener, asyncio.TaskGroup() as group:
        group.create_task(cover_loop(container, clock, listener).run(draining))
        clock.move_to(ADAS_DAY.start - timedelta.resolution)
        await asyncio.sleep(0.1)
        assert await status() is CoverStatus.OPEN
        clock.move_to(ADAS_DAY.start)
        async with asyncio.timeout(10):
            while await status() is CoverStatus.OPEN:  # noqa: ASYNC110  # only storage knows when
                await asyncio.sleep(0.02)
        draining.set()
    assert await status() is CoverStatus.EXPIRED
    await container.close()

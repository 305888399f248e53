"""The worker's loop that notices when nothing comes any more."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.system.clock import ManualClock
from application.ports.intake import RawEvent
from application.service.set_quiet_watch import SetQuietWatch
from application.service.watch_quiet import DEDUP_KEY
from domain.identity.role import Role
from entrypoints.worker import quiet_loop
from tests.support.builders import NOON, SHOP_PROBES, a_town, an_actor
from tests.support.world import Ports, Trap, WorldNotifiers, core_container, over_postgres

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)


async def test_a_worker_opens_an_alert_of_a_quiet_integration_and_clears_it(clean_database: str) -> None:
    clock, gate = ManualClock(NOON), Trap()
    container = core_container(
        over_postgres(clean_database), clock=clock, notifiers=WorldNotifiers(clock, gate), gate=gate, seed=1
    )

    async def is_firing() -> bool:
        async with container() as scope:
            return bool(await (await scope.get(Ports)).alerts.firing({(SHOP_PROBES, DEDUP_KEY)}))

    async def until(wanted: bool) -> None:
        async with asyncio.timeout(10):
            while await is_firing() is not wanted:  # noqa: ASYNC110  # only storage knows when
                await asyncio.sleep(0.02)

    async with container() as scope:
        await (await scope.get(Ports)).settle_in(a_town())
    async with container() as scope:
        await (await scope.get(SetQuietWatch))(SHOP_PROBES, after=HOUR, actor=an_actor(role=Role.ADMIN))
    draining = asyncio.Event()
    async with PostgresListener(clean_database) as listener, asyncio.TaskGroup() as group:
        group.create_task(quiet_loop(container, clock, listener).run(draining))
        clock.move_to(NOON + HOUR - timedelta.resolution)
        await asyncio.sleep(0.1)
        assert not await is_firing()
        clock.move_to(NOON + HOUR)
        await until(True)
        async with container() as scope:
            ports = await scope.get(Ports)
            raw = RawEvent(
                id=UUID(int=1), integration_id=SHOP_PROBES, received_at=clock.now(), format="native", body=b"{}"
            )
            async with ports.transaction:
                await ports.intake.record(alerts=(), runs=(), events=(), raw_events=[raw])
        clock.move_to(NOON + HOUR + timedelta(minutes=1))
        await until(False)
        draining.set()
    await container.close()

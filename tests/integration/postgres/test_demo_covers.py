"""A demonstration that people played with goes away without a trace."""

from adapters.outbound.postgres.demo import DemoRows
from adapters.outbound.postgres.session import PostgresSession, create_pool
from adapters.outbound.system.clock import ManualClock
from application.oncall.add_absence import AddAbsence
from application.oncall.request_absence_cover import RequestAbsenceCover
from domain.shared.interval import Interval
from tests.contract.core.test_alert_requests import a_request
from tests.contract.core.test_heartbeats import a_heartbeat
from tests.support.builders import ADA, BEN, NOON, Town, a_town, an_actor
from tests.support.oncall import utc
from tests.support.world import (
    Ports,
    Trap,
    WorldNotifiers,
    core_container,
    over_postgres,
    ports_container,
)

AWAY = Interval(start=utc("2026-11-25 00:00"), end=utc("2026-11-30 00:00"))
TABLES = ("absences", "cover_request_people", "cover_requests", "schedules", "users")


async def test_requests_for_cover_and_time_off_go_with_the_demonstration(clean_database: str) -> None:
    clock, gate, town = ManualClock(NOON), Trap(), a_town()
    container = core_container(
        over_postgres(clean_database), clock=clock, notifiers=WorldNotifiers(clock, gate), gate=gate, seed=1
    )
    async with container() as scope:
        await (await scope.get(Ports)).settle_in(town)
    async with container() as scope:
        planned = await (await scope.get(AddAbsence))(user_id=ADA, interval=AWAY, actor=an_actor(ADA))
    async with container() as scope:
        ask = await scope.get(RequestAbsenceCover)
        assert len(await ask(planned.absence.id, asked_of=(BEN,), actor=an_actor(ADA))) > 1
    await container.close()
    await remove(clean_database, town, *TABLES)


async def test_heartbeats_and_requests_of_senders_go_with_the_demonstration(clean_database: str) -> None:
    container = ports_container(over_postgres(clean_database))
    town = a_town()
    async with container() as scope:
        ports = await scope.get(Ports)
        await ports.settle_in(town)
        async with ports.transaction:
            await ports.heartbeats.save(a_heartbeat())
            await ports.alert_requests.add(a_request())
    await container.close()
    await remove(clean_database, town, "heartbeats", "alert_requests", "integrations")


async def remove(dsn: str, town: Town, *tables: str) -> None:
    """The town was a demonstration; afterwards the tables are empty."""
    pool = await create_pool(dsn)
    session = PostgresSession(pool)
    ids: list[object] = []
    for kind in (town.users, town.teams, town.schedules, town.policies, town.services):
        ids += [thing.id for thing in kind]
    async with session:
        await DemoRows(session).mark(ids)
    async with session:
        await DemoRows(session).remove()
    for table in tables:
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608
    await pool.close()

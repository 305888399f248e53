"""A demonstration that people played with goes away without a trace."""

from adapters.outbound.postgres.demo import DemoRows
from adapters.outbound.postgres.session import PostgresSession, create_pool
from adapters.outbound.system.clock import ManualClock
from application.oncall.add_absence import AddAbsence
from application.oncall.request_absence_cover import RequestAbsenceCover
from domain.shared.interval import Interval
from tests.support.builders import ADA, BEN, NOON, a_town, an_actor
from tests.support.oncall import utc
from tests.support.world import Ports, PostgresStorage, Trap, WorldNotifiers, core_container

AWAY = Interval(start=utc("2026-11-25 00:00"), end=utc("2026-11-30 00:00"))
TABLES = ("absences", "cover_request_people", "cover_requests", "schedules", "users")


async def test_requests_for_cover_and_time_off_go_with_the_demonstration(clean_database: str) -> None:
    clock, gate, town = ManualClock(NOON), Trap(), a_town()
    container = core_container(
        PostgresStorage(clean_database), clock=clock, notifiers=WorldNotifiers(clock, gate), gate=gate, seed=1
    )
    async with container() as scope:
        await (await scope.get(Ports)).settle_in(town)
    async with container() as scope:
        planned = await (await scope.get(AddAbsence))(user_id=ADA, interval=AWAY, actor=an_actor(ADA))
    async with container() as scope:
        ask = await scope.get(RequestAbsenceCover)
        assert len(await ask(planned.absence.id, asked_of=(BEN,), actor=an_actor(ADA))) > 1
    await container.close()

    pool = await create_pool(clean_database)
    session = PostgresSession(pool)
    ids: list[object] = []
    for kind in (town.users, town.teams, town.schedules, town.policies, town.services):
        ids += [thing.id for thing in kind]
    async with session:
        await DemoRows(session).mark(ids)
    async with session:
        await DemoRows(session).remove()
    for table in TABLES:
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608
    await pool.close()

"""How often a question about who is on call asks the database."""

from collections.abc import AsyncIterator

import pytest

from adapters.outbound.postgres.schedule_history import PostgresScheduleHistory
from adapters.outbound.postgres.session import PostgresSession, Row, close_pool, create_pool
from adapters.outbound.system.clock import ManualClock
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.who_is_on_call import WhoIsOnCall
from application.ports.page import PageRequest
from domain.shared.interval import Interval
from tests.support.builders import ADA, CREW, MINUTE, NOON, ROTA, a_town, an_actor
from tests.support.world import Ports, Trap, WorldNotifiers, core_container, over_postgres

pytestmark = pytest.mark.postgres

CLOCK, ASKER = ManualClock(NOON), an_actor(ADA)


class CountingSession(PostgresSession):
    statements = 0

    async def fetch(self, sql: str, *arguments: object) -> list[Row]:
        self.statements += 1
        return await super().fetch(sql, *arguments)


@pytest.fixture
async def session(clean_database: str) -> AsyncIterator[CountingSession]:
    gate = Trap()
    storage = over_postgres(clean_database)
    container = core_container(storage, clock=CLOCK, notifiers=WorldNotifiers(CLOCK, gate), gate=gate, seed=1)
    async with container() as scope:
        await (await scope.get(Ports)).settle_in(a_town())
    await container.close()
    pool = await create_pool(clean_database, least=0, most=1)
    yield CountingSession(pool)
    await close_pool(pool)


async def test_who_is_on_call_in_one_schedule_is_one_statement(session: CountingSession) -> None:
    who = ScheduleOnCall(PostgresScheduleHistory(session), CLOCK)
    assert (await who(ROTA, actor=ASKER)).user_ids == (ADA,)
    assert session.statements == 1
    await who(ROTA, known_at=NOON, actor=ASKER)
    assert session.statements == 2


async def test_who_is_on_call_in_a_page_of_schedules_is_one_statement(session: CountingSession) -> None:
    who = WhoIsOnCall(PostgresScheduleHistory(session), CLOCK)
    assert [each.user_ids for each in (await who(PageRequest(), team_id=CREW, actor=ASKER)).items] == [(ADA,)]
    assert session.statements == 1


async def test_the_shifts_of_an_interval_are_one_statement(session: CountingSession) -> None:
    shifts = ScheduleShifts(PostgresScheduleHistory(session), CLOCK)
    assert (await shifts(ROTA, Interval(start=NOON, end=NOON + MINUTE), actor=ASKER)).shifts
    assert session.statements == 1

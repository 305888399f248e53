"""What a tick of many escalations asks of PostgreSQL: the same few statements, however many are due."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dishka import Scope, provide

from adapters.outbound.postgres.session import Pool, PostgresSession
from application.escalation.advance import AdvanceEscalations
from domain.escalation.condition import LabelMatch, StepCondition
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import EscalationPolicy, StepMode, WhenExhausted
from tests.support import engines
from tests.support.builders import (
    ADA,
    BEN,
    SHOP_PROBES,
    a_policy,
    a_service,
    a_step,
    a_town,
    an_event,
    an_integration,
    to_schedule,
    to_team,
    to_user,
)
from tests.support.world import PostgresStorage, World

pytestmark = pytest.mark.postgres

LABELLED = StepCondition(labels=(LabelMatch(name="region", value="north"),))


class _Counted:
    """A connection that counts what it is asked."""

    def __init__(self, connection: Any, asked: list[str]) -> None:
        self._connection = connection
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        if name in {"fetch", "fetchrow", "fetchval", "execute"}:
            self._asked.append(name)
        return getattr(self._connection, name)


class _CountingSession(PostgresSession):
    """Notes every statement in a list that is shared."""

    def __init__(self, pool: Pool, asked: list[str]) -> None:
        super().__init__(pool)
        self.asked = asked

    @property
    def connection(self) -> Any:
        return _Counted(super().connection, self.asked)

    @asynccontextmanager
    async def any_connection(self) -> AsyncIterator[Any]:
        async with super().any_connection() as connection:
            yield _Counted(connection, self.asked)


class _CountingStorage(PostgresStorage):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.asked: list[str] = []

    @provide(scope=Scope.REQUEST)
    def session(self, pool: Pool) -> PostgresSession:
        return _CountingSession(pool, self.asked)


def statements_of_a_tick(dsn: str, policy: EscalationPolicy, *, incidents: int) -> int:
    engines.run(engines.empty_all_tables(dsn))
    storage = _CountingStorage(dsn)
    town = a_town(policies=(policy,), services=(a_service(),), integrations=(an_integration(),))
    world = World(storage, town=town)
    try:
        world.write(lambda ports: ports.fall_backs.save(FallBack(team_id=None, targets=(to_user(BEN),))))
        events = [an_event(f"disk {number}", labels={"region": "north"}) for number in range(incidents)]
        world.receive_all([(SHOP_PROBES, event) for event in events])
        storage.asked.clear()
        assert world.call(AdvanceEscalations, limit=100).runs == incidents
        return len(storage.asked)
    finally:
        world.close()


@pytest.mark.parametrize(
    "policy",
    [
        a_policy(a_step(to_schedule(), to_team())),
        a_policy(a_step(to_user(ADA), to_user(BEN), mode=StepMode.ROUND_ROBIN, condition=LABELLED)),
        a_policy(
            a_step(condition=StepCondition(labels=(LabelMatch(name="rack"),))), when_exhausted=WhenExhausted.FALL_BACK
        ),
    ],
    ids=["plain", "labels and turns", "labels and the last resort"],
)
def test_a_tick_of_thirty_asks_as_often_as_a_tick_of_two(postgres_dsn: str, policy: EscalationPolicy) -> None:
    few = statements_of_a_tick(postgres_dsn, policy, incidents=2)
    assert 5 < few < 20

    assert statements_of_a_tick(postgres_dsn, policy, incidents=30) == few

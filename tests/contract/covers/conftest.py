"""Requests for cover, time off and schedules over memory and over PostgreSQL, both with the same people and teams."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.outbound.memory.absences import MemoryAbsenceRepository
from adapters.outbound.memory.covers import MemoryCoverRepository
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.event_log import MemoryEventLog
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.memory.users import MemoryUserRepository
from adapters.outbound.postgres.absences import PostgresAbsenceRepository
from adapters.outbound.postgres.covers import PostgresCoverRepository
from adapters.outbound.postgres.event_log import PostgresEventLog
from adapters.outbound.postgres.schedules import PostgresScheduleRepository
from adapters.outbound.postgres.session import PostgresSession, create_pool
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.users import PostgresUserRepository
from application.ports.absences import AbsenceRepository
from application.ports.covers import CoverRepository
from application.ports.event_log import EventLog
from application.ports.schedules import ScheduleRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId
from tests.support.oncall import ANN, BOB, CYD, USERS, a_layer

CORE, EDGE = TeamId(UUID(int=200)), TeamId(UUID(int=201))
DAILY, NIGHTLY = ScheduleId(UUID(int=300)), ScheduleId(UUID(int=301))
LAYER = a_layer(ANN, BOB, CYD, starts="2026-11-23 09:00")  # a day each from 08:00 UTC


@dataclass(frozen=True)
class Store:
    """One session's view of the storage."""

    transaction: Transaction
    absences: AbsenceRepository
    covers: CoverRepository
    events: EventLog
    schedules: ScheduleRepository
    teams: TeamRepository
    users: UserRepository


type NewStore = Callable[[], Store]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Makes sessions over one storage with people, two teams and a schedule of each."""
    made: NewStore = request.getfixturevalue(f"seeded_{request.param}")
    return made


@pytest.fixture
async def seeded_memory() -> NewStore:
    database = MemoryDatabase()
    await _seed(_over_memory(MemorySession(database)))
    return lambda: _over_memory(MemorySession(database))


@pytest.fixture
async def seeded_postgres(clean_database: str) -> AsyncIterator[NewStore]:
    pool = await create_pool(clean_database)
    try:
        await _seed(_over_postgres(PostgresSession(pool)))
        yield lambda: _over_postgres(PostgresSession(pool))
    finally:
        await pool.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


def _over_memory(session: MemorySession) -> Store:
    return Store(
        transaction=session,
        absences=MemoryAbsenceRepository(session),
        covers=MemoryCoverRepository(session),
        events=MemoryEventLog(session),
        schedules=MemoryScheduleRepository(session),
        teams=MemoryTeamRepository(session),
        users=MemoryUserRepository(session),
    )


def _over_postgres(session: PostgresSession) -> Store:
    return Store(
        transaction=session,
        absences=PostgresAbsenceRepository(session),
        covers=PostgresCoverRepository(session),
        events=PostgresEventLog(session),
        schedules=PostgresScheduleRepository(session),
        teams=PostgresTeamRepository(session),
        users=PostgresUserRepository(session),
    )


async def _seed(store: Store) -> None:
    async with store.transaction:
        for user_id in USERS:
            await store.users.save(a_person(user_id))
        await store.teams.save(Team(id=CORE, name="Core", member_ids=USERS[:4]))
        await store.teams.save(Team(id=EDGE, name="Edge", member_ids=USERS[4:]))
        for schedule_id, team_id, name in ((DAILY, CORE, "Daily"), (NIGHTLY, EDGE, "Nightly")):
            await store.schedules.save(
                Schedule(id=schedule_id, team_id=team_id, name=name, time_zone="Europe/Berlin", layers=(LAYER,)),
                at=datetime(2026, 1, 1, tzinfo=UTC),
            )


def a_person(user_id: UserId) -> User:
    name = f"User {user_id.int}"
    return User(id=user_id, email=f"user-{user_id.int}@example.test", name=name, role=Role.RESPONDER)

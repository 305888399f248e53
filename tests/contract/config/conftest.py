"""The repositories of the configuration over memory and over PostgreSQL, both with the same people and teams."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.destinations import MemoryDestinationRepository, MemoryDestinationSecrets
from adapters.outbound.memory.directory import MemoryDirectory
from adapters.outbound.memory.escalations import MemoryPolicyVersions
from adapters.outbound.memory.fall_backs import MemoryFallBackRepository
from adapters.outbound.memory.intake import MemoryIntakeStore
from adapters.outbound.memory.integrations import MemoryIntegrationRepository
from adapters.outbound.memory.kept_bodies import MemoryKeptBodies
from adapters.outbound.memory.policies import MemoryPolicyRepository
from adapters.outbound.memory.quiet_watches import MemoryQuietWatchRepository
from adapters.outbound.memory.received import MemoryReceivedReader
from adapters.outbound.memory.references import MemoryReferences
from adapters.outbound.memory.schedule_history import MemoryScheduleHistory
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from adapters.outbound.memory.services import MemoryServiceRepository
from adapters.outbound.postgres.destinations import PostgresDestinationRepository, PostgresDestinationSecrets
from adapters.outbound.postgres.directory import PostgresDirectory
from adapters.outbound.postgres.escalations import KeptPolicies, PostgresPolicyVersions
from adapters.outbound.postgres.fall_backs import PostgresFallBackRepository
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.integrations import PostgresIntegrationRepository
from adapters.outbound.postgres.kept_bodies import PostgresKeptBodies
from adapters.outbound.postgres.policies import PostgresPolicyRepository
from adapters.outbound.postgres.quiet_watches import PostgresQuietWatchRepository
from adapters.outbound.postgres.received import PostgresReceivedReader
from adapters.outbound.postgres.references import PostgresReferences
from adapters.outbound.postgres.schedule_history import PostgresScheduleHistory
from adapters.outbound.postgres.schedules import PostgresScheduleRepository
from adapters.outbound.postgres.services import PostgresServiceRepository
from adapters.outbound.postgres.session import Pool, PostgresSession, create_pool
from application.ports.destinations import DestinationRepository, DestinationSecrets
from application.ports.directory import Directory
from application.ports.escalations import PolicyVersions
from application.ports.fall_backs import FallBackRepository
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.kept_bodies import KeptBodies
from application.ports.policies import PolicyRepository
from application.ports.quiet_watches import QuietWatchRepository
from application.ports.received import ReceivedReader
from application.ports.references import References
from application.ports.schedule_history import ScheduleHistory
from application.ports.schedules import ScheduleRepository
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.shared.ids import TeamId, UserId
from tests.support.identity import VAULT
from tests.support.oncall import USERS

CORE, EDGE = TeamId(UUID(int=200)), TeamId(UUID(int=201))
GONE = UserId(UUID(int=99))  # was deactivated
TEAMS = (Team(id=CORE, name="Core"), Team(id=EDGE, name="Edge"))
PEOPLE = tuple(
    User(
        id=user_id,
        email=f"user-{user_id.int}@example.test",
        name=f"User {user_id.int}",
        role=Role.RESPONDER,
        is_active=user_id != GONE,
        version=1,
    )
    for user_id in (*USERS, GONE)
)


@dataclass(frozen=True)
class Store:
    """One session's view of the storage."""

    transaction: Transaction
    services: ServiceRepository
    integrations: IntegrationRepository
    policies: PolicyRepository
    versions: PolicyVersions
    schedules: ScheduleRepository
    history: ScheduleHistory
    directory: Directory
    destinations: DestinationRepository
    destination_secrets: DestinationSecrets
    fall_backs: FallBackRepository
    references: References
    intake: IntakeStore
    received: ReceivedReader
    kept_bodies: KeptBodies
    quiet_watches: QuietWatchRepository


type NewStore = Callable[[], Store]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Makes sessions over one storage, which has the people and the teams and nothing else."""
    made: NewStore = request.getfixturevalue(f"{request.param}_stores")
    return made


@pytest.fixture
def memory_stores() -> NewStore:
    database = MemoryDatabase(users={user.id: user for user in PEOPLE}, teams={team.id: team for team in TEAMS})
    return lambda: _over_memory(MemorySession(database))


@pytest.fixture
async def postgres_stores(clean_database: str) -> AsyncIterator[NewStore]:
    pool = await create_pool(clean_database)
    try:
        await _seed(pool)
        yield lambda: _over_postgres(PostgresSession(pool))
    finally:
        await pool.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


def _over_memory(session: MemorySession) -> Store:
    return Store(
        transaction=session,
        services=MemoryServiceRepository(session),
        integrations=MemoryIntegrationRepository(session),
        policies=MemoryPolicyRepository(session),
        versions=MemoryPolicyVersions(session),
        schedules=MemoryScheduleRepository(session),
        history=MemoryScheduleHistory(session),
        directory=MemoryDirectory(session),
        destinations=MemoryDestinationRepository(session),
        destination_secrets=MemoryDestinationSecrets(session),
        fall_backs=MemoryFallBackRepository(session),
        references=MemoryReferences(session),
        intake=MemoryIntakeStore(session),
        received=MemoryReceivedReader(session),
        kept_bodies=MemoryKeptBodies(session),
        quiet_watches=MemoryQuietWatchRepository(session),
    )


def _over_postgres(session: PostgresSession) -> Store:
    return Store(
        transaction=session,
        services=PostgresServiceRepository(session),
        integrations=PostgresIntegrationRepository(session),
        policies=PostgresPolicyRepository(session),
        versions=PostgresPolicyVersions(session, KeptPolicies()),
        schedules=PostgresScheduleRepository(session),
        history=PostgresScheduleHistory(session),
        directory=PostgresDirectory(session),
        destinations=PostgresDestinationRepository(session),
        destination_secrets=PostgresDestinationSecrets(session, VAULT),
        fall_backs=PostgresFallBackRepository(session),
        references=PostgresReferences(session),
        intake=PostgresIntakeStore(session),
        received=PostgresReceivedReader(session),
        kept_bodies=PostgresKeptBodies(session),
        quiet_watches=PostgresQuietWatchRepository(session),
    )


async def _seed(pool: Pool) -> None:
    """Rows that other repositories write, so that a fault of theirs does not fail these tests."""
    people = [(each.id, each.email, each.name, each.role, each.time_zone, each.is_active) for each in PEOPLE]
    async with pool.acquire() as connection:
        await connection.executemany(
            "INSERT INTO users (id, email, name, role, time_zone, is_active, version) VALUES ($1,$2,$3,$4,$5,$6,1)",
            people,
        )
        await connection.executemany(
            "INSERT INTO teams (id, name, version) VALUES ($1, $2, 1)", [(team.id, team.name) for team in TEAMS]
        )

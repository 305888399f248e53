"""A durable PostgreSQL of our own, and a company with many services in it."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from adapters.outbound.postgres.policies import PostgresPolicyRepository
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.users import PostgresUserRepository
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.shared.ids import PolicyId, TeamId, UserId
from entrypoints.embedded.postgres import EmbeddedPostgres
from entrypoints.embedded.valkey import EmbeddedValkey
from entrypoints.migrate import migrate_async
from tests.bench.load import SERVICES

USER, TEAM, POLICY = (UUID(int=number) for number in range(1, 4))
# So many people share the services: what is asked of one at a thousand pages a second is about none of us.
PEOPLE: Final = 100
SECRET_KEY: Final = "measured-and-thrown-away-0123456789"
_TEMPLATE: Final = "seeded"

# Ids in the order of their making, as the product's are. The service's number is its integration's key.
_SERVICES = """
INSERT INTO services (id, team_id, policy_id, name, description, urgency_rule, version)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, ($2::uuid[])[1 + n % cardinality($2)],
  'service ' || n, '', 'by_severity', 1
FROM generate_series(0, $3 - 1) n
"""
_INTEGRATIONS = """
INSERT INTO integrations (id, service_id, team_id, kind, name, key_hash, grouping, is_strict, version)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'pagerduty', 'events ' || n,
  sha256(convert_to(lpad(n::text, 32, '0'), 'UTF8')), 'per_alert', false, 1
FROM generate_series(0, $2 - 1) n
"""
_CONTACT = (
    "INSERT INTO contacts (id, user_id, channel, address, label, verified_at) VALUES ($1, $2, 'email', $3, '', now())"
)


@dataclass(frozen=True, slots=True)
class World:
    postgres: EmbeddedPostgres
    directory: Path
    redis_url: str

    @property
    def postgres_pid(self) -> int:
        return self.postgres.pid

    @property
    def log(self) -> Path:
        """Where processes complain."""
        return self.directory / "processes.log"

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The dsn of a copy of the seeded database."""
        asyncio.run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE}'))
        try:
            yield self.postgres.dsn(name)
        finally:
            asyncio.run(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.postgres.dsn("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def world() -> Iterator[World]:
    """With fsync and synchronous commits, as `tocsin up` starts it."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    directory.chmod(0o711)  # PostgreSQL does not run as root
    postgres = EmbeddedPostgres(directory / "postgres")
    valkey = EmbeddedValkey(directory / "valkey")
    try:
        asyncio.run(postgres.start())
        made = World(postgres, directory, asyncio.run(valkey.start()))
        asyncio.run(made._execute(f"CREATE DATABASE {_TEMPLATE}"))
        asyncio.run(seed(postgres.dsn(_TEMPLATE)))
        yield made
    finally:
        asyncio.run(postgres.stop())
        asyncio.run(valkey.stop())
        shutil.rmtree(directory, ignore_errors=True)


async def seed(dsn: str) -> None:
    await migrate_async(dsn)
    pool = await create_pool(dsn, most=2)
    session = PostgresSession(pool)
    async with session:
        await PostgresTeamRepository(session).save(Team(id=TeamId(TEAM), name="Everyone"))
        policies = [await _policy_of_one(session, number) for number in range(PEOPLE)]
        await session.connection.execute(_SERVICES, TEAM, policies, SERVICES)
        await session.connection.execute(_INTEGRATIONS, TEAM, SERVICES)
    async with pool.acquire() as connection:
        await connection.execute("ANALYZE services, integrations")  # not what is empty: its plans would be for no rows
    await close_pool(pool)


async def _policy_of_one(session: PostgresSession, number: int) -> UUID:
    """A policy that pages one person by e-mail; the first ones are `USER` and `POLICY`."""
    user_id, policy_id = (UUID(int=base.int + (number << 64)) for base in (USER, POLICY))
    address = f"on-call-{number}@example.test"
    user = User(id=UserId(user_id), email=address, name=f"On Call {number}", role=Role.RESPONDER)
    await PostgresUserRepository(session).save(user)
    step = Step(targets=(Target(kind=TargetKind.USER, id=user_id),), delay=timedelta(minutes=30))
    policy = EscalationPolicy(id=PolicyId(policy_id), team_id=TeamId(TEAM), name=f"person {number}", steps=(step,))
    await PostgresPolicyRepository(session).save(policy)
    await session.connection.execute(_CONTACT, UUID(int=4 + (number << 64)), user_id, address)
    return policy_id

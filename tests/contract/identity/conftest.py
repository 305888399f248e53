"""The repositories of identity over memory and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.postgres.session import create_pool
from tests.support.identity import IdentityWorld, NewStore, Store, over_memory, over_postgres


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Makes sessions over one empty storage."""
    made: NewStore = request.getfixturevalue(f"{request.param}_stores")
    return made


@pytest.fixture
def memory_stores() -> NewStore:
    database = MemoryDatabase()
    return lambda: over_memory(MemorySession(database))


@pytest.fixture
async def postgres_stores(clean_database: str) -> AsyncIterator[NewStore]:
    pool = await create_pool(clean_database)
    try:
        yield lambda: over_postgres(pool)
    finally:
        await pool.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


@pytest.fixture
def world(new_store: NewStore) -> IdentityWorld:
    return IdentityWorld(new_store)

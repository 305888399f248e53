from collections.abc import AsyncIterator

import pytest

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.postgres.session import PostgresSession, create_pool
from tests.support.stock import Stock, over_memory, over_postgres


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def stock(request: pytest.FixtureRequest) -> Stock:
    """A stocked storage, in memory and in PostgreSQL."""
    made: Stock = request.getfixturevalue(f"{request.param}_stock")
    return made


@pytest.fixture
async def memory_stock() -> Stock:
    stock = over_memory(MemorySession(MemoryDatabase()))
    await stock.lay_in()
    return stock


@pytest.fixture
async def postgres_stock(clean_database: str) -> AsyncIterator[Stock]:
    pool = await create_pool(clean_database, most=2)
    try:
        stock = over_postgres(PostgresSession(pool))
        await stock.lay_in()
        yield stock
    finally:
        await pool.close()

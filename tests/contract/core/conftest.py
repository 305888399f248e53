"""Storage with a small town in it, in memory and in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from dishka import AsyncContainer

from tests.support.builders import a_town
from tests.support.world import IN_MEMORY, Ports, Storage, over_postgres, ports_container

type OpenSession = Callable[[], Awaitable[Ports]]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        return IN_MEMORY
    return over_postgres(request.getfixturevalue("clean_database"))


@pytest.fixture
async def container(storage: Storage) -> AsyncIterator[AsyncContainer]:
    made = ports_container(storage)
    yield made
    await made.close()


@pytest.fixture
async def open_session(container: AsyncContainer) -> AsyncIterator[OpenSession]:
    """Makes sessions of their own, so that one can come between another's read and write."""
    async with AsyncExitStack() as stack:

        async def open_one() -> Ports:
            return await (await stack.enter_async_context(container())).get(Ports)

        yield open_one


@pytest.fixture
async def ports(open_session: OpenSession) -> Ports:
    made = await open_session()
    await made.settle_in(a_town())
    return made

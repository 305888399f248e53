import pytest

from domain.identity.role import Role
from domain.identity.user import User
from tests.support.identity import PASSWORD, MemoryWorld, a_user


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
async def admin(world: MemoryWorld) -> User:
    return await world.add(a_user(100, role=Role.ADMIN), password=PASSWORD)


@pytest.fixture
async def ada(world: MemoryWorld) -> User:
    """A responder."""
    return await world.add(a_user(1), password=PASSWORD)

import pytest

from tests.unit.config.world import World


@pytest.fixture
def world() -> World:
    return World()

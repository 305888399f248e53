from collections.abc import AsyncIterator

import pytest

from tests.integration.sqs.world import World, open_world
from tests.support.engines import Sqs


@pytest.fixture
async def world(sqs: Sqs, clean_database: str) -> AsyncIterator[World]:
    async with open_world(sqs, clean_database) as opened:
        yield opened


@pytest.fixture
async def fifo_world(sqs: Sqs, clean_database: str) -> AsyncIterator[World]:
    async with open_world(sqs, clean_database, is_fifo=True) as opened:
        yield opened

from collections.abc import AsyncIterator, Iterator
from traceback import print_exception

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.integration.http.world import World, world


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged, oldest first."""
    with capture_logs() as lines:
        yield lines
    for line in lines:
        if "exc_info" in line:
            print_exception(line["exc_info"])  # shown when the test fails


@pytest.fixture
async def api() -> AsyncIterator[World]:
    """The controllers of configuration and identity over the in-memory storage."""
    async with world() as made:
        yield made

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.integration.incidents_http.desk import Desk, desk


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged, oldest first."""
    with capture_logs() as lines:
        yield lines
    faults = [line["exc_info"] for line in lines if "exc_info" in line]
    assert not faults


@pytest.fixture
async def api() -> AsyncIterator[Desk]:
    """The controllers of incidents over the in-memory storage, stocked."""
    async with desk() as made:
        yield made

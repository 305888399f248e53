from collections.abc import Iterator

import pytest

from tests.integration.cli.server import RecordedApi, serving


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with serving() as recorded:
        yield recorded

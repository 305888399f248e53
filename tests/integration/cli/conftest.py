from collections.abc import Callable, Iterator

import pytest

from tests.integration.cli.server import RecordedApi, serving
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with serving() as recorded:
        yield recorded


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")

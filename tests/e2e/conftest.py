import pytest

from tests.support.processes import free_port


@pytest.fixture
def address() -> str:
    """Where a process of this test can listen."""
    return f"127.0.0.1:{free_port()}"

import pytest

from tests.support.laws import Lab


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))

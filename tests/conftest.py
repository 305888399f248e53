"""Fixtures that every folder of tests shares; what they stand on is in `tests/support`."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from entrypoints.time_zones import use_packaged_zones
from tests.support import engines
from tests.support.engines import Sqs
from tests.support.fake_ntfy import FakeNtfy
from tests.support.fake_slack import FakeSlack
from tests.support.fake_twilio import FakeTwilio
from tests.support.fake_webhook import FakeWebhook
from tests.support.smtp import SmtpServer

use_packaged_zones()

# The clock of a busy machine must not decide whether a law holds, so no example has a deadline.
settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=200, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev"))


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # a worker of xdist: the session is its controller's
        return
    session = contextlib.ExitStack()
    session.enter_context(engines.session())
    config.add_cleanup(session.close)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, so that `make test-fast` can leave it out."""
    for item in items:
        if not {"postgres_dsn", "fresh_database", "empty_database"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("postgres")


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this worker, `main` when there is only one."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgres_dsn(worker: str) -> Iterator[str]:
    """This worker's migrated database. Tests that write take `clean_database`."""
    with engines.database(worker) as dsn:
        yield dsn


@pytest.fixture
async def clean_database(postgres_dsn: str) -> str:
    """This worker's migrated database, without a row."""
    await engines.empty_all_tables(postgres_dsn)
    return postgres_dsn


@pytest.fixture
def fresh_database() -> Iterator[str]:
    """A migrated database that nobody else has, for tests that change more than rows."""
    with engines.database() as dsn:
        yield dsn


@pytest.fixture
def empty_database() -> Iterator[str]:
    """A database without any table, for tests of the migrations."""
    with engines.database(migrated=False) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def valkey_url(worker: str) -> str:
    """This worker's database of the session's Valkey. Tests that write take `clean_valkey`."""
    return engines.valkey_database(engines.obtain("valkey")["url"], worker)


@pytest.fixture
async def clean_valkey(valkey_url: str) -> str:
    """This worker's database of the session's Valkey, without a key."""
    async with Redis.from_url(valkey_url) as client:
        await client.flushdb()
    return valkey_url


@pytest.fixture(scope="session")
def sqs() -> Sqs:
    """A server for SQS and SNS, and a way to make queues there."""
    return Sqs(engines.obtain("sqs")["endpoint"])


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A mail server; see `SmtpServer.answer` for how to make it refuse or fall silent."""
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fake_slack() -> Iterator[FakeSlack]:
    """A Slack workspace; see `FakeSlack.script` for how to make it fail, and `press` for its buttons."""
    slack = FakeSlack()
    slack.start()
    yield slack
    slack.stop()


@pytest.fixture
def fake_ntfy() -> Iterator[FakeNtfy]:
    """An ntfy server; see `HttpFake.script` for how to make it fail, and `tap` for its buttons."""
    ntfy = FakeNtfy()
    ntfy.start()
    yield ntfy
    ntfy.stop()


@pytest.fixture
def fake_twilio() -> Iterator[FakeTwilio]:
    """A Twilio account; see `HttpFake.script` for how to make it fail."""
    twilio = FakeTwilio()
    twilio.start()
    yield twilio
    twilio.stop()


@pytest.fixture
def fake_webhook() -> Iterator[FakeWebhook]:
    """Somebody's server that takes signed pages; see `HttpFake.script` for how to make it fail."""
    server = FakeWebhook()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def engine_directory() -> Iterator[Path]:
    """A directory that an embedded engine can use, also when the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-engine-"))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # the engine then runs as someone else
    yield directory
    shutil.rmtree(directory)

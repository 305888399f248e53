"""The one client for SQS of a process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from application.ports.errors import PermanentPortError, TransientPortError

# A long poll holds its connection for the whole wait; the answer may take a moment longer.
READ_SLACK_SECONDS: Final = 10
CONNECT_SECONDS: Final = 5
TRIES: Final = 3

_TOO_MANY_REQUESTS: Final = frozenset({"RequestThrottled", "ThrottlingException", "Throttling", "OverLimit"})
_SERVER_ERROR: Final = 500


class SqsClient(Protocol):
    """The operations that are used, which the AWS SDK makes only at run time. Parameters and answers are SQS's own."""

    async def receive_message(self, **parameters: Any) -> dict[str, Any]: ...
    async def send_message(self, **parameters: Any) -> dict[str, Any]: ...
    async def delete_message(self, **parameters: Any) -> dict[str, Any]: ...
    async def delete_message_batch(self, **parameters: Any) -> dict[str, Any]: ...
    async def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]: ...


class SpillClient(SqsClient, Protocol):
    """And those of the spill."""

    async def send_message_batch(self, **parameters: Any) -> dict[str, Any]: ...
    async def get_queue_attributes(self, **parameters: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsSettings:
    """Where SQS is. What is unset is found as the AWS SDK does: environment, profile, role."""

    region: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    wait_seconds: int = 20  # the longest poll
    pollers: int = 16


@asynccontextmanager
async def open_client(settings: SqsSettings) -> AsyncIterator[SpillClient]:
    """A client for as long as the block runs. It costs a second of work: open one for the process."""
    config = AioConfig(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=settings.wait_seconds + READ_SLACK_SECONDS,
        # While every poller waits, each may also be extending, deleting and setting aside.
        max_pool_connections=2 * settings.pollers + 2,
        retries={"mode": "standard", "total_max_attempts": TRIES},
    )
    async with get_session().create_client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        aws_session_token=settings.session_token,
        config=config,
    ) as client:
        yield client


@contextmanager
def translating() -> Iterator[None]:
    """Raises `TransientPortError` or `PermanentPortError` in place of the driver's exceptions."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
        kind = TransientPortError if status >= _SERVER_ERROR or code in _TOO_MANY_REQUESTS else PermanentPortError
        raise kind(f"SQS refused: {code}") from error
    except (BotoCoreError, OSError) as error:  # a time-out is an OSError too
        raise TransientPortError(f"SQS cannot be reached: {type(error).__name__}") from error

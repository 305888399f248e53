"""Events to SQS queues and SNS topics, in batches. SQS API 2012-11-05, SendMessageBatch; SNS 2010-03-31, PublishBatch.

A FIFO queue or topic keeps the order of each incident (its group), and drops what it took already (by the event).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from adapters import tracing
from adapters.wire.published import body_of, labels_of, trace_of
from application.ports.event_deliveries import LeasedDelivery
from application.ports.event_sender import Answer, EventSender
from domain.subscription.delivery import Verdict

BATCH: Final = 10  # both APIs: entries of one request
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10
_FIFO: Final = ".fifo"

type Entry = dict[str, Any]
type Call = Callable[[Sequence[Entry]], Awaitable[Mapping[str, Any]]]


class AwsClients:
    """A client for each service and region, made when it is first needed and kept; left, all are closed."""

    def __init__(
        self, endpoint_url: str | None = None, *, access_key: str | None = None, secret_key: str | None = None
    ) -> None:
        self._endpoint_url = endpoint_url
        self._access_key = access_key
        self._secret_key = secret_key
        self._clients: dict[tuple[str, str], Any] = {}
        self._queue_urls: dict[str, str] = {}
        self._making = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def of(self, arn: str) -> Any:
        """The client for the service and the region that the ARN names."""
        from aiobotocore.config import AioConfig  # they take a second to import, and most never need them
        from aiobotocore.session import get_session

        _, _, service, region, *_ = arn.split(":")
        async with self._making:
            if (service, region) not in self._clients:
                config = AioConfig(
                    connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}
                )
                made = get_session().create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    aws_access_key_id=self._access_key,
                    aws_secret_access_key=self._secret_key,
                    config=config,
                )
                self._clients[service, region] = await self._stack.enter_async_context(made)
            return self._clients[service, region]

    async def queue_url(self, arn: str) -> str:
        """Of the queue, as SQS says it. Raises what the SDK raises."""
        if arn not in self._queue_urls:
            *_, account, name = arn.split(":")
            client = await self.of(arn)
            answer = await client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._queue_urls[arn] = answer["QueueUrl"]
        return self._queue_urls[arn]


@dataclass(frozen=True, slots=True)
class SqsEventSender(EventSender):
    clients: AwsClients

    @property
    def most(self) -> int:
        return BATCH

    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Answer, ...]:
        async def call(entries: Sequence[Entry]) -> Mapping[str, Any]:
            arn = batch[0].subscription.address
            client = await self.clients.of(arn)
            url = await self.clients.queue_url(arn)
            answer: Mapping[str, Any] = await client.send_message_batch(QueueUrl=url, Entries=list(entries))
            return answer

        return await _sent(call, [_entry(leased, "MessageBody") for leased in batch])


@dataclass(frozen=True, slots=True)
class SnsEventSender(EventSender):
    clients: AwsClients

    @property
    def most(self) -> int:
        return BATCH

    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Answer, ...]:
        async def call(entries: Sequence[Entry]) -> Mapping[str, Any]:
            arn = batch[0].subscription.address
            client = await self.clients.of(arn)
            answer: Mapping[str, Any] = await client.publish_batch(
                TopicArn=arn, PublishBatchRequestEntries=list(entries)
            )
            return answer

        return await _sent(call, [_entry(leased, "Message") for leased in batch])


def _entry(leased: LeasedDelivery, body: str) -> Entry:
    delivery = leased.delivery
    attributes = {
        "tocsin-event-kind": delivery.kind,
        "webhook-id": delivery.message_id,
        **labels_of(leased),
        **tracing.carried(trace_of(leased)),
    }
    entry: Entry = {
        "Id": delivery.id.hex,
        body: body_of(leased).decode(),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }
    if leased.subscription.address.endswith(_FIFO):
        entry["MessageGroupId"] = delivery.lane_id.hex
        # A replay is meant to arrive again; its first sending may be less than the five minutes ago that are kept.
        entry["MessageDeduplicationId"] = f"{delivery.id.hex}-{delivery.replays}"
    return entry


async def _sent(call: Call, entries: Sequence[Entry]) -> tuple[Answer, ...]:
    """What became of each. Together they may be too long; then each goes alone."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = await call(entries)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if len(entries) > 1 and code.rpartition(".")[2] == "BatchRequestTooLong":
            return tuple([(await _sent(call, (entry,)))[0] for entry in entries])
        return (Answer(verdict=Verdict.FAILED, detail=f"AWS refused: {code}"),) * len(entries)
    except (BotoCoreError, OSError) as error:  # a time-out is an OSError too
        detail = f"no answer from AWS: {type(error).__name__}"
        return (Answer(verdict=Verdict.UNKNOWN, detail=detail),) * len(entries)
    refused = {each["Id"]: each.get("Code", "") for each in answer.get("Failed", ())}
    taken = {each["Id"]: each.get("MessageId", "") for each in answer.get("Successful", ())}
    return tuple(_answer(entry["Id"], taken, refused) for entry in entries)


def _answer(entry_id: str, taken: Mapping[str, str], refused: Mapping[str, str]) -> Answer:
    if entry_id in taken:
        return Answer(verdict=Verdict.DELIVERED, detail=f"message {taken[entry_id]}")
    if entry_id in refused:
        return Answer(verdict=Verdict.FAILED, detail=f"AWS refused: {refused[entry_id]}")
    return Answer(verdict=Verdict.UNKNOWN, detail="AWS did not say what became of it")

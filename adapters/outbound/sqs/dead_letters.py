"""The dead-letter queue, by the operations that every SQS has: receive, send, delete.

AWS's own move task gives messages new ids and new ages, which is what pages people for incidents long past.
Here a message keeps both, so that a repeat is recognised and an old trigger set aside.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from adapters.outbound.sqs.client import SqsClient, translating
from application.errors import NotFoundError
from application.ports.dead_letter_queue import (
    MESSAGE_ID_ATTRIBUTE,
    REASON_ATTRIBUTE,
    REDRIVE_LIMIT,
    SENT_AT_ATTRIBUTE,
    DeadLetterQueue,
    QueuedDeadLetter,
    Redrive,
    RedriveFailure,
    with_origin,
)
from application.ports.errors import PortError

BATCH: Final = 10  # SQS developer guide, "message quotas"
# Long enough to see the whole queue once without meeting a message twice.
HELD_SECONDS: Final = 60
# A short poll asks only some of the servers, and may find nothing in a queue that holds messages.
WAIT_SECONDS: Final = 1

type Message = dict[str, Any]
type Messages = list[Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsDeadLetterQueue(DeadLetterQueue):
    client: SqsClient
    queue_url: str
    source_url: str  # where messages go back to

    async def list(self, limit: int) -> tuple[QueuedDeadLetter, ...]:
        async with self._held(min(limit, REDRIVE_LIMIT)) as messages:
            return tuple(_letter(message) for message in messages)

    async def show(self, message_id: str) -> QueuedDeadLetter:
        async with self._held(REDRIVE_LIMIT, until=message_id) as messages:
            for message in messages:
                if message["MessageId"] == message_id:
                    return _letter(message)
        raise NotFoundError("dead letter", message_id)

    async def redrive(self, limit: int, *, dry_run: bool = True) -> Redrive:
        limit = min(limit, REDRIVE_LIMIT)
        if dry_run:
            return Redrive(is_dry_run=True, moved=await self.list(limit))
        moved: list[QueuedDeadLetter] = []
        failed: list[RedriveFailure] = []
        given_back: Messages = []
        blocked: set[str] = set()  # groups that one of their own must not overtake
        try:
            while (room := limit - len(moved) - len(failed)) > 0 and (messages := await self._receive(room)):
                for message in messages:
                    letter = _letter(message)
                    reason = "waits for an earlier message of its group"
                    if letter.group_id is None or letter.group_id not in blocked:
                        reason = await self._move(message)
                    if not reason:
                        moved.append(letter)
                        continue
                    failed.append(RedriveFailure(letter.message_id, reason))
                    given_back.append(message)
                    if self._is_ordered and letter.group_id is not None:
                        blocked.add(letter.group_id)
        finally:
            await self._give_back(given_back)
        return Redrive(is_dry_run=False, moved=tuple(moved), failed=tuple(failed))

    @property
    def _is_ordered(self) -> bool:
        return self.source_url.endswith(".fifo")

    async def _move(self, message: Message) -> str:
        """Why it could not be moved; empty when it was."""
        try:
            with translating():
                await self.client.send_message(**self._sent_again(message))
        except PortError as error:
            return str(error)
        try:
            with translating():
                await self.client.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        except PortError as error:
            return f"it was sent back, but is still here as well: {error}"
        return ""

    def _sent_again(self, message: Message) -> dict[str, Any]:
        own = {name: _value(each) for name, each in _attributes(message).items() if name != REASON_ATTRIBUTE}
        system = message.get("Attributes", {})
        origin = {
            MESSAGE_ID_ATTRIBUTE: {"DataType": "String", "StringValue": message["MessageId"]},
            SENT_AT_ATTRIBUTE: {"DataType": "String", "StringValue": system["SentTimestamp"]},
        }
        parameters: dict[str, Any] = {
            "QueueUrl": self.source_url,
            "MessageBody": message["Body"],
            "MessageAttributes": with_origin(own, origin),
        }
        if self._is_ordered:
            parameters["MessageGroupId"] = system.get("MessageGroupId", message["MessageId"])
            # Its old one would make the queue drop it for five minutes, and answer that all is well.
            parameters["MessageDeduplicationId"] = f"redrive-{message['MessageId']}"
        return parameters

    @asynccontextmanager
    async def _held(self, limit: int, *, until: str = "") -> AsyncIterator[Messages]:
        """Messages to look at, given back when the block ends."""
        held: Messages = []
        try:
            while len(held) < limit and (messages := await self._receive(limit - len(held))):
                held += messages
                if any(message["MessageId"] == until for message in messages):
                    break
            yield held
        finally:
            await self._give_back(held)

    async def _receive(self, room: int) -> Messages:
        with translating():
            answer = await self.client.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(room, BATCH),
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=HELD_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        messages: Messages = answer.get("Messages", [])
        return messages

    async def _give_back(self, messages: Messages) -> None:
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for place, message in enumerate(messages[start : start + BATCH])
            ]
            with translating():
                await self.client.change_message_visibility_batch(QueueUrl=self.queue_url, Entries=entries)


def _letter(message: Message) -> QueuedDeadLetter:
    system = message.get("Attributes", {})
    attributes = {name: each["StringValue"] for name, each in _attributes(message).items() if "StringValue" in each}
    return QueuedDeadLetter(
        message_id=message["MessageId"],
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        body=message["Body"],
        reason=attributes.get(REASON_ATTRIBUTE),
        receives=int(system.get("ApproximateReceiveCount", "0")),
        group_id=system.get("MessageGroupId"),
        attributes=attributes,
    )


def _attributes(message: Message) -> Mapping[str, Mapping[str, Any]]:
    attributes: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes", {})
    return attributes


def _value(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """As it is sent: what is received may name members that a sender must not."""
    return {name: attribute[name] for name in ("DataType", "StringValue", "BinaryValue") if name in attribute}

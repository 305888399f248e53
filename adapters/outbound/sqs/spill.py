"""Events in a FIFO queue while storage is away. SQS API 2012-11-05, SendMessageBatch.

The group of a message is its integration, so whoever drains the queue gets each integration's events in their order;
that of a sign of life is its heartbeat, whose integration is not known while storage is away.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final

from adapters.outbound.sqs.client import SpillClient, translating
from adapters.wire.spilled import encoded, encoded_change, encoded_letter, encoded_ping, encoded_request
from application.alert.routed import ReceivedEvent
from application.ports.alert_requests import ReceivedRequest
from application.ports.errors import PermanentPortError, TransientPortError
from application.ports.heartbeats import ReceivedPing
from application.ports.ids import IdFactory
from application.ports.intake import DeadLetter, ReceivedChange
from application.ports.spill import Spill

BATCH: Final = 10  # entries of one request
# Of a message, so that ten of them are one request: SQS takes 256 KiB together from queues that were made before 2025.
MESSAGE_CHARACTERS: Final = 256 * 1024 // BATCH
# One event may be longer than its part, and is a request of its own then.
REQUEST_CHARACTERS: Final = 256 * 1024 - 1024
# Of a dead letter's body: so many bytes of noise fit, with the reason beside them.
LETTER_BYTES: Final = 128 * 1024
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

type Entry = dict[str, str]


@dataclass(frozen=True, slots=True)
class SqsSpill(Spill):
    client: SpillClient
    queue_url: str
    ids: IdFactory

    async def put(self, batch: Sequence[ReceivedEvent]) -> None:
        await self._put(list(self._entries(batch)))

    async def put_change(self, change: ReceivedChange) -> None:
        await self._put([self._entry(str(change.target.integration.id), _fitting(encoded_change(change)))])

    async def put_request(self, request: ReceivedRequest) -> None:
        await self._put([self._entry(str(request.target.integration.id), _fitting(encoded_request(request)))])

    async def put_ping(self, ping: ReceivedPing) -> None:
        await self._put([self._entry(f"heartbeat-{ping.key_hash.hex()}", _fitting(encoded_ping(ping.cut())))])

    async def put_letter(self, letter: DeadLetter) -> None:
        group = "nobody" if letter.integration_id is None else str(letter.integration_id)
        cut = letter._replace(body=letter.body[:LETTER_BYTES])
        await self._put([self._entry(group, _fitting(encoded_letter(cut)))])

    async def _put(self, entries: Sequence[Entry]) -> None:
        for request in _requests(entries):
            answer = await self._ask(request)
            if failed := answer.get("Failed"):
                raise TransientPortError(f"SQS did not take {len(failed)} messages: {failed[0].get('Code')}")

    async def holds_any(self) -> bool:
        try:
            with translating():
                answer = await self.client.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=list(_COUNTS))
        except PermanentPortError as error:
            raise TransientPortError(str(error)) from error
        return any(int(answer["Attributes"].get(name, "0")) for name in _COUNTS)

    async def _ask(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        numbered = [entry | {"Id": str(place)} for place, entry in enumerate(entries)]
        try:
            with translating():
                return await self.client.send_message_batch(QueueUrl=self.queue_url, Entries=numbered)
        except PermanentPortError as error:  # whatever is wrong with the queue, the sender should come again
            raise TransientPortError(str(error)) from error

    def _entries(self, batch: Sequence[ReceivedEvent]) -> Iterator[Entry]:
        of_integration: dict[str, list[ReceivedEvent]] = defaultdict(list)
        for received in batch:
            of_integration[str(received.target.integration.id)].append(received)
        for group, events in of_integration.items():
            for text in _texts(events):
                yield self._entry(group, text)

    def _entry(self, group: str, text: str) -> Entry:
        # The SDK may send a request twice; what a sender repeats is another message.
        return {"MessageBody": text, "MessageGroupId": group, "MessageDeduplicationId": str(self.ids.new())}


def _texts(events: Sequence[ReceivedEvent]) -> Iterator[str]:
    """As few messages as hold them, in their order. Raises `TransientPortError` for an event that fits into none."""
    text = encoded(events)
    if len(events) == 1 or len(text) <= MESSAGE_CHARACTERS:
        yield _fitting(text)
        return
    for half in batched(events, -(-len(events) // 2)):
        yield from _texts(half)


def _fitting(text: str) -> str:
    """Raises `TransientPortError` for what fits into no message."""
    if len(text) > REQUEST_CHARACTERS:
        raise TransientPortError("an event is too long for the queue")
    return text


def _requests(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    request: list[Entry] = []
    for entry in entries:
        size = sum(len(each["MessageBody"]) for each in request) + len(entry["MessageBody"])
        if request and (len(request) == BATCH or size > REQUEST_CHARACTERS):
            yield request
            request = []
        request.append(entry)
    if request:
        yield request

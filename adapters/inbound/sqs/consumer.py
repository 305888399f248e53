"""Receive, decode, call, delete: in this order, so that whatever breaks in between, the queue delivers again.

A message leaves the queue after the commit of what it says, or after the commit of the dead letter that it became. When
storage is away, or its integration sends more than it may, it stays, and is hidden for longer each time.
Amazon SQS developer guide, "best practices".
"""

import asyncio
import collections
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from prometheus_client import CollectorRegistry, Counter, Histogram

from adapters.inbound.sqs.disposition import delay_seconds, is_bug, is_set_aside, reason_of
from adapters.inbound.sqs.messages import Delivery, dead_letter_of, delivery_of, refused
from application.alert.consume import Outcome, QueuedMessage
from application.errors import RateLimitedError
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.randomness import Randomness

BATCH: Final = 10  # SQS developer guide, "message quotas"
DELETE_TRIES: Final = 3
DELETE_PAUSE_SECONDS: Final = 0.2
MOST_PAUSE_SECONDS: Final = 30.0
# The visibility is extended when this part of it has passed, so two extensions may be lost.
EXTENDED_AFTER: Final = 1 / 3
# The dead-letter queue will never take such a message: it is too long with its reason, or has what SQS no longer takes.
_NEVER_TAKEN: Final = frozenset({"InvalidMessageContents", "InvalidParameterValue", "BatchRequestTooLong"})
_WENT_WELL: Final = frozenset({Outcome.HANDLED, Outcome.REPEATED})
_FAULTS: Final = (ClientError, BotoCoreError, OSError)  # a time-out is an OSError too

type Read = Callable[[Delivery], Awaitable[QueuedMessage]]
type Consume = Callable[[Sequence[QueuedMessage]], Awaitable[Sequence[Outcome]]]
_log = structlog.get_logger()


class QueueClient(Protocol):
    """The operations of SQS that are used; parameters and answers are its own."""

    async def receive_message(self, **parameters: Any) -> dict[str, Any]: ...
    async def send_message(self, **parameters: Any) -> dict[str, Any]: ...
    async def delete_message_batch(self, **parameters: Any) -> dict[str, Any]: ...
    async def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    queue_url: str
    dead_letter_queue_url: str | None = None  # None: what is set aside is in the database alone
    pollers: int = 16  # each works on one batch at a time
    wait_seconds: int = 20
    visibility_seconds: int = 60
    most_receives: int = 8  # some minutes of tries: of a message at which we fail without knowing why
    retry_base_seconds: float = 2.0
    # So long a poll may go on once the consumer is asked to stop. What a poll that is cut off then had just received
    # is hidden until its visibility ends.
    stop_patience_seconds: float = 5.0

    def __post_init__(self) -> None:
        assert self.pollers >= 1
        assert 1 <= self.wait_seconds <= 20
        assert 1 <= self.visibility_seconds <= 43_200


async def _is_taken_to_be() -> bool:
    return True


class ConsumerMetrics:
    def __init__(self, registry: CollectorRegistry, *, queue: str = "sqs") -> None:
        self.received = Counter(f"tocsin_{queue}_received", "Messages received, repeats included", registry=registry)
        self.handled = Counter(f"tocsin_{queue}_handled", "Messages handled for the first time", registry=registry)
        self.repeated = Counter(f"tocsin_{queue}_repeated", "Messages that had been handled before", registry=registry)
        self.poison = Counter(f"tocsin_{queue}_poison", "Messages set aside for people", registry=registry)
        self.failed = Counter(f"tocsin_{queue}_failed", "Messages left to be delivered again", registry=registry)
        self.throttled = Counter(
            f"tocsin_{queue}_throttled",
            "Of those, messages left because their integration sends too much",
            registry=registry,
        )
        self.receive_errors = Counter(f"tocsin_{queue}_receive_errors", "Polls without an answer", registry=registry)
        self.age = Histogram(
            f"tocsin_{queue}_message_age_seconds",
            "From being sent to being committed",
            registry=registry,
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
        )
        self._of: Final[Mapping[Outcome | None, Counter]] = {
            None: self.failed,
            Outcome.HANDLED: self.handled,
            Outcome.REPEATED: self.repeated,
            Outcome.SET_ASIDE: self.poison,
        }

    def count(self, outcomes: Mapping[Outcome | None, int]) -> None:
        """What became of so many deliveries. None: they are left to be delivered again."""
        for outcome, count in outcomes.items():
            self._of[outcome].inc(count)


class _Settled(NamedTuple):
    """What became of a delivery. No outcome: it is left to be delivered again, for the reason given."""

    delivery: Delivery
    outcome: Outcome | None
    reason: str | None = None
    not_before: timedelta = timedelta()  # no try before then could end otherwise


@dataclass(slots=True, kw_only=True)
class SqsConsumer:
    """`run` works until `stop`. Several consumers, in one process or in many, may share a queue."""

    client: QueueClient
    settings: ConsumerSettings
    read: Read
    consume: Consume  # commits before it returns
    clock: Clock
    randomness: Randomness
    metrics: ConsumerMetrics
    # Asked before each poll: what is received while storage is away only counts as a try, and is hidden for longer.
    is_storage_there: Callable[[], Awaitable[bool]] = field(default=_is_taken_to_be)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Returns when every poller has finished the batch it had in hand."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.settings.pollers):
                group.create_task(self._poll())

    def stop(self) -> None:
        self._stopping.set()

    async def _poll(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            if not await self.is_storage_there():
                await self._pause(1)
                continue
            try:
                deliveries = await self._receive()
            except _FAULTS as error:
                failures += 1
                self.metrics.receive_errors.inc()
                _log.warning("sqs_receive_failed", error=_code(error), failures=failures)
            else:
                if self._stopping.is_set():
                    await self._change_visibility(deliveries, [0] * len(deliveries))
                    return
                is_away = bool(deliveries) and await self._work(deliveries)
                failures = failures + 1 if is_away else 0
            if failures:  # deliveries that fail are counted by the queue, so do not collect them
                await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        longest = min(self.settings.retry_base_seconds * 2 ** min(failures - 1, 10), MOST_PAUSE_SECONDS)
        try:
            async with asyncio.timeout(longest * (1 + self.randomness.fraction()) / 2):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _receive(self) -> list[Delivery]:
        poll = asyncio.ensure_future(
            self.client.receive_message(
                QueueUrl=self.settings.queue_url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=self.settings.wait_seconds,
                VisibilityTimeout=self.settings.visibility_seconds,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        asked = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({poll, asked}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({poll}, timeout=self.settings.stop_patience_seconds)
            answer = poll.result() if poll.done() else {}
        finally:
            poll.cancel()
            asked.cancel()
            await asyncio.gather(poll, asked, return_exceptions=True)
        deliveries = [delivery_of(received) for received in answer.get("Messages", ())]
        self.metrics.received.inc(len(deliveries))
        if not self._is_ordered:
            # A standard queue keeps no order; within a batch it can be had back.
            deliveries.sort(key=lambda delivery: delivery.sent_at)
        return deliveries

    @property
    def _is_ordered(self) -> bool:
        return self.settings.queue_url.endswith(".fifo")

    async def _work(self, deliveries: Sequence[Delivery]) -> bool:
        """Settle a batch. Whether storage was away."""
        started = perf_counter()
        async with self._held(deliveries):
            batch = _Batch(self, deliveries)
            settled = [await self._set_aside(each) for each in await batch.settle()]
        await self._delete([each.delivery for each in settled if each.outcome is not None])
        await self._leave([each for each in settled if each.outcome is None])
        if settled:
            self._record(settled, timedelta(seconds=perf_counter() - started))
        return batch.is_storage_away

    @asynccontextmanager
    async def _held(self, deliveries: Sequence[Delivery]) -> AsyncIterator[None]:
        """Nobody else receives them while the block runs."""
        extending = asyncio.create_task(self._extend(deliveries))
        try:
            yield
        finally:
            extending.cancel()
            await asyncio.gather(extending, return_exceptions=True)

    async def _extend(self, deliveries: Sequence[Delivery]) -> None:
        while True:
            await asyncio.sleep(self.settings.visibility_seconds * EXTENDED_AFTER)
            await self._change_visibility(deliveries, [self.settings.visibility_seconds] * len(deliveries))

    async def _set_aside(self, settled: _Settled) -> _Settled:
        """The dead letter is committed by now. Its copy goes to the queue for such, or the message is left."""
        url = self.settings.dead_letter_queue_url
        if settled.outcome is not Outcome.SET_ASIDE or url is None:
            return settled
        reason = settled.reason or ""
        try:
            await self.client.send_message(**dead_letter_of(settled.delivery, reason, queue_url=url))
        except _FAULTS as error:
            _log.warning("sqs_dead_letter_not_sent", message_id=settled.delivery.message_id, error=_code(error))
            if _code(error) not in _NEVER_TAKEN:
                return settled._replace(outcome=None)
        return settled

    async def _delete(self, deliveries: Sequence[Delivery]) -> None:
        """What cannot be deleted is delivered again, and recognised."""
        left = {str(place): delivery for place, delivery in enumerate(deliveries)}
        for attempt in range(DELETE_TRIES):
            if not left:
                return
            if attempt:
                await asyncio.sleep(DELETE_PAUSE_SECONDS * 2**attempt)
            entries = [{"Id": name, "ReceiptHandle": each.receipt_handle} for name, each in left.items()]
            try:
                answer = await self.client.delete_message_batch(QueueUrl=self.settings.queue_url, Entries=entries)
            except _FAULTS as error:
                _log.warning("sqs_delete_failed", messages=len(left), error=_code(error))
                continue
            failed = answer.get("Failed", ())
            for each in failed:
                _log.warning("sqs_delete_failed", message_id=left[each["Id"]].message_id, error=each["Code"])
            again = {each["Id"] for each in failed if not each["SenderFault"]}
            left = {name: each for name, each in left.items() if name in again}

    async def _leave(self, left: Sequence[_Settled]) -> None:
        """Hide what failed for a while; members of a group for the same while, so that they stay in order."""
        delays: dict[str, int] = {}
        for each in left:
            delay = delay_seconds(
                each.delivery.receives,
                base_seconds=self.settings.retry_base_seconds,
                fraction=self.randomness.fraction(),
                not_before=each.not_before,
            )
            name = _group_of(each.delivery)
            delays[name] = max(delay, delays.get(name, 0))
        deliveries = [each.delivery for each in left]
        await self._change_visibility(deliveries, [delays[_group_of(each)] for each in deliveries])

    async def _change_visibility(self, deliveries: Sequence[Delivery], seconds: Iterable[int]) -> None:
        """As far as it can be done: what cannot be extended may be delivered twice, which does no harm."""
        entries = [
            {"Id": str(place), "ReceiptHandle": delivery.receipt_handle, "VisibilityTimeout": hidden_for}
            for place, (delivery, hidden_for) in enumerate(zip(deliveries, seconds, strict=True))
        ]
        if not entries:
            return
        try:
            answer = await self.client.change_message_visibility_batch(
                QueueUrl=self.settings.queue_url, Entries=entries
            )
        except _FAULTS as error:
            _log.warning("sqs_visibility_not_changed", messages=len(entries), error=_code(error))
            return
        for each in answer.get("Failed", ()):
            message_id = deliveries[int(each["Id"])].message_id
            _log.warning("sqs_visibility_not_changed", message_id=message_id, error=each["Code"])

    def _record(self, settled: Sequence[_Settled], duration: timedelta) -> None:
        """Count a batch, and say what became of it: one line for all, and one for each that may need a person.

        At thousands a second a line for each that went well would be a fifth of its cost; `debug` has those too.
        """
        now = self.clock.now()
        ages = [max(0.0, (now - each.delivery.sent_at).total_seconds()) for each in settled]
        counts = collections.Counter(each.outcome for each in settled)
        self.metrics.count(counts)
        for each, age_seconds in zip(settled, ages, strict=True):
            if each.outcome is Outcome.HANDLED:
                self.metrics.age.observe(age_seconds)
        _log.info(
            "sqs_batch",
            **{outcome or "failed": count for outcome, count in counts.items()},
            oldest_seconds=round(max(ages, default=0.0), 3),
            duration_ms=_milliseconds(duration),
        )
        shows_all = _log.is_enabled_for(logging.DEBUG)
        for each, age_seconds in zip(settled, ages, strict=True):
            if shows_all or each.outcome not in _WENT_WELL:
                _say(each, age_seconds, duration)


@dataclass(slots=True)
class _Batch:
    """The deliveries of one receive. One of them must not hold back its neighbours, except those of its FIFO group."""

    consumer: SqsConsumer
    deliveries: Sequence[Delivery]
    is_storage_away: bool = False
    _settled: dict[int, _Settled] = field(default_factory=dict)
    _blocked: set[str] = field(default_factory=set)

    async def settle(self) -> list[_Settled]:
        """What became of each, in their order."""
        read = [(place, message) for place in range(len(self.deliveries)) if (message := await self._read(place))]
        try:
            outcomes = await self.consumer.consume([message for _, message in read]) if read else ()
        except TransientPortError as error:
            self.is_storage_away = True
            for place, _ in read:
                self._fail(place, str(error))
        except Exception as error:  # noqa: BLE001  # whoever is at fault is found by taking each alone
            _log.warning("sqs_batch_failed", messages=len(read), error=type(error).__name__)
            for place, message in read:
                await self._consume_alone(place, message)
        else:
            for (place, message), outcome in zip(read, outcomes, strict=True):
                self._succeed(place, outcome, message.refusal)
        return [self._settled[place] for place in range(len(self.deliveries))]

    async def _read(self, place: int) -> QueuedMessage | None:
        """None: it has failed and is left."""
        if self._must_wait(place):
            return None
        delivery = self.deliveries[place]
        try:
            return await self.consumer.read(delivery)
        except Exception as error:  # noqa: BLE001  # one message's fault must not cost its neighbours theirs
            with _known(delivery):
                return self._given_up(place, error)

    async def _consume_alone(self, place: int, message: QueuedMessage) -> None:
        if self._must_wait(place):
            return
        with _known(self.deliveries[place]):
            try:
                (outcome,) = await self.consumer.consume([message])
            except Exception as error:  # noqa: BLE001  # as above
                given_up = self._given_up(place, error, message)
                if given_up is not None and not message.is_to_be_handled:  # it was no more than a dead letter already
                    self._fail(place, f"could not be set aside: {reason_of(error)}")
                elif given_up is not None:
                    await self._consume_alone(place, given_up)
                return
        self._succeed(place, outcome, message.refusal)

    def _must_wait(self, place: int) -> bool:
        if self.is_storage_away:
            self._fail(place, "storage is away")
            return True
        if _group_of(self.deliveries[place]) in self._blocked:
            self._fail(place, "waits for an earlier message of its group")
            return True
        return False

    def _given_up(self, place: int, error: Exception, message: QueuedMessage | None = None) -> QueuedMessage | None:
        """The message as a dead letter, or None when it is to be tried again."""
        delivery = self.deliveries[place]
        self.is_storage_away |= isinstance(error, TransientPortError)
        reason = reason_of(error)
        if is_bug(error):
            _log.exception("sqs_message_failed", error=type(error).__name__)
        if not is_set_aside(error, receives=delivery.receives, most_receives=self.consumer.settings.most_receives):
            if isinstance(error, RateLimitedError):
                self.consumer.metrics.throttled.inc()
                self._fail(place, reason, not_before=error.retry_after)
            else:
                self._fail(place, reason)
            return None
        return refused(delivery, reason, target=None if message is None else message.target)

    def _fail(self, place: int, reason: str, *, not_before: timedelta = timedelta()) -> None:
        delivery = self.deliveries[place]
        self._settled[place] = _Settled(delivery, None, reason, not_before)
        if self.consumer._is_ordered:  # noqa: SLF001  # of one piece with it
            self._blocked.add(_group_of(delivery))

    def _succeed(self, place: int, outcome: Outcome, reason: str | None) -> None:
        self._settled[place] = _Settled(self.deliveries[place], outcome, reason)


def _group_of(delivery: Delivery) -> str:
    return f"group/{delivery.group_id}" if delivery.group_id is not None else f"message/{delivery.message_id}"


def _say(settled: _Settled, age_seconds: float, duration: timedelta) -> None:
    write = _log.debug if settled.outcome in _WENT_WELL else _log.info
    with _known(settled.delivery):
        write(
            "sqs_message",
            outcome=settled.outcome or "failed",
            reason=settled.reason,
            receives=settled.delivery.receives,
            age_seconds=round(age_seconds, 3),
            duration_ms=_milliseconds(duration),
        )


def _milliseconds(duration: timedelta) -> float:
    return round(duration / timedelta(milliseconds=1), 3)


def _known(delivery: Delivery) -> AbstractContextManager[None]:
    """Log lines in this block say which message they are about, and which trace it belongs to."""
    trace = {} if delivery.trace_id is None else {"trace_id": delivery.trace_id}
    return structlog.contextvars.bound_contextvars(message_id=delivery.message_id, **trace)


def _code(error: BaseException) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", type(error).__name__))
    return type(error).__name__

"""Messages of a queue, which delivers them at least once: each is handled in one transaction with the mark that it was.

A message that cannot be acted on is marked under another name than one that was handled. So it can be sent again once
whatever was wrong, such as a missing integration, has been mended, and is not taken for a repeat of its failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import batched
from uuid import UUID

from application.alert.handle_request import HandleAlertRequest
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent, received_in
from application.alert.set_aside import dead_letter
from application.anew import anew
from application.heartbeat.ping import PingHeartbeat
from application.ports.alert_requests import ReceivedRequest
from application.ports.clock import Clock
from application.ports.heartbeats import ReceivedPing
from application.ports.ids import IdFactory
from application.ports.inbox import Inbox
from application.ports.intake import DeadLetter, IntakeStore, IntakeTarget, RawEvent, ReceivedChange
from application.ports.transaction import Transaction
from domain.alert.alert_event import AlertEvent
from domain.shared.limits import INGEST_BATCH

CONSUMER = "sqs"
# The protocol of a raw body from a queue is found as it was the first time: by looking at it.
RAW_FORMAT = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """One message and what it says. With a `refusal`, that part of it which `events` leaves out is set aside."""

    message_key: str  # the same for every delivery of one message
    body: bytes  # less the secret in it
    target: IntakeTarget | None  # None: nobody's, so there are no events either
    events: tuple[AlertEvent, ...] = ()
    # For each event the body that begins with it, to be kept under a new id; None: `body` is the one of all of them.
    raw_events: tuple[RawEvent | None, ...] | None = None
    refusal: str | None = None
    trace: str | None = None  # that the message came with
    headers: Mapping[str, str] = field(default_factory=dict)  # by which it is read
    # What was taken over HTTP while storage was away, and is no event.
    change: ReceivedChange | None = None
    letter: DeadLetter | None = None
    request: ReceivedRequest | None = None  # with a refusal, that it was refused is what comes of it
    ping: ReceivedPing | None = None

    @property
    def traces(self) -> tuple[str | None, ...]:
        """Its own, or those of the bodies that it tells of."""
        asked = () if self.request is None else (self.request.raw.trace,)
        return (self.trace, *asked, *(raw.trace for raw in self.raw_events or () if raw is not None))

    @property
    def is_to_be_handled(self) -> bool:
        return bool(self.events) or self.request is not None or self.refusal is None

    @property
    def handled_key(self) -> str:
        return f"{self._owner}/{self.message_key}"

    @property
    def set_aside_key(self) -> str:
        return f"{self._owner}/set-aside/{self.message_key}"

    @property
    def _owner(self) -> str:
        # A sender names its own messages, and must not be able to make another's look like repeats.
        return "-" if self.target is None else str(self.target.integration.id)


class Outcome(StrEnum):
    HANDLED = "handled"
    REPEATED = "repeated"  # by an earlier delivery
    SET_ASIDE = "set_aside"  # kept for people, by this delivery or by an earlier one


@dataclass(frozen=True, slots=True)
class ConsumeMessages:
    """Does what new messages say, and nothing for repeats. When it returns, all of it is committed."""

    inbox: Inbox
    intake: IntakeStore
    ingest: IngestEvents
    handle_request: HandleAlertRequest
    ping: PingHeartbeat
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, messages: Sequence[QueuedMessage]) -> tuple[Outcome, ...]:
        """What became of each, in their order.

        Raises `TransientPortError` when storage is away: nothing of the batch is stored then.
        """
        return await anew(self.transaction, lambda: self._handle(messages))

    async def _handle(self, messages: Sequence[QueuedMessage]) -> tuple[Outcome, ...]:
        at = self.clock.now()
        handled_keys = [message.handled_key if message.is_to_be_handled else None for message in messages]
        new = set(await self.inbox.take(CONSUMER, _keys(messages, handled_keys), at=at))
        outcomes, received, letters = [], list[ReceivedEvent](), list[DeadLetter]()
        changes: list[ReceivedChange] = []
        for message, handled_key in zip(messages, handled_keys, strict=True):
            outcome = Outcome.REPEATED
            if handled_key in new:
                new.remove(handled_key)  # a batch may hold a message twice
                received += self._received(message, at)
                if message.request is not None or message.ping is not None:
                    await self._ingest(received)  # what came before it is done before it
                    received = []
                    await self._do(message)
                changes += () if message.change is None else (message.change,)
                letters += () if message.letter is None else (message.letter,)
                outcome = Outcome.HANDLED
            if message.refusal is not None:
                if message.set_aside_key in new:
                    new.remove(message.set_aside_key)
                    letters.append(self._letter(message, message.refusal, at))
                outcome = Outcome.SET_ASIDE
            outcomes.append(outcome)
        await self._ingest(received)
        if changes:
            await self.intake.record_changes(changes)
        if letters:
            await self.intake.set_aside(letters)
        return tuple(outcomes)

    async def _ingest(self, received: Sequence[ReceivedEvent]) -> None:
        for batch in batched(received, INGEST_BATCH):
            await self.ingest.apply(batch)

    async def _do(self, message: QueuedMessage) -> None:
        if message.request is not None:
            await self.handle_request.apply(message.request, refusal=message.refusal)
        if message.ping is not None:
            await self.ping.apply(message.ping)

    def _received(self, message: QueuedMessage, at: datetime) -> list[ReceivedEvent]:
        if message.target is None:
            return []
        if message.raw_events is not None:
            return self._received_before(message, message.target, message.raw_events)
        raw = RawEvent(
            id=self.ids.new(),
            integration_id=message.target.integration.id,
            received_at=at,
            format=RAW_FORMAT,
            body=message.body,
            trace=message.trace,
            headers=message.headers,
        )
        return received_in(raw, message.events, message.target)

    def _received_before(
        self, message: QueuedMessage, target: IntakeTarget, raw_events: Sequence[RawEvent | None]
    ) -> list[ReceivedEvent]:
        """Each in the last body that began, as far as nothing is left out with which another may have."""
        received = []
        raw_id: UUID | None = None
        trace: str | None = None
        for event, begun in zip(message.events, raw_events, strict=True):
            # New ids: a commit whose answer was lost may have stored the old ones.
            raw = None if begun is None else replace(begun, id=self.ids.new())
            if raw is not None:
                raw_id, trace = raw.id, raw.trace
            elif message.refusal is not None:
                raw_id = trace = None
            received.append(ReceivedEvent(target, event, raw, raw_id, trace))
        return received

    def _letter(self, message: QueuedMessage, reason: str, at: datetime) -> DeadLetter:
        integration_id = None if message.target is None else message.target.integration.id
        return dead_letter(
            self.ids.new(),
            message.body,
            reason=reason,
            source=CONSUMER,
            integration_id=integration_id,
            at=at,
            headers=message.headers,
        )


def _keys(messages: Sequence[QueuedMessage], handled_keys: Iterable[str | None]) -> frozenset[str]:
    handled = {key for key in handled_keys if key is not None}
    return frozenset(handled | {message.set_aside_key for message in messages if message.refusal is not None})

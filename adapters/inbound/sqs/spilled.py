"""What was taken while storage was away: what each message of the spill says, as it is looked at now."""

from dataclasses import dataclass
from datetime import timedelta

from adapters.inbound.intake.targets import LookUpMany
from adapters.inbound.sqs.messages import OLDEST_TRIGGER, Delivery, is_done_at_any_age, too_old
from adapters.wire.spilled import UnreadableSpillError, decoded
from application.alert.consume import QueuedMessage
from application.ports.alert_requests import ReceivedRequest
from application.ports.clock import Clock
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import ReceivedChange
from domain.heartbeat.heartbeat import PingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SpillReader:
    """Reads deliveries of a spill. Their keys were good as far as anybody remembered; storage has the last word."""

    look_up: LookUpMany
    clock: Clock
    oldest_trigger: timedelta = OLDEST_TRIGGER

    async def __call__(self, delivery: Delivery) -> QueuedMessage:
        """What it says, or why it says nothing to act on. Raises `TransientPortError`."""
        body = delivery.envelope.body
        try:
            spilled = decoded(body)
        except UnreadableSpillError as error:
            return QueuedMessage(message_key=delivery.key, body=body, target=None, refusal=str(error))
        if (letter := spilled.dead_letter) is not None:
            return QueuedMessage(message_key=delivery.key, body=letter.body, target=None, letter=letter)
        if spilled.ping is not None:
            return self._ping(delivery, spilled.ping)
        raw_events = spilled.raw_events()
        first = spilled.first_body
        target = (await self.look_up([spilled.key_hash])).get(spilled.key_hash)
        if target is None:
            reason = "the key of its integration is not good any more"
            return QueuedMessage(message_key=delivery.key, body=first, target=None, refusal=reason)
        if spilled.change is not None:  # what was changed is worth knowing at any age
            change = ReceivedChange(spilled.change.id, target, spilled.change.change, spilled.change.received_at)
            return QueuedMessage(message_key=delivery.key, body=first, target=target, change=change)
        if (request := spilled.request_to(target)) is not None:
            return self._request(delivery, request)
        is_late = self._is_late(delivery)
        kept = [
            (event, raw)
            for event, raw in zip(spilled.events, raw_events, strict=True)
            if not is_late or is_done_at_any_age(event)
        ]
        return QueuedMessage(
            message_key=delivery.key,
            body=first,
            target=target,
            events=tuple(event for event, _ in kept),
            raw_events=tuple(raw for _, raw in kept),
            refusal=None if len(kept) == len(spilled.events) else too_old(delivery, self.oldest_trigger),
        )

    def _request(self, delivery: Delivery, request: ReceivedRequest) -> QueuedMessage:
        is_too_late = request.order.event is not None and self._is_late(delivery)
        return QueuedMessage(
            message_key=delivery.key,
            body=request.raw.body,
            target=request.target,
            request=request,
            refusal=too_old(delivery, self.oldest_trigger) if is_too_late else None,
        )

    def _ping(self, delivery: Delivery, ping: ReceivedPing) -> QueuedMessage:
        """Storage knows whether it is anybody's. That a run failed is not news for ever."""
        is_too_late = ping.kind is PingKind.FAIL and self._is_late(delivery)
        return QueuedMessage(
            message_key=delivery.key,
            body=ping.output.encode(),
            target=None,
            ping=None if is_too_late else ping,
            refusal=too_old(delivery, self.oldest_trigger) if is_too_late else None,
        )

    def _is_late(self, delivery: Delivery) -> bool:
        return self.clock.now() - delivery.sent_at > self.oldest_trigger

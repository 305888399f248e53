"""What was taken while storage was away: what each message of the spill says, as it is looked at now."""

from dataclasses import dataclass
from datetime import timedelta

from adapters.inbound.intake.targets import LookUpMany
from adapters.inbound.sqs.messages import OLDEST_TRIGGER, Delivery, is_done_at_any_age, too_old
from adapters.wire.spilled import UnreadableSpillError, decoded
from application.alert.consume import QueuedMessage
from application.ports.clock import Clock
from application.ports.intake import ReceivedChange


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
        if spilled.letter is not None:
            letter = spilled.letter
            return QueuedMessage(message_key=delivery.key, body=letter.body, target=None, letter=letter)
        raw_events = spilled.raw_events()
        first = next((raw.body for raw in raw_events if raw is not None), b"")
        target = (await self.look_up([spilled.key_hash])).get(spilled.key_hash)
        if target is None:
            reason = "the key of its integration is not good any more"
            return QueuedMessage(message_key=delivery.key, body=first, target=None, refusal=reason)
        if spilled.change is not None:  # what was changed is worth knowing at any age
            change = ReceivedChange(spilled.change.id, target, spilled.change.change, spilled.change.received_at)
            return QueuedMessage(message_key=delivery.key, body=first, target=target, change=change)
        is_late = self.clock.now() - delivery.sent_at > self.oldest_trigger
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

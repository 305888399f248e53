from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from application.ports.clock import Clock
from application.ports.event_deliveries import EventDeliveries, LeasedDelivery
from application.ports.event_sender import EventSenders
from domain.subscription.delivery import Attempt

# So long a lease is taken at its word. A courier that was held up asks once more before it repeats what another sent.
FRESH: Final = timedelta(seconds=5)


class Sent(NamedTuple):
    leased: LeasedDelivery
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class SendEvents:
    """Hands leased deliveries of one subscription to its receiver. No transaction is open, and nothing is stored."""

    deliveries: EventDeliveries
    senders: EventSenders
    clock: Clock

    async def __call__(self, batch: Sequence[LeasedDelivery]) -> tuple[Sent, ...]:
        """How it ended for each that is still this courier's."""
        started_at = self.clock.now()
        held = [each for each in batch if await self._is_held(each, started_at)]
        if not held:
            return ()
        answers = await self.senders.of(held[0].subscription.kind).send(held)
        finished_at = self.clock.now()
        return tuple(
            Sent(each, Attempt(started_at, finished_at, answer.verdict, answer.detail, answer.retry_after))
            for each, answer in zip(held, answers, strict=True)
        )

    async def _is_held(self, leased: LeasedDelivery, at: datetime) -> bool:
        return at <= leased.leased_at + FRESH or await self.deliveries.is_held(leased.lease)

"""One event on its way to one subscription, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self
from uuid import UUID

from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import EventDeliveryId, IncidentId, SubscriptionId
from domain.subscription.retry import next_attempt, pause

ATTEMPTS_KEPT: Final = 20  # more than a day of retries holds; of a delivery that is replayed again and again the last


class DeliveryStatus(StrEnum):
    PENDING = "pending"  # waits for its turn, for an earlier event of its incident, or for another try
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


class Verdict(StrEnum):
    """How an attempt ended, as far as the sender can tell."""

    DELIVERED = "delivered"
    FAILED = "failed"  # the receiver surely did not take it
    UNKNOWN = "unknown"  # no answer came: it may have arrived
    GONE = "gone"  # the receiver says that it wants no more, ever


class Attempt(NamedTuple):
    started_at: datetime
    finished_at: datetime
    verdict: Verdict
    detail: str  # what the receiver said, for people; never a secret
    retry_after: timedelta | None = None  # the receiver's wish, also when it took the event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDelivery:
    """`sequence` and `transaction` are the event's place in the log, and so in its lane."""

    id: EventDeliveryId  # also what the receiver tells repeats by
    subscription_id: SubscriptionId
    transaction: int
    sequence: int
    kind: str
    event_at: datetime
    incident_id: IncidentId | None  # None: a test
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0  # since it was made or replayed
    first_attempted_at: datetime | None = None
    may_be_repeat: bool = False
    replays: int = 0
    settled_at: datetime | None = None
    log: tuple[Attempt, ...] = ()  # the last ones, oldest first

    @property
    def message_id(self) -> str:
        """The same for every attempt. Standard Webhooks allows no dot in it."""
        return f"msg_{self.id.hex}"

    @property
    def lane_id(self) -> UUID:
        """What keeps its order: the incident; for a test the subscription itself."""
        return self.incident_id or self.subscription_id

    def lease(self, *, at: datetime, was_lost: bool) -> Self:
        """Begin an attempt. When the one before was never settled, what is sent may be a repeat."""
        return replace(
            self,
            attempts=self.attempts + 1,
            first_attempted_at=self.first_attempted_at or at,
            may_be_repeat=self.may_be_repeat or was_lost,
        )

    def settle(self, attempt: Attempt, *, jitter: float) -> tuple[Self, datetime | None]:
        """What an attempt makes of it, and when to try again; None: its lane goes on to the next event."""
        assert self.first_attempted_at is not None, "what is settled was leased"
        log = (*self.log, attempt)[-ATTEMPTS_KEPT:]
        at = attempt.finished_at
        if attempt.verdict is Verdict.DELIVERED:
            return replace(self, status=DeliveryStatus.DELIVERED, settled_at=at, log=log), None
        again_at = next_attempt(
            attempts=self.attempts,
            first_at=self.first_attempted_at,
            at=at,
            jitter=jitter,
            retry_after=pause(attempt.retry_after),
        )
        if again_at is None:
            return replace(self, status=DeliveryStatus.FAILED, settled_at=at, log=log), None
        may_be_repeat = self.may_be_repeat or attempt.verdict is Verdict.UNKNOWN
        return replace(self, may_be_repeat=may_be_repeat, log=log), again_at

    def replay(self) -> Self:
        """Send it once more, under the id that it had.

        Raises:
            IllegalTransitionError: it is still under way.
        """
        if self.status is DeliveryStatus.PENDING:
            raise IllegalTransitionError("delivery", self.status, "replayed")
        return replace(
            self,
            status=DeliveryStatus.PENDING,
            attempts=0,
            first_attempted_at=None,
            settled_at=None,
            may_be_repeat=True,
            replays=self.replays + 1,
        )

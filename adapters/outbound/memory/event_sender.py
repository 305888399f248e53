from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from application.ports.event_deliveries import LeasedDelivery
from application.ports.event_sender import Answer, EventSender, EventSenders
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import SubscriptionKind


@dataclass(slots=True)
class MemoryEventSender(EventSender):
    """Takes every event, or answers as it is told, and writes down what arrived."""

    script: deque[Answer] = field(default_factory=deque)  # the next answers; whatever arrives after them is taken
    arrived: list[LeasedDelivery] = field(default_factory=list)

    @property
    def most(self) -> int:
        return 10

    async def send(self, batch: Sequence[LeasedDelivery]) -> tuple[Answer, ...]:
        answers = []
        for leased in batch:
            answer = self.script.popleft() if self.script else Answer(verdict=Verdict.DELIVERED, detail="taken")
            if answer.verdict in {Verdict.DELIVERED, Verdict.UNKNOWN}:  # without an answer, and yet it arrived
                self.arrived.append(leased)
            answers.append(answer)
        return tuple(answers)


@dataclass(slots=True)
class MemoryEventSenders(EventSenders):
    """One receiver for all kinds."""

    receiver: MemoryEventSender = field(default_factory=MemoryEventSender, init=False)

    def of(self, kind: SubscriptionKind) -> EventSender:
        return self.receiver

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.escalation.condition import SkipReason
from domain.escalation.policy import WhenExhausted
from domain.shared.event import DomainEvent
from domain.shared.ids import DestinationId, IncidentId, RunId, UserId
from domain.shared.quickly_built import quickly_built


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationEvent(DomainEvent):
    incident_id: IncidentId
    run_id: RunId


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStepReached(EscalationEvent):
    """A step's turn came. `responders` are those its targets meant at that instant; nobody is a fact worth seeing."""

    kind: ClassVar[str] = "escalation.step_reached"
    round: int  # counted from 0
    step: int  # counted from 0
    due_at: datetime  # how late it was: `at` less this
    responders: tuple[UserId, ...] = ()
    unreachable: tuple[UserId, ...] = ()  # responders without a working contact
    answered: tuple[UserId, ...] = ()  # responders who had acknowledged, while others had not: not paged again
    destinations: tuple[DestinationId, ...] = ()  # what was told beside people


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStepSkipped(EscalationEvent):
    """A step's turn came, and its condition did not hold. `detail` says to people what was, and what was wanted."""

    kind: ClassVar[str] = "escalation.step_skipped"
    round: int
    step: int
    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationExhausted(EscalationEvent):
    """The last step of the last round had its delay, and nobody answered; or no step applied at all."""

    kind: ClassVar[str] = "escalation.exhausted"
    outcome: WhenExhausted = WhenExhausted.STAY  # what the policy says to do then


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationFallBackPaged(EscalationEvent):
    """The last resort was told. Nobody is a fact worth seeing."""

    kind: ClassVar[str] = "escalation.fall_back_paged"
    responders: tuple[UserId, ...] = ()
    unreachable: tuple[UserId, ...] = ()
    answered: tuple[UserId, ...] = ()
    destinations: tuple[DestinationId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationMoved(EscalationEvent):
    """The run ended for another one to go on in its place, by another version of the policy."""

    kind: ClassVar[str] = "escalation.moved"
    by: UserId
    successor_id: RunId
    from_version: int
    to_version: int
    round: int | None  # what the other one waits for; None: for an answer to the last step
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStopped(EscalationEvent):
    """Somebody answered. `cancelled` pages will not leave; `under_way` were already with their courier."""

    kind: ClassVar[str] = "escalation.stopped"
    cancelled: int = 0
    under_way: int = 0

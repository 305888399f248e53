from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, RunId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationEvent(DomainEvent):
    incident_id: IncidentId
    run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStepReached(EscalationEvent):
    """A step's turn came. `responders` are those its targets meant at that instant; nobody is a fact worth seeing."""

    kind: ClassVar[str] = "escalation.step_reached"
    round: int  # counted from 0
    step: int  # counted from 0
    due_at: datetime  # how late it was: `at` less this
    responders: tuple[UserId, ...] = ()
    unreachable: tuple[UserId, ...] = ()  # responders without a working contact


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationExhausted(EscalationEvent):
    """The last step of the last round had its delay, and nobody answered."""

    kind: ClassVar[str] = "escalation.exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStopped(EscalationEvent):
    """Somebody answered. `cancelled` pages will not leave; `under_way` were already with their courier."""

    kind: ClassVar[str] = "escalation.stopped"
    cancelled: int = 0
    under_way: int = 0

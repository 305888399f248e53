"""A policy at work on one incident."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

from domain.escalation.condition import Circumstances
from domain.escalation.move import moved
from domain.escalation.plan import FIRST, Look, Position, look
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import IncidentId, PolicyId, RunId
from domain.shared.quickly_built import quickly_built


class RunStatus(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"  # somebody answered, or another run took its place
    EXHAUSTED = "exhausted"  # nobody did


class Tick(NamedTuple):
    """What one look at the clock decided, and the run after it."""

    run: "EscalationRun"
    look: Look | None  # None: it was not due, and nothing happened


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRun:
    """Keeps to the version of the policy that it began with. `next_deadline` is set exactly while it is running."""

    id: RunId
    incident_id: IncidentId
    policy_id: PolicyId
    policy_version: int
    status: RunStatus
    position: Position | None  # what the deadline is for; None: the last step that applied waits for its answer
    next_deadline: datetime | None
    started_at: datetime
    version: int = 0

    @staticmethod
    def start(
        run_id: RunId,
        *,
        incident_id: IncidentId,
        policy_id: PolicyId,
        policy_version: int,
        at: datetime,
        position: Position = FIRST,
    ) -> "EscalationRun":
        """A run whose first step, or the step of the position, is due at once."""
        return EscalationRun(
            id=run_id,
            incident_id=incident_id,
            policy_id=policy_id,
            policy_version=policy_version,
            status=RunStatus.RUNNING,
            position=position,
            next_deadline=at,
            started_at=at,
        )

    def tick(self, policy: EscalationPolicy, circumstances: Circumstances, *, at: datetime) -> Tick:
        """Act on the deadline if it is due: never early (P5), and at most one step is reached, whatever was missed."""
        if self.next_deadline is None or at < self.next_deadline:
            return Tick(self, None)
        found = look(policy, self.position, circumstances, at=at)
        status = RunStatus.EXHAUSTED if found.is_exhausted else RunStatus.RUNNING
        return Tick(replace(self, status=status, position=found.upcoming, next_deadline=found.next_look_at), found)

    def move(self, successor_id: RunId, *, policy: EscalationPolicy, to: EscalationPolicy, at: datetime) -> Self:
        """The run that goes on in its place by another version of its policy: same deadline, same or following step."""
        return replace(
            self,
            id=successor_id,
            policy_version=to.version,
            position=moved(self.position, before=policy, after=to),
            started_at=at,
            version=0,
        )

    def stop(self) -> Self:
        """Somebody answered: nothing of this run is due any more. A run that has ended stays as it ended."""
        if self.status is not RunStatus.RUNNING:
            return self
        return replace(self, status=RunStatus.STOPPED, next_deadline=None)

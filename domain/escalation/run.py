"""A policy at work on one incident."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

from domain.escalation.plan import FIRST, Position, deadline_after, following
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import IncidentId, PolicyId, RunId


class RunStatus(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"  # somebody answered
    EXHAUSTED = "exhausted"  # nobody did


class Tick(NamedTuple):
    """What one look at the clock decided: the run after it, and the step whose turn came, if one did."""

    run: "EscalationRun"
    reached: Position | None
    is_exhausted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRun:
    """Keeps to the version of the policy that it began with. `next_deadline` is set exactly while it is running."""

    id: RunId
    incident_id: IncidentId
    policy_id: PolicyId
    policy_version: int
    status: RunStatus
    position: Position | None  # the step that the deadline is for; None: the last one is waiting for its answer
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
        """A run whose first step, or the one of that position, is due at once."""
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

    def tick(self, policy: EscalationPolicy, *, at: datetime) -> Tick:
        """Act on the deadline if it is due: never early (P5), and at most one step, whatever was missed."""
        if self.next_deadline is None or at < self.next_deadline:
            return Tick(self, None)
        if self.position is None:
            return Tick(replace(self, status=RunStatus.EXHAUSTED, next_deadline=None), None, is_exhausted=True)
        reached = self.position
        after = replace(
            self,
            position=following(policy, reached),
            next_deadline=deadline_after(policy, reached, reached_at=at),
        )
        return Tick(after, reached)

    def stop(self) -> Self:
        """Somebody answered: nothing of this run is due any more. A run that has ended stays as it ended."""
        if self.status is not RunStatus.RUNNING:
            return self
        return replace(self, status=RunStatus.STOPPED, next_deadline=None)

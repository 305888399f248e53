from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from application.escalation.stop import StopEscalations
from application.ports.escalations import PolicyVersions, RunRepository
from application.ports.ids import IdFactory
from domain.escalation.plan import FIRST, Position
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun
from domain.shared.ids import IncidentId, RunId


class Beginning(NamedTuple):
    """How a run begins: under which name, with which step, so long after now."""

    run_id: RunId
    position: Position = FIRST
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class StartEscalations:
    """Incidents page anew: each under a new run, so that a page of it is never one that was there already (P4).

    In the caller's transaction, after the incidents were saved. A run that is at work gives way to it.
    """

    stop_escalations: StopEscalations
    runs: RunRepository
    policies: PolicyVersions
    ids: IdFactory

    async def __call__(
        self, incident_ids: Collection[IncidentId], *, at: datetime, beginning: Beginning | None = None
    ) -> None:
        """Under the newest version of the policy that pages for each now; `beginning` is for a single one."""
        if not incident_ids:
            return
        assert beginning is None or len(incident_ids) == 1, "a run has one name"
        await self.stop_escalations.halt(incident_ids, at=at)
        policies = await self.policies.newest_for(incident_ids)
        await self.runs.add(
            [
                _begun(beginning or Beginning(RunId(self.ids.new())), incident_id, policy, at)
                for incident_id, policy in sorted(policies.items())
            ]
        )

    async def next_position(self, incident_id: IncidentId) -> Position:
        """The step whose turn comes next, in the policy as it is now; after the last of all it begins again."""
        run = await self.runs.newest_of(incident_id)
        policies = await self.policies.newest_for({incident_id})
        return upcoming(policies[incident_id], run)


def upcoming(policy: EscalationPolicy, run: EscalationRun | None) -> Position:
    """Where a new run goes on after this one: it may have begun with another version, or another policy."""
    if run is None or run.position is None or run.policy_id != policy.id:
        return FIRST
    if run.position.step >= len(policy.steps) or run.position.round > policy.repeats:
        return FIRST
    return run.position


def _begun(beginning: Beginning, incident_id: IncidentId, policy: EscalationPolicy, at: datetime) -> EscalationRun:
    run = EscalationRun.start(
        beginning.run_id,
        incident_id=incident_id,
        policy_id=policy.id,
        policy_version=policy.version,
        at=at,
        position=beginning.position,
    )
    return replace(run, next_deadline=at + beginning.after)

from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.escalations import PolicyVersions, RunRepository
from application.ports.event_log import EventLog
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.policies import PolicyRepository
from application.ports.transaction import Transaction
from domain.escalation.events import EscalationMoved
from domain.escalation.run import EscalationRun
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import IncidentId, RunId


@dataclass(frozen=True, slots=True)
class MoveToNewestVersion:
    """A responder wants an incident to go on by its policy as it is now.

    A run keeps its version for ever: it ends, and another one goes on in its place, at the same deadline, with the same
    step or the nearest one that follows. Pages that wait stay as they are.
    """

    incidents: IncidentRepository
    runs: RunRepository
    policies: PolicyRepository
    versions: PolicyVersions
    events: EventLog
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> EscalationRun:
        """The run that is at work now; one that is by the newest version already stays.

        Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when no run is at work.
        """
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            await self.incidents.get(incident_id)
            running = await self.runs.running_of({incident_id})
            if not running:
                raise IllegalTransitionError("escalation", "not running", "moved")
            run = running[-1]
            newest = await self.policies.look_up(run.policy_id)
            if run.policy_version == newest.version:
                return run
            as_begun = await self.versions.get_many({(run.policy_id, run.policy_version)})
            successor = run.move(
                RunId(self.ids.new()), policy=as_begun[run.policy_id, run.policy_version], to=newest, at=at
            )
            await self.runs.save([run.stop()])
            await self.runs.add([successor])
            await self.events.append([_moved(run, successor, actor)])
            await self.record_audit(
                "escalation.move",
                incident_id,
                actor=actor,
                at=at,
                before={"policy_version": run.policy_version},
                after={"policy_version": successor.policy_version},
            )
            return successor


def _moved(run: EscalationRun, successor: EscalationRun, actor: Actor) -> EscalationMoved:
    position = successor.position
    return EscalationMoved(
        incident_id=run.incident_id,
        run_id=run.id,
        by=actor.user_id,
        successor_id=successor.id,
        from_version=run.policy_version,
        to_version=successor.policy_version,
        round=None if position is None else position.round,
        step=None if position is None else position.step,
        at=successor.started_at,
    )

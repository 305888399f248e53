from dataclasses import dataclass

from application.authorize import require
from application.escalation.start import Beginning, StartEscalations
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.escalations import PolicyVersions
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.escalation.plan import Position
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IncidentId, RunId


@dataclass(frozen=True, slots=True)
class EscalateIncident:
    """A responder does not wait for a step's delay: the next step, or the one they name, has its turn at once.

    Whoever has the incident has it no more. What still waits of earlier steps gives way.
    """

    incidents: IncidentRepository
    policies: PolicyVersions
    start_escalations: StartEscalations
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, incident_id: IncidentId, *, step: int | None = None, actor: Actor) -> Incident:
        """`step` is counted from 0; None: the one that comes next.

        Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`, `InvalidValueError`.
        """
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            position = await self._position(incident_id, step)
            run_id = RunId(self.ids.new())
            change = incident.escalate(
                run_id=run_id, round_=position.round, step=position.step, by=actor.user_id, via=actor.via, at=at
            )
            return await self.decide(
                "escalate",
                incident,
                change,
                actor=actor,
                at=at,
                details={"step": position.step + 1},
                beginning=Beginning(run_id, position),
            )

    async def _position(self, incident_id: IncidentId, step: int | None) -> Position:
        if step is None:
            return await self.start_escalations.next_position(incident_id)
        policies = await self.policies.newest_for({incident_id})
        steps = len(policies[incident_id].steps)
        if not 0 <= step < steps:
            raise InvalidValueError("step", f"is {step + 1}, and the policy has the steps 1 to {steps}")
        return Position(0, step)

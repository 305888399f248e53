from dataclasses import dataclass

from application.anew import anew
from application.authorize import require
from application.errors import ConflictError
from application.incident.decide import DecideOnIncident
from application.ports.clock import Clock
from application.ports.errors import ContendedError
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class ReopenIncident:
    """A responder finds that an incident was not over: it pages again. Its alerts stay cleared."""

    incidents: IncidentRepository
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock

    async def __call__(self, incident_id: IncidentId, *, actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError`.

        Raises `ConflictError` when another incident is open for its service and group.
        """
        require(actor, Permission.RESPOND)
        # Events that reopen incidents of the same groups may wait for this one while it waits for them.
        return await anew(self.transaction, lambda: self._reopen(incident_id, actor), undone_by=(ContendedError,))

    async def _reopen(self, incident_id: IncidentId, actor: Actor) -> Incident:
        at = self.clock.now()
        incident = await self.incidents.get(incident_id)
        change = incident.reopen(by=actor.user_id, via=actor.via, at=at)
        if change.events:
            await self._require_none_open(incident)
        return await self.decide("reopen", incident, change, actor=actor, at=at)

    async def _require_none_open(self, incident: Incident) -> None:
        """One that is opened at this very moment storage refuses all the same, without its number."""
        if incident.followed_by is not None:
            return  # its group is the other one's, whatever becomes of this one
        other = await self.incidents.open_one(incident.service_id, incident.group_key)
        if other is not None:
            reason = f"cannot be reopened, since INC-{other.number} is open for the same service and group"
            raise ConflictError("incident", f"INC-{incident.number}", reason)

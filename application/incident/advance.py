"""One tick of every incident whose own deadline has come: a snooze, an acknowledgement or a low urgency ends."""

from dataclasses import dataclass
from typing import Final

from application.escalation.start import StartEscalations
from application.incident.mutes import LookAtMutes
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.incident.incident import pages_anew

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class AdvanceIncidents:
    """Takes the incidents that are due, and pages anew for those that nobody has and nothing mutes any more."""

    incidents: IncidentRepository
    look_at_mutes: LookAtMutes
    start_escalations: StartEscalations
    transaction: Transaction
    clock: Clock

    async def __call__(self, *, limit: int = BATCH) -> int:
        """How many moved. A full batch means that there may be more."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.incidents.claim_due(at=at, limit=limit)
            muted = await self.look_at_mutes(due, at=at)
            changes = [
                incident.mute(muted[incident.id], at=at) if incident.id in muted else incident.tick(at=at)
                for incident in due
            ]
            saved = await self.incidents.save_all(changes)
            anew = {after.id for before, after in zip(due, saved, strict=True) if pages_anew(before, after)}
            await self.start_escalations(anew, at=at)
            return len(due)

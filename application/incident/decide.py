from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.audit.record import RecordAudit
from application.escalation.start import Beginning, StartEscalations
from application.escalation.stop import StopEscalations
from application.ports.incidents import IncidentRepository
from domain.identity.actor import Actor
from domain.incident.incident import Incident, IncidentStatus, pages_anew
from domain.shared.change import Change


@dataclass(frozen=True, slots=True)
class DecideOnIncident:
    """Stores a person's decision with all that follows from it, in the transaction of the act.

    When nobody has the incident any more, or it has become urgent, it pages anew; when somebody has it, nothing of it
    waits; and the audit trail tells who decided.
    """

    incidents: IncidentRepository
    start_escalations: StartEscalations
    stop_escalations: StopEscalations
    record_audit: RecordAudit

    async def __call__(
        self,
        act: str,
        incident: Incident,
        change: Change[Incident],
        *,
        actor: Actor,
        at: datetime,
        details: Mapping[str, object] | None = None,
        beginning: Beginning | None = None,
    ) -> Incident:
        """The incident as stored. Raises `ConflictError`.

        `act` is the verb of the audit entry. `beginning` is for an act that has a run begin whoever had the incident.
        """
        if not change.events:
            return incident
        saved = await self.incidents.save(change)
        if beginning is not None or pages_anew(incident, saved):
            await self.start_escalations({saved.id}, at=at, beginning=beginning)
        elif _is_answered(incident, saved):
            await self.stop_escalations({saved.id}, at=at)
        await self.record_audit(
            f"incident.{act}",
            saved.id,
            actor=actor,
            at=at,
            before={"status": incident.status},
            after={"status": saved.status, **(details or {})},
        )
        return saved


def _is_answered(before: Incident, after: Incident) -> bool:
    if after.status is IncidentStatus.TRIGGERED:
        return False
    return (before.status, before.acknowledged_by) != (after.status, after.acknowledged_by)

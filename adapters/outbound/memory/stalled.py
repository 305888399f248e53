from collections.abc import Iterator
from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase
from domain.escalation.run import EscalationRun, RunStatus
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.ids import IncidentId


def stalled(database: MemoryDatabase, *, at: datetime) -> Iterator[Incident]:
    """Open ones that were there then, and that nothing was to happen to, or said why."""
    newest: dict[IncidentId, EscalationRun] = {}
    for run in database.runs.values():
        other = newest.get(run.incident_id, run)
        newest[run.incident_id] = max(run, other, key=lambda each: (each.started_at, each.id))
    seen_to = {
        run.incident_id
        for run in newest.values()
        if run.status is RunStatus.EXHAUSTED or (run.next_deadline is not None and run.next_deadline > at)
    }
    for incident in database.incidents.values():
        has_missed = incident.next_deadline is not None and incident.next_deadline <= at
        is_asking = incident.status is IncidentStatus.TRIGGERED and incident.id not in seen_to
        if incident.triggered_at <= at and (has_missed or is_asking):
            yield incident

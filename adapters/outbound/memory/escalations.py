from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.escalations import DueRun, PolicyVersions, RunRepository, StepKey, StepTurns
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun, RunStatus
from domain.incident.incident import IncidentStatus
from domain.shared.ids import IncidentId, PolicyId


@dataclass(frozen=True, slots=True)
class MemoryRunRepository(RunRepository):
    session: MemorySession

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueRun, ...]:
        database = self.session.database
        due = [(run.next_deadline, run.id, run) for run in database.runs.values() if run.next_deadline is not None]
        ordered = sorted((deadline, run_id, run) for deadline, run_id, run in due if deadline <= at)
        incidents = ((run, database.incidents[run.incident_id]) for _, _, run in ordered[:limit])
        return tuple(DueRun(run, incident.urgency, incident.severity) for run, incident in incidents)

    async def save(self, runs: Sequence[EscalationRun]) -> None:
        for run in runs:
            self.session.database.runs[run.id] = replace(run, version=run.version + 1)

    async def add(self, runs: Sequence[EscalationRun]) -> None:
        for run in runs:
            self.session.database.runs[run.id] = replace(run, version=1)

    async def newest_of(self, incident_id: IncidentId) -> EscalationRun | None:
        runs = [run for run in self.session.database.runs.values() if run.incident_id == incident_id]
        return max(runs, key=lambda run: (run.started_at, run.id), default=None)

    async def running_of(self, incident_ids: Collection[IncidentId]) -> tuple[EscalationRun, ...]:
        running = [
            run
            for run in self.session.database.runs.values()
            if run.incident_id in incident_ids and run.status is RunStatus.RUNNING
        ]
        return tuple(sorted(running, key=lambda run: run.id))

    async def of_incident(self, incident_id: IncidentId) -> tuple[EscalationRun, ...]:
        runs = [run for run in self.session.database.runs.values() if run.incident_id == incident_id]
        return tuple(sorted(runs, key=lambda run: (run.started_at, run.id)))

    async def earliest_deadline(self) -> datetime | None:
        deadlines = (run.next_deadline for run in self.session.database.runs.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    async def count_stalled(self, *, at: datetime) -> int:
        database = self.session.database
        newest: dict[IncidentId, EscalationRun] = {}
        for run in database.runs.values():
            other = newest.get(run.incident_id, run)
            newest[run.incident_id] = max(run, other, key=lambda each: (each.started_at, each.id))
        looked_after = {
            run.incident_id
            for run in newest.values()
            if run.status is RunStatus.EXHAUSTED or (run.next_deadline is not None and run.next_deadline > at)
        }
        return sum(
            (incident.next_deadline is not None and incident.next_deadline <= at)
            or (incident.status is IncidentStatus.TRIGGERED and incident.id not in looked_after)
            for incident in database.incidents.values()
        )


@dataclass(frozen=True, slots=True)
class MemoryPolicyVersions(PolicyVersions):
    session: MemorySession

    async def get_many(
        self, versions: Collection[tuple[PolicyId, int]]
    ) -> Mapping[tuple[PolicyId, int], EscalationPolicy]:
        stored = self.session.database.policy_versions
        return {version: stored[version] for version in versions if version in stored}

    async def newest_for(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, EscalationPolicy]:
        database = self.session.database
        incidents = [database.incidents[incident_id] for incident_id in incident_ids]
        return {
            incident.id: database.policies[incident.policy_id or database.services[incident.service_id].policy_id]
            for incident in incidents
        }


@dataclass(frozen=True, slots=True)
class MemoryStepTurns(StepTurns):
    session: MemorySession

    async def take(self, counts: Mapping[StepKey, int]) -> Mapping[StepKey, int]:
        taken = self.session.database.step_turns
        first = {key: taken.get(key, 0) for key in counts}
        for key, count in counts.items():
            taken[key] = first[key] + count
        return first

    async def upcoming(self, keys: Collection[StepKey]) -> Mapping[StepKey, int]:
        taken = self.session.database.step_turns
        return {key: taken.get(key, 0) for key in keys}

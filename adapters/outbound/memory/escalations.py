from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from adapters.outbound.memory.notifications import MemoryNotificationRepository, subject_of
from adapters.outbound.memory.stalled import stalled
from application.ports.escalations import DueRun, PolicyVersions, RunRepository, StepKey, StepTurns
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun, RunStatus
from domain.notification.notification import Notification
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, NotificationId, PolicyId


@dataclass(frozen=True, slots=True)
class MemoryRunRepository(RunRepository):
    session: MemorySession

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueRun, ...]:
        database = self.session.database
        due = [(run.next_deadline, run.id, run) for run in database.runs.values() if run.next_deadline is not None]
        ordered = sorted((deadline, run_id, run) for deadline, run_id, run in due if deadline <= at)
        oldest, later = ordered[: (limit + 1) // 2], ordered[(limit + 1) // 2 :]
        newest = later[max(0, len(later) - limit // 2) :]
        incidents = ((run, database.incidents[run.incident_id]) for _, _, run in oldest + newest)
        return tuple(
            DueRun(run, subject_of(database, incident), database.services[incident.service_id].tier)
            for run, incident in incidents
        )

    async def save(self, runs: Sequence[EscalationRun]) -> None:
        for run in runs:
            self.session.database.runs[run.id] = replace(run, version=run.version + 1)

    async def record(
        self, runs: Sequence[EscalationRun], *, pages: Sequence[Notification], events: Sequence[DomainEvent]
    ) -> frozenset[NotificationId]:
        await self.save(runs)
        await MemoryNotificationRepository(self.session).add(pages)
        append_events(self.session, events)
        return frozenset(page.id for page in pages if page.id in self.session.database.notifications)

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
        return sum(1 for _ in stalled(self.session.database, at=at))


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
        found = {}
        for incident_id in incident_ids:
            incident = database.incidents[incident_id]
            reassigned_to = None if incident.policy_id is None else database.policies.get(incident.policy_id)
            found[incident_id] = reassigned_to or database.policies[database.services[incident.service_id].policy_id]
        return found


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

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from application.errors import ConflictError
from application.ports.intake import (
    AlertKey,
    DeadLetter,
    DropCount,
    GroupKey,
    IntakeStore,
    IntakeTarget,
    OpenedIncident,
    RawEvent,
    ReceivedChange,
    ServiceTarget,
    Touched,
)
from application.ports.routings import Drops
from domain.alert.alert import Alert, AlertStatus, Expiry
from domain.alert.alert_event import ChangeEvent
from domain.escalation.run import EscalationRun
from domain.incident.incident import Followed, Incident, IncidentDraft, IncidentStatus
from domain.shared.event import DomainEvent
from domain.shared.group_window import takes_alerts
from domain.shared.ids import IncidentId, ServiceId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True)
class MemoryIntakeStore(IntakeStore):
    session: MemorySession

    async def target_of(self, key_hash: bytes, *, at: datetime) -> IntakeTarget | None:
        database = self.session.database
        accepting = [each for each in database.integrations.values() if each.accepts(key_hash, at=at)]
        # The newest key's owner first: a rotated key may have been issued again elsewhere.
        for integration in sorted(accepting, key=lambda each: each.key_hash != key_hash):
            service = database.services[integration.service_id]
            return IntakeTarget(
                integration=integration,
                policy_id=service.policy_id,
                policy_version=database.policies[service.policy_id].version,
                urgency_rule=service.urgency_rule,
                tier=service.tier,
                support_hours=service.support_hours,
                acknowledgements_required=service.acknowledgements_required,
            )
        return None

    async def service_targets(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, ServiceTarget]:
        database = self.session.database
        return {
            service.id: ServiceTarget(
                service_id=service.id,
                team_id=service.team_id,
                policy_id=service.policy_id,
                policy_version=database.policies[service.policy_id].version,
                urgency_rule=service.urgency_rule,
                tier=service.tier,
                support_hours=service.support_hours,
                acknowledgements_required=service.acknowledgements_required,
            )
            for service in database.services.values()
            if service.id in service_ids
        }

    async def touch(
        self, seen: Mapping[AlertKey, int], *, expires: Mapping[AlertKey, Expiry] | None = None, at: datetime
    ) -> dict[AlertKey, Touched]:
        alerts = self.session.database.alerts
        touched: dict[AlertKey, Touched] = {}
        for alert in tuple(alerts.values()):
            key = alert.integration_id, alert.dedup_key
            if alert.status is AlertStatus.FIRING and key in seen:
                alerts[alert.id] = self._counted(alert, seen[key], at, (expires or {}).get(key))
                touched[key] = Touched(alert.id, alert.incident_id)
        return touched

    async def open_incidents(self, drafts: Sequence[IncidentDraft]) -> dict[GroupKey, OpenedIncident]:
        incidents, until = self.session.database.incidents, self.session.database.joins_until
        is_open = {(each.service_id, each.group_key): each for each in incidents.values() if each.holds_group}
        opened: dict[GroupKey, OpenedIncident] = {}
        for draft in drafts:
            group = draft.service_id, draft.group_key
            follows = None
            if group in is_open and not takes_alerts(until.get(is_open[group].id), at=draft.triggered_at):
                follows = self._follow(is_open.pop(group), draft)
            if group in is_open:
                found = is_open[group]
                if found.group_window is not None:
                    end = found.group_window.end_after(draft.triggered_at, until=until[found.id])
                    until[found.id] = end
                is_muted = found.muted is not None and found.status is IncidentStatus.TRIGGERED
                opened[group] = OpenedIncident(found.id, found.number, is_new=False, is_muted=is_muted)
                continue
            number = 1 + max((each.number for each in incidents.values()), default=0)
            incident = Incident.trigger(draft, number=number, via=Via.SYSTEM).state
            incidents[draft.id] = is_open[group] = replace(incident, version=1)
            if draft.group_window is not None:
                until[draft.id] = draft.group_window.end_from(draft.triggered_at)
            if draft.trace is not None:
                self.session.database.traces[draft.id] = draft.trace
            opened[group] = OpenedIncident(
                draft.id, number, is_new=True, is_muted=draft.muted is not None, follows=follows
            )
        return opened

    async def withdraw_incidents(self, incident_ids: Collection[IncidentId]) -> None:
        database = self.session.database
        for incident_id in incident_ids:
            del database.incidents[incident_id]
            database.traces.pop(incident_id, None)
            database.joins_until.pop(incident_id, None)

    def _follow(self, incident: Incident, draft: IncidentDraft) -> Followed:
        assert incident.group_window is not None, "only what has a window takes no more alerts"
        self.session.database.incidents[incident.id] = replace(
            incident, followed_by=draft.id, version=incident.version + 1
        )
        return Followed(incident_id=incident.id, number=incident.number, group_window=incident.group_window)

    async def record(
        self,
        *,
        alerts: Sequence[Alert],
        runs: Sequence[EscalationRun],
        events: Sequence[DomainEvent],
        raw_events: Sequence[RawEvent],
    ) -> None:
        database = self.session.database
        firing = {
            (each.integration_id, each.dedup_key)
            for each in database.alerts.values()
            if each.status is AlertStatus.FIRING
        }
        for alert in alerts:
            if (alert.integration_id, alert.dedup_key) in firing:
                raise ConflictError("alert", alert.dedup_key, "fires already")
            database.alerts[alert.id] = alert
        for run in runs:
            database.runs[run.id] = replace(run, version=1)
        append_events(self.session, events)
        database.raw_events += tuple(raw_events)

    async def count_drops(self, drops: Sequence[DropCount], *, at: datetime) -> None:
        stored = self.session.database.route_drops
        for owner_id, rule, dropped, event_id in drops:
            before = stored.get((owner_id, rule), Drops(0, at))
            last = event_id or before.last_event_id
            stored[owner_id, rule] = Drops(before.dropped + dropped, max(before.last_at, at), last)

    async def record_changes(self, changes: Sequence[ReceivedChange]) -> None:
        database = self.session.database
        known = {change_id for change_id, _, _ in database.change_events}
        database.change_events += tuple(
            (each.id, each.target.integration.id, _dated(each)) for each in changes if each.id not in known
        )

    async def set_aside(self, letters: Sequence[DeadLetter]) -> None:
        database = self.session.database
        known = {letter.id for letter in database.dead_letters}
        database.dead_letters += tuple(letter for letter in letters if letter.id not in known)

    @staticmethod
    def _counted(alert: Alert, occurrences: int, at: datetime, expiry: Expiry | None) -> Alert:
        counted = replace(alert, occurrences=alert.occurrences + occurrences, last_seen_at=max(alert.last_seen_at, at))
        return counted.heard_again(expiry)


def _dated(received: ReceivedChange) -> ChangeEvent:
    return replace(received.change, occurred_at=received.change.occurred_at or received.received_at)

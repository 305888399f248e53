from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
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
from domain.alert.events import AlertFlapped, AlertJoined
from domain.escalation.run import EscalationRun
from domain.incident.incident import Incident, IncidentDraft, IncidentStatus
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, ServiceId
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
        incidents = self.session.database.incidents
        is_open = {(each.service_id, each.group_key): each for each in incidents.values() if each.is_open}
        opened: dict[GroupKey, OpenedIncident] = {}
        for draft in drafts:
            group = draft.service_id, draft.group_key
            if group in is_open:
                found = is_open[group]
                is_muted = found.muted is not None and found.status is IncidentStatus.TRIGGERED
                opened[group] = OpenedIncident(found.id, found.number, is_new=False, is_muted=is_muted)
                continue
            number = 1 + max((each.number for each in incidents.values()), default=0)
            incident = Incident.trigger(draft, number=number, via=Via.SYSTEM).state
            incidents[draft.id] = is_open[group] = replace(incident, version=1)
            if draft.trace is not None:
                self.session.database.traces[draft.id] = draft.trace
            opened[group] = OpenedIncident(draft.id, number, is_new=True, is_muted=draft.muted is not None)
        return opened

    async def withdraw_incidents(self, incident_ids: Collection[IncidentId]) -> None:
        database = self.session.database
        for incident_id in incident_ids:
            del database.incidents[incident_id]
            database.traces.pop(incident_id, None)

    async def record(
        self,
        *,
        alerts: Sequence[Alert],
        runs: Sequence[EscalationRun],
        events: Sequence[DomainEvent],
        raw_events: Sequence[RawEvent],
    ) -> Mapping[AlertKey, Touched]:
        database = self.session.database
        firing = {
            (each.integration_id, each.dedup_key): each
            for each in database.alerts.values()
            if each.status is AlertStatus.FIRING
        }
        overtaken: dict[AlertKey, Touched] = {}
        for alert in alerts:
            already = firing.get((alert.integration_id, alert.dedup_key))
            if already is None:
                database.alerts[alert.id] = alert
            else:
                expiry = None if alert.expires_at is None else Expiry(alert.expires_at, alert.ends_by_silence)
                database.alerts[already.id] = self._counted(already, alert.occurrences, alert.last_seen_at, expiry)
                overtaken[alert.integration_id, alert.dedup_key] = Touched(already.id, already.incident_id)
        for run in runs:
            database.runs[run.id] = replace(run, version=1)
        append_events(self.session, events)
        database.raw_events += tuple(raw_events)
        return overtaken

    async def withdraw_events(self, alert_ids: Set[AlertId]) -> None:
        database = self.session.database
        database.log = tuple(each for each in database.log if alert_ids.isdisjoint(_joined_or_flapping(each.event)))

    async def correct_verdicts(self, raw_events: Sequence[RawEvent]) -> None:
        database, corrected = self.session.database, {each.id: each.verdicts for each in raw_events}
        database.raw_events = tuple(
            replace(each, verdicts=corrected.get(each.id, each.verdicts)) for each in database.raw_events
        )

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


def _joined_or_flapping(event: DomainEvent) -> tuple[AlertId, ...]:
    """The alerts of which it says one or the other."""
    match event:
        case AlertJoined():
            return event.alert_id, *event.others
        case AlertFlapped():
            return (event.alert_id,)
        case _:
            return ()

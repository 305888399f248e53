from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from application.ports.alerts import AlertRepository, DueAlert, Overflow
from domain.alert.alert import Alert, AlertStatus
from domain.alert.overflow import OVERFLOW_KEY
from domain.shared.change import Change
from domain.shared.ids import AlertId, IncidentId, IntegrationId


@dataclass(frozen=True, slots=True)
class MemoryAlertRepository(AlertRepository):
    session: MemorySession

    async def firing(self, keys: Collection[tuple[IntegrationId, str]]) -> tuple[Alert, ...]:
        return self._firing(lambda alert: (alert.integration_id, alert.dedup_key) in keys)

    async def count_firing(self, most: Mapping[IntegrationId, int]) -> Mapping[IntegrationId, int]:
        counted = Counter(alert.integration_id for alert in self._firing(lambda alert: alert.integration_id in most))
        return {integration_id: min(counted[integration_id], limit) for integration_id, limit in most.items()}

    async def overflows(self, integration_ids: Collection[IntegrationId]) -> tuple[Overflow, ...]:
        found = await self.firing([(integration_id, OVERFLOW_KEY) for integration_id in integration_ids])
        integrations = self.session.database.integrations
        return tuple(Overflow(alert, integrations[alert.integration_id].open_alerts) for alert in found)

    async def firing_of_incidents(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        return self._firing(lambda alert: alert.incident_id in incident_ids)

    async def look_up_firing(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        return await self.firing_of_incidents(incident_ids)

    async def first_labels(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, Mapping[str, str]]:
        first: dict[IncidentId, Alert] = {}
        for alert in self.session.database.alerts.values():
            if alert.incident_id in incident_ids:
                first[alert.incident_id] = min(alert, first.get(alert.incident_id, alert), key=lambda each: each.id)
        return {incident_id: alert.labels for incident_id, alert in first.items()}

    async def save_cleared(self, changes: Sequence[Change[Alert]]) -> None:
        for change in changes:
            if change.events:
                self.session.database.alerts[change.state.id] = change.state
                append_events(self.session, change.events)

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueAlert, ...]:
        integrations = self.session.database.integrations
        due = [each for each in self._waiting() if each[0] <= at]
        alerts = [alert for _, _, alert in sorted(due, key=lambda each: each[:2])[:limit]]
        of = ((alert, integrations[alert.integration_id]) for alert in alerts)
        return tuple(DueAlert(alert, sender.when_silent) for alert, sender in of)

    async def save_silent(self, changes: Sequence[Change[Alert]]) -> None:
        await self.save_cleared(changes)

    async def save_settling(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            self.session.database.alerts[alert.id] = alert

    async def last_turns(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> Mapping[tuple[IntegrationId, str], tuple[datetime, ...]]:
        counting = [alert for alert in self.session.database.alerts.values() if alert.turns]
        turns = {(each.integration_id, each.dedup_key): each.turns for each in sorted(counting, key=_first_seen_at)}
        return {key: turns[key] for key in keys if key in turns}

    async def earliest_deadline(self) -> datetime | None:
        return min((deadline for deadline, _, _ in self._waiting()), default=None)

    async def incidents_still_firing(self, incident_ids: Collection[IncidentId]) -> frozenset[IncidentId]:
        return frozenset(alert.incident_id for alert in self._firing(lambda alert: alert.incident_id in incident_ids))

    async def known_kinds(self, kinds: Collection[tuple[IncidentId, str]]) -> frozenset[tuple[IncidentId, str]]:
        alerts = self.session.database.alerts.values()
        had = {(alert.incident_id, alert.kind_key) for alert in alerts}
        return frozenset(kind for kind in kinds if kind in had)

    async def last_cleared(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> dict[tuple[IntegrationId, str], datetime]:
        newest: dict[tuple[IntegrationId, str], tuple[datetime, Alert]] = {}
        for alert in self.session.database.alerts.values():
            key = alert.integration_id, alert.dedup_key
            if key in keys and alert.starts_at is not None and (key not in newest or alert.starts_at > newest[key][0]):
                newest[key] = alert.starts_at, alert
        return {key: starts_at for key, (starts_at, alert) in newest.items() if alert.status is AlertStatus.CLEARED}

    def _waiting(self) -> list[tuple[datetime, AlertId, Alert]]:
        alerts = self.session.database.alerts.values()
        return [(alert.next_deadline, alert.id, alert) for alert in alerts if alert.next_deadline is not None]

    def _firing(self, wanted: Callable[[Alert], bool]) -> tuple[Alert, ...]:
        found = [
            alert
            for alert in self.session.database.alerts.values()
            if alert.status is AlertStatus.FIRING and wanted(alert)
        ]
        return tuple(sorted(found, key=lambda alert: (alert.integration_id, alert.dedup_key)))


def _first_seen_at(alert: Alert) -> datetime:
    return alert.first_seen_at

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.alert.clear import ClearAlerts
from application.alert.find_ended_overflows import FindEndedOverflows
from application.alert.ledger import Ledger
from application.alert.routed import RoutedEvent
from application.alert.verdict import VerdictOutcome
from application.escalation.stop import StopEscalations
from application.ports.alerts import AlertRepository
from application.ports.escalations import PolicyVersions
from application.ports.incidents import IncidentRepository
from domain.alert.alert import Alert
from domain.alert.alert_event import AlertAction
from domain.shared.via import Via


@dataclass(frozen=True, slots=True)
class AnswerAlerts:
    """The sender's own acknowledge or resolve. For an alert that is not firing it means nothing."""

    alerts: AlertRepository
    incidents: IncidentRepository
    policies: PolicyVersions
    find_ended_overflows: FindEndedOverflows
    clear_alerts: ClearAlerts
    stop_escalations: StopEscalations

    async def __call__(self, wave: Sequence[RoutedEvent], ledger: Ledger, at: datetime) -> None:
        """All of them acknowledge, or all of them resolve."""
        firing = await self.alerts.firing({routed.key for routed in wave})
        _note_answers(wave, firing, ledger, at)
        if not firing:
            return
        if wave[0].event.action is AlertAction.RESOLVE:
            over = [alert for alert in firing if alert.is_settled(at=at)]
            await self.clear_alerts([*firing, *await self.find_ended_overflows(over)], via=Via.SENDER, at=at)
        else:
            await self._acknowledge(firing, at)

    async def _acknowledge(self, firing: Sequence[Alert], at: datetime) -> None:
        incidents = await self.incidents.get_many({alert.incident_id for alert in firing})
        policies = await self.policies.newest_for({incident.id for incident in incidents})
        changes = [
            incident.acknowledge(by=None, via=Via.SENDER, at=at, timeout=policies[incident.id].acknowledgement_timeout)
            for incident in incidents
            if incident.is_open
        ]
        await self.incidents.save_all(changes)
        await self.stop_escalations({state.id for state, events in changes if events}, at=at)


def _note_answers(wave: Sequence[RoutedEvent], firing: Sequence[Alert], ledger: Ledger, at: datetime) -> None:
    by_key = {(alert.integration_id, alert.dedup_key): alert for alert in firing}
    for routed in wave:
        alert = by_key.get(routed.key)
        if alert is None:
            ledger.note(routed, VerdictOutcome.IGNORED)
        else:
            outcome = _answered(routed.event.action, alert, at)
            ledger.note(routed, outcome, alert_id=alert.id, incident_id=alert.incident_id)


def _answered(action: AlertAction, alert: Alert, at: datetime) -> VerdictOutcome:
    if action is not AlertAction.RESOLVE:
        return VerdictOutcome.ACKNOWLEDGED
    return VerdictOutcome.CLEARED if alert.is_settled(at=at) else VerdictOutcome.SETTLING

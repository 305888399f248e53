from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.dependency.upstream import EndSuffering
from application.escalation.stop import StopEscalations
from application.inhibition.inhibited import EndInhibitions
from application.ports.alerts import AlertRepository
from application.ports.incidents import IncidentRepository
from domain.alert.alert import Alert
from domain.shared.via import Via


@dataclass(frozen=True, slots=True)
class ClearAlerts:
    """Alerts are over, since their sender or their rule says so."""

    alerts: AlertRepository
    incidents: IncidentRepository
    stop_escalations: StopEscalations
    end_inhibitions: EndInhibitions
    end_suffering: EndSuffering

    async def __call__(self, firing: Sequence[Alert], *, via: Via, at: datetime) -> None:
        """Held alerts are over, inside the open transaction; and their incidents, when nothing else of them fires.

        What only they muted is looked at anew. One that is flapping is over later, when it has been quiet.
        """
        await self.alerts.save_settling([alert.settle() for alert in firing if not alert.is_settled(at=at)])
        firing = [alert for alert in firing if alert.is_settled(at=at)]
        if not firing:
            return
        await self.alerts.save_cleared([alert.clear(at=at) for alert in firing])
        # Held before asking which still fire: whoever clears or joins another of their alerts is waited for.
        incidents = await self.incidents.get_many({alert.incident_id for alert in firing})
        still_firing = await self.alerts.incidents_still_firing({incident.id for incident in incidents})
        over = [each for each in incidents if each.is_open and each.id not in still_firing]
        await self.incidents.save_all([incident.resolve(by=None, via=via, at=at) for incident in over])
        await self.stop_escalations({incident.id for incident in over}, at=at)
        await self.end_suffering({incident.service_id for incident in over}, at=at)
        await self.end_inhibitions({alert.id for alert in firing}, at=at)

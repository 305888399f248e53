"""Incidents end by a person or by a policy. Their alerts are cleared with them: the next report of one pages anew."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.alert.clear import ClearAlerts
from application.alert.find_ended_overflows import FindEndedOverflows
from application.dependency.upstream import EndSuffering
from application.escalation.stop import StopEscalations
from application.inhibition.inhibited import EndInhibitions
from application.ports.alerts import AlertRepository
from application.ports.incidents import IncidentRepository
from domain.alert.alert import Alert
from domain.incident.incident import Incident
from domain.shared.change import Change
from domain.shared.ids import IncidentId
from domain.shared.via import Via


class Ending(NamedTuple):
    """Incidents that may end, and what ends with them; all of it held."""

    incidents: Mapping[IncidentId, Incident]
    alerts: Sequence[Alert]  # of theirs, that fire
    overflows: Sequence[Alert]  # that count what there is room for when all of these incidents have ended


@dataclass(frozen=True, slots=True)
class EndIncidents:
    """In two parts, between which their callers decide; both inside one transaction."""

    alerts: AlertRepository
    incidents: IncidentRepository
    find_ended_overflows: FindEndedOverflows
    clear_alerts: ClearAlerts
    stop_escalations: StopEscalations
    end_inhibitions: EndInhibitions
    end_suffering: EndSuffering

    async def hold(self, incident_ids: Collection[IncidentId]) -> Ending:
        """Those that exist. Alerts before their incidents, as the intake takes them: one lock order everywhere."""
        firing = await self.alerts.firing_of_incidents(incident_ids)
        overflows = await self.find_ended_overflows(firing)
        held = await self.incidents.get_many({*incident_ids, *(alert.incident_id for alert in overflows)})
        # Once more, for those that joined before their incidents were held; the first ones are held, and fire still.
        alerts = await self.alerts.firing_of_incidents(incident_ids)
        return Ending({each.id: each for each in held if each.id in incident_ids}, alerts, overflows)

    async def end(self, held: Ending, changes: Sequence[Change[Incident]], *, at: datetime) -> tuple[Incident, ...]:
        """Some of them end, or all; and what is muted or counted because of them only. They are returned as stored.

        Raises `ConflictError`.
        """
        ended = {change.state.id for change in changes}
        alerts = [alert for alert in held.alerts if alert.incident_id in ended]
        await self.alerts.save_cleared([alert.clear(at=at) for alert in alerts])
        saved = await self.incidents.save_all(changes)
        await self.stop_escalations(ended, at=at)
        await self.end_inhibitions({alert.id for alert in alerts}, at=at)
        await self.end_suffering({each.service_id for each in saved}, at=at)
        if ended == held.incidents.keys():  # else there may be less room than was thought
            await self.clear_alerts(held.overflows, via=Via.SYSTEM, at=at)
        return saved

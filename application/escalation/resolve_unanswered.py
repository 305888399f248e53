from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from application.alert.clear import ClearAlerts
from application.alert.find_ended_overflows import FindEndedOverflows
from application.dependency.upstream import EndSuffering
from application.escalation.stop import StopEscalations
from application.inhibition.inhibited import EndInhibitions
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.escalations import RunRepository
from application.ports.event_log import EventLog
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.escalation.run import EscalationRun
from domain.shared.event import DomainEvent
from domain.shared.via import Via


class Unanswered(NamedTuple):
    """A run as it is when it is exhausted, and the facts that led there."""

    run: EscalationRun
    facts: tuple[DomainEvent, ...]


@dataclass(frozen=True, slots=True)
class ResolveUnanswered:
    """The system resolves incidents that nobody answered, as their policy says.

    A run that somebody stopped, or another worker moved, since it was found to be exhausted is left alone.
    """

    alerts: AlertRepository
    incidents: IncidentRepository
    runs: RunRepository
    events: EventLog
    find_ended_overflows: FindEndedOverflows
    clear_alerts: ClearAlerts
    stop_escalations: StopEscalations
    end_inhibitions: EndInhibitions
    end_suffering: EndSuffering
    transaction: Transaction
    clock: Clock

    async def __call__(self, unanswered: Sequence[Unanswered]) -> None:
        if not unanswered:
            return
        incident_ids = {each.run.incident_id for each in unanswered}
        async with self.transaction:
            at = self.clock.now()
            # Alerts before incidents before runs: one lock order everywhere.
            firing = await self.alerts.firing_of_incidents(incident_ids)
            overflows = await self.find_ended_overflows(firing)
            held = await self.incidents.get_many(incident_ids | {alert.incident_id for alert in overflows})
            incidents = [each for each in held if each.id in incident_ids]
            joined_meanwhile = await self.alerts.firing_of_incidents(incident_ids)
            as_read = {run.id: run.version for run in await self.runs.running_of(incident_ids)}
            ended = [each for each in unanswered if as_read.get(each.run.id) == each.run.version]
            await self.runs.save([each.run for each in ended])
            await self.events.append([fact for each in ended for fact in each.facts])
            resolved = {each.run.incident_id for each in ended}
            alerts = {alert.id: alert for alert in (*firing, *joined_meanwhile) if alert.incident_id in resolved}
            await self.alerts.save_cleared([alert.clear(at=at) for alert in alerts.values()])
            for incident in incidents:
                if incident.id in resolved:
                    await self.incidents.save(incident.resolve(by=None, via=Via.SYSTEM, at=at))
            await self.stop_escalations(resolved, at=at)
            await self.end_inhibitions(set(alerts), at=at)
            await self.end_suffering({each.service_id for each in incidents if each.id in resolved}, at=at)
            if resolved == incident_ids:  # else there may be less room than was thought
                await self.clear_alerts(overflows, via=Via.SYSTEM, at=at)

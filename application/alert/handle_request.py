from dataclasses import dataclass
from datetime import datetime

from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.alert.verdict import VerdictOutcome
from application.anew import anew
from application.ports.alert_requests import AlertRequest, AlertRequests, NamedBy, ReceivedRequest, RequestedAction
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.intake import IntakeStore, IntakeTarget
from application.ports.transaction import Transaction
from domain.alert.alert import Alert
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.shared.via import Via

_DONE = {
    RequestedAction.CREATE: "Created alert",
    RequestedAction.ACKNOWLEDGE: "Alert acknowledged",
    RequestedAction.CLOSE: "Alert closed",
    RequestedAction.ADD_NOTE: "Note added",
}
_NOT_CREATED = {
    VerdictOutcome.DROPPED: "No alert was created: a rule drops it",
    VerdictOutcome.OVERFLOWED: "No alert was created: its integration has too many open, and it is only counted",
    VerdictOutcome.STALE: "No alert was created: it has been cleared since",
}
_EVENTS = {RequestedAction.ACKNOWLEDGE: AlertAction.ACKNOWLEDGE, RequestedAction.CLOSE: AlertAction.RESOLVE}


@dataclass(frozen=True, slots=True)
class HandleAlertRequest:
    """Does what a sender asks of one of its alerts, and keeps what came of it. When it returns, both are committed."""

    requests: AlertRequests
    intake: IntakeStore
    alerts: AlertRepository
    incidents: IncidentRepository
    ingest: IngestEvents
    transaction: Transaction
    clock: Clock

    async def __call__(self, received: ReceivedRequest) -> AlertRequest:
        """What cannot be done is no error, but its outcome.

        Raises `TransientPortError` when storage is away: nothing of it is stored then.
        """
        return await anew(self.transaction, lambda: self.apply(received))

    async def apply(self, received: ReceivedRequest, *, refusal: str | None = None) -> AlertRequest:
        """The same inside a transaction that is already open, for a request that was accepted before.

        One that is done stays done. With a `refusal`, that it is not done, and why, is all that comes of it.
        """
        known = await self.requests.get(received.target.integration.id, received.raw.id)
        return known or await self._new(received, refusal)

    async def _new(self, received: ReceivedRequest, refusal: str | None) -> AlertRequest:
        at, order = self.clock.now(), received.order
        alert: Alert | None = None
        if refusal is None:
            alert, refusal = await self._carry_out(received)
        if alert is not None and order.note and refusal is None:
            incident = await self.incidents.get(alert.incident_id)
            await self.incidents.save(incident.annotate(order.note, by=None, via=Via.SENDER, at=at))
        request = _request(received, alert, refusal, at)
        await self.requests.add(request)
        return request

    async def _carry_out(self, received: ReceivedRequest) -> tuple[Alert | None, str | None]:
        """The alert that it is about, if there is one, and why nothing was done, if nothing was."""
        target, order, raw = received
        if order.event is not None:
            outcomes = await self.ingest.apply([ReceivedEvent(target, order.event, raw, trace=raw.trace)])
            refusal = next((_NOT_CREATED[outcome] for _, outcome in outcomes if outcome in _NOT_CREATED), None)
            return await self._firing(target, order.event.dedup_key), refusal
        found = await self.requests.find(target.integration.id, order.ref)
        firing = None if found is None else await self._firing(target, found.alert.dedup_key)
        action = _EVENTS.get(order.action)
        if action is not None and firing is not None:
            event = AlertEvent(action=action, dedup_key=firing.dedup_key)
            await self.ingest.apply([ReceivedEvent(target, event, raw, trace=raw.trace)])
            return firing, None
        await self.intake.record(alerts=(), runs=(), events=(), raw_events=(raw,))
        if found is None:
            return None, "Alert does not exist"
        if order.action is RequestedAction.ADD_NOTE:
            return found.alert, None
        if order.action is RequestedAction.UPDATE:
            return found.alert, "An alert stays as its first report described it"
        return found.alert, "Alert is already closed"

    async def _firing(self, target: IntakeTarget, dedup_key: str) -> Alert | None:
        firing = await self.alerts.firing({(target.integration.id, dedup_key)})
        return firing[0] if firing else None


def _request(received: ReceivedRequest, alert: Alert | None, refusal: str | None, at: datetime) -> AlertRequest:
    order = received.order
    named = order.ref.name if order.ref.by is NamedBy.ALIAS else None
    return AlertRequest(
        id=received.raw.id,
        integration_id=received.target.integration.id,
        requested_at=at,
        action=order.action,
        alias=named if alert is None else alert.dedup_key,
        alert_id=None if alert is None else alert.id,
        is_success=refusal is None,
        outcome=refusal or _DONE[order.action],
    )

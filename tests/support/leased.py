"""A delivery as a sender is given it."""

from typing import Any
from uuid import UUID

from application.ports.event_deliveries import IncidentOutline, Lease, LeasedDelivery
from domain.incident.events import IncidentAnnotated
from domain.shared.via import Via
from tests.support.builders import ADA, NOON, an_incident
from tests.support.subscriptions import a_delivery, a_subscription

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OLD_SECRET = "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"


def a_leased_delivery(
    number: int = 1, *, secrets: tuple[str, ...] = (SECRET,), trace: str | None = None, **subscription: Any
) -> LeasedDelivery:
    """Each number is another event of another incident."""
    incident = an_incident(number)
    to = a_subscription(**subscription)
    delivery = a_delivery(number, subscription_id=to.id, incident_id=incident.id).lease(at=NOON, was_lost=False)
    return LeasedDelivery(
        delivery=delivery,
        lease=Lease(to.id, incident.id, UUID(int=1)),
        leased_at=NOON,
        subscription=to,
        secrets=secrets,
        event=IncidentAnnotated(incident_id=incident.id, by=ADA, via=Via.API, note=f"nöte {number}", at=NOON),
        incident=IncidentOutline(
            id=incident.id,
            number=incident.number,
            title=incident.title,
            status=incident.status,
            severity=incident.severity,
            urgency=incident.urgency,
            service_id=incident.service_id,
            service_name="Shop",
            team_id=incident.team_id,
            triggered_at=incident.triggered_at,
            version=incident.version,
            trace=trace,
        ),
    )

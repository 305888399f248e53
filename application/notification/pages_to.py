from collections.abc import Iterator
from datetime import datetime

from application.ports.directory import Reachability
from application.ports.ids import IdFactory
from domain.escalation.plan import Position
from domain.notification.destination import Destination
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.rule import planned
from domain.shared.ids import IncidentId, NotificationId, RunId
from domain.shared.urgency import Urgency


def pages_to(
    person: Reachability,
    *,
    incident_id: IncidentId,
    run_id: RunId,
    position: Position,
    urgency: Urgency,
    at: datetime,
    ids: IdFactory,
) -> Iterator[Notification]:
    """One intent for each rule that tells this person; none when no page would reach them."""
    for plan in planned(person.contacts, person.rules, urgency=urgency, at=at, quiet_hours=person.quiet_hours):
        yield Notification(
            id=NotificationId(ids.new()),
            incident_id=incident_id,
            run_id=run_id,
            round=position.round,
            step=position.step,
            user_id=person.user_id,
            rule_position=plan.rule_position,
            purpose=Purpose.PAGE,
            channel=plan.channel,
            address=plan.address,
            status=NotificationStatus.PENDING,
            created_at=at,
            next_deadline=plan.due_at,
        )


def page_at(
    destination: Destination,
    *,
    incident_id: IncidentId,
    run_id: RunId,
    position: Position,
    at: datetime,
    ids: IdFactory,
) -> Notification:
    """The one intent for a destination: at once, whatever the urgency, since it wakes nobody."""
    return Notification(
        id=NotificationId(ids.new()),
        incident_id=incident_id,
        run_id=run_id,
        round=position.round,
        step=position.step,
        user_id=None,
        destination_id=destination.id,
        rule_position=0,
        purpose=Purpose.PAGE,
        channel=destination.channel,
        address=destination.address,
        status=NotificationStatus.PENDING,
        created_at=at,
        next_deadline=at,
    )

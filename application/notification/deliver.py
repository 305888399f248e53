from dataclasses import dataclass
from datetime import datetime

from application.escalation.stop import update_of
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.links import Links
from application.ports.notifications import Attempt, DueNotification, NotificationRepository
from application.ports.notifier import Delivery, Message, Notifiers, Outcome
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from domain.incident.incident import IncidentStatus
from domain.notification.contact import Channel
from domain.notification.notification import Notification, Purpose
from domain.shared.change import Change
from domain.shared.ids import NotificationId


@dataclass(frozen=True, slots=True)
class DeliverNotification:
    """Sends one leased notification and records how that ended.

    No transaction is open while it sends. What it has to say is refused when another courier holds a later attempt.
    """

    notifications: NotificationRepository
    notifiers: Notifiers
    links: Links
    transaction: Transaction
    clock: Clock
    ids: IdFactory
    randomness: Randomness

    async def __call__(self, due: DueNotification) -> Outcome | None:
        """How the attempt ended; None when another courier has taken over, whose word counts."""
        leased = due.notification
        started_at = self.clock.now()
        current = await self.notifications.get(leased.id)
        if current.attempts != leased.attempts:
            return None
        if current.was_overtaken:
            withheld = Delivery(outcome=Outcome.WITHHELD, detail="somebody answered before it was sent")
            await self._settle(leased, withheld, started_at)
            return withheld.outcome
        delivery = await self.notifiers.of(leased.channel).send(self._message(due, started_at))
        await self._settle(leased, delivery, started_at)
        return delivery.outcome

    async def _settle(self, leased: Notification, delivery: Delivery, started_at: datetime) -> None:
        async with self.transaction:
            current = await self.notifications.get(leased.id)
            if current.attempts != leased.attempts:
                return  # the fence: our lease ran out, and somebody else's word counts now
            at = self.clock.now()
            change = self._after(current, delivery, at)
            await self.notifications.settle(
                change,
                Attempt(
                    notification_id=leased.id,
                    incident_id=leased.incident_id,
                    number=leased.attempts,
                    started_at=started_at,
                    finished_at=at,
                    outcome=delivery.outcome,
                    detail=delivery.detail,
                ),
            )
            if _asks_for_what_is_done(change.state):
                await self.notifications.add([update_of(change.state, NotificationId(self.ids.new()), at=at)])

    def _after(self, current: Notification, delivery: Delivery, at: datetime) -> Change[Notification]:
        match delivery.outcome:
            case Outcome.DELIVERED:
                return current.delivered(receipt=delivery.receipt, detail=delivery.detail, at=at)
            case Outcome.WITHHELD:
                return Change(current.cancel())
            case Outcome.REJECTED:
                return current.failed(detail=delivery.detail, at=at)
            case Outcome.RETRY | Outcome.UNKNOWN:
                return current.retry_or_fail(
                    is_unknown=delivery.outcome is Outcome.UNKNOWN,
                    wish=delivery.retry_after,
                    jitter=self.randomness.fraction(),
                    detail=delivery.detail,
                    at=at,
                )

    def _message(self, due: DueNotification, at: datetime) -> Message:
        notification, incident = due.notification, due.incident
        can_acknowledge = notification.purpose is Purpose.PAGE and incident.status is IncidentStatus.TRIGGERED
        return Message(
            notification_id=notification.id,
            incident_id=incident.id,
            incident_number=incident.number,
            user_id=notification.user_id,
            address=notification.address,
            title=incident.title,
            status=incident.status,
            severity=incident.severity,
            service=due.service_name,
            triggered_at=incident.triggered_at,
            attempt=notification.attempts,
            may_be_repeat=notification.may_be_repeat,
            version=incident.version,
            acknowledge_url=self.links.acknowledge(incident.id, notification.user_id, at=at)
            if can_acknowledge
            else None,
            incident_url=self.links.incident(incident.number),
            runbook_url=due.runbook_url,
            status_by=due.status_by,
            update_of=notification.update_of,
        )


def _asks_for_what_is_done(page: Notification) -> bool:
    """A page that an answer overtook on its way arrived with buttons: bring it up to date."""
    return page.purpose is Purpose.PAGE and page.was_overtaken and page.channel is Channel.SLACK and bool(page.receipt)

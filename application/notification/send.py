from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from application.notification.lease import LEASE
from application.ports.clock import Clock
from application.ports.links import Links
from application.ports.notifications import DueNotification, NotificationRepository, Subject
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifiers, Outcome
from domain.incident.incident import IncidentStatus
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import Notification, Purpose

# So long a lease is taken at its word. A courier that was held up for longer asks once more before it wakes somebody.
FRESH: Final = timedelta(seconds=1)


class Sent(NamedTuple):
    due: DueNotification
    delivery: Delivery
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class SendNotification:
    """Hands one leased notification to its channel. No transaction is open meanwhile, and nothing is stored."""

    notifications: NotificationRepository
    notifiers: Notifiers
    links: Links
    clock: Clock

    async def __call__(self, due: DueNotification) -> Sent:
        started_at = self.clock.now()
        delivery = await self._withheld(due, started_at)
        if delivery is None:
            delivery = await self._handed_over(due, started_at)
        return Sent(due, delivery, started_at, self.clock.now())

    async def _handed_over(self, due: DueNotification, at: datetime) -> Delivery:
        notification = due.notification
        notifier = self.notifiers.of(notification.channel)
        if due.subject is not None:
            return await notifier.send(self._message(notification, due.subject, at))
        assert notification.notice is not None, "a notification is about an incident, or is a notice"
        return await notifier.send_notice(self._notice_message(notification, notification.notice, at))

    async def _withheld(self, due: DueNotification, at: datetime) -> Delivery | None:
        leased = due.notification
        assert leased.next_deadline is not None
        is_fresh = at <= leased.next_deadline - LEASE + FRESH
        current = leased if is_fresh else await self.notifications.get(leased.id)
        if current.attempts != leased.attempts:
            return Delivery(outcome=Outcome.WITHHELD, detail="another courier has it")
        if current.was_overtaken:
            return Delivery(outcome=Outcome.WITHHELD, detail="somebody answered before it was sent")
        return None

    def _message(self, notification: Notification, subject: Subject, at: datetime) -> Message:
        incident = subject.incident
        asks = notification.purpose is Purpose.PAGE and incident.status is IncidentStatus.TRIGGERED
        return Message(
            notification_id=notification.id,
            incident_id=incident.id,
            incident_number=incident.number,
            user_id=notification.user_id,
            address=notification.address,
            title=incident.title,
            status=incident.status,
            severity=incident.severity,
            service=subject.service_name,
            triggered_at=incident.triggered_at,
            attempt=notification.attempts,
            may_be_repeat=notification.may_be_repeat,
            version=incident.version,
            acknowledge_url=self.links.acknowledge(incident.id, notification.user_id, at=at) if asks else None,
            incident_url=self.links.incident(incident.number),
            runbook_url=subject.runbook_url,
            status_by=subject.status_by,
            update_of=notification.update_of,
        )

    def _notice_message(self, notification: Notification, notice: Notice, at: datetime) -> NoticeMessage:
        is_drill = notice.kind is NoticeKind.DRILL
        return NoticeMessage(
            notification_id=notification.id,
            user_id=notification.user_id,
            address=notification.address,
            title=notice.title,
            text=notice.text,
            attempt=notification.attempts,
            may_be_repeat=notification.may_be_repeat,
            # A secret link is made for each message, and stored nowhere.
            url=self.links.drill(notification.id, notification.user_id, at=at) if is_drill else notice.url,
        )

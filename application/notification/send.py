"""One message over one channel: for one notification, or for a bundle of pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from application.notification.lease import LEASE, Bundle
from application.ports.clock import Clock
from application.ports.links import Links
from application.ports.notifications import DueNotification, NotificationRepository, Subject
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifiers, Outcome
from domain.incident.incident import IncidentStatus
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import BUNDLED_WITH, Notification, Purpose
from domain.shared.via import Via

# So long a lease is taken at its word. A courier that was held up for longer asks once more before it wakes somebody.
FRESH: Final = timedelta(seconds=1)
# A digest that has to be scrolled for long helps nobody; the list of open incidents has the rest.
DIGEST_INCIDENTS: Final = 10
DIGEST_TITLE_CHARACTERS: Final = 80  # one line of a phone held upright, or two


class Sent(NamedTuple):
    due: DueNotification
    delivery: Delivery
    started_at: datetime
    finished_at: datetime


class _Told(NamedTuple):
    """A page and the incident that it is about."""

    page: Notification
    subject: Subject


@dataclass(frozen=True, slots=True)
class SendNotification:
    """Hands leased notifications to their channel. No transaction is open meanwhile, and nothing is stored."""

    notifications: NotificationRepository
    notifiers: Notifiers
    links: Links
    clock: Clock

    async def __call__(self, bundle: Bundle) -> tuple[Sent, ...]:
        """How it ended for each."""
        started_at = self.clock.now()
        withheld = [(each, await self._withheld(each, started_at)) for each in bundle]
        leaving = tuple(each for each, reason in withheld if reason is None)
        ended = [(each, reason) for each, reason in withheld if reason is not None]
        if leaving:
            ended += await self._hand_over(leaving, started_at)
        finished_at = self.clock.now()
        return tuple(Sent(each, delivery, started_at, finished_at) for each, delivery in ended)

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

    async def _hand_over(self, leaving: Bundle, at: datetime) -> list[tuple[DueNotification, Delivery]]:
        notifier = self.notifiers.of(leaving[0].notification.channel)
        told = [_Told(each.notification, each.subject) for each in leaving if each.subject is not None]
        if not told:
            (alone,) = leaving
            notice = alone.notification.notice
            assert notice is not None, "a notification is about an incident, or is a notice"
            return [(alone, await notifier.send_notice(self._notice_message(alone.notification, notice, at)))]
        newest = told[-1]
        if len({each.subject.incident.id for each in told}) > 1:
            delivery = await notifier.send_notice(self._digest(told, at))
            return [(each, _bundled(delivery, leaving[0], count=len(leaving))) for each in leaving]
        delivery = await notifier.send(self._message(newest, told[:-1], at))
        *earlier, last = leaving
        return [(each, _bundled(delivery, last, count=len(leaving))) for each in earlier] + [(last, delivery)]

    def _message(self, told: _Told, earlier: Sequence[_Told], at: datetime) -> Message:
        notification, subject = told
        incident = subject.incident
        asks = notification.purpose is Purpose.PAGE and incident.status is IncidentStatus.TRIGGERED
        return Message(
            notification_id=notification.id,
            incident_id=incident.id,
            incident_number=incident.number,
            user_id=notification.user_id,
            destination_id=notification.destination_id,
            address=notification.address,
            title=incident.title,
            status=incident.status,
            severity=incident.severity,
            service=subject.service_name,
            triggered_at=incident.triggered_at,
            attempt=notification.attempts,
            may_be_repeat=any(each.page.may_be_repeat for each in (told, *earlier)),
            version=incident.version,
            acknowledge_url=self._acknowledge(told, at) if asks else None,
            incident_url=self.links.incident(incident.number),
            runbook_url=subject.runbook_url,
            status_by=subject.status_by,
            update_of=notification.update_of,
            speaks_for=tuple(each.page.id for each in earlier),
        )

    def _digest(self, told: Sequence[_Told], at: datetime) -> NoticeMessage:
        """One message about several incidents, the worst first and then the newest, each with its link."""
        newest = {each.subject.incident.id: each for each in told}.values()
        ordered = sorted(newest, key=lambda each: each.subject.incident.triggered_at, reverse=True)
        ordered.sort(key=lambda each: each.subject.incident.severity)
        lines = [line for each in ordered[:DIGEST_INCIDENTS] for line in self._digest_lines(each, at)]
        more = len(ordered) - DIGEST_INCIDENTS
        page = told[0].page
        return NoticeMessage(
            notification_id=page.id,
            user_id=page.user_id,
            destination_id=page.destination_id,
            address=page.address,
            title=f"{len(ordered)} incidents page {_whom(page)}, the worst: {_headline(ordered[0])}",
            text="\n".join([*lines, *([f"and {more} more"] if more > 0 else [])]),
            attempt=page.attempts,
            may_be_repeat=any(each.page.may_be_repeat for each in told),
            speaks_for=tuple(each.page.id for each in told),
        )

    def _digest_lines(self, told: _Told, at: datetime) -> tuple[str, str]:
        incident, service_name = told.subject.incident, told.subject.service_name
        since = f"{incident.triggered_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        link = self._acknowledge(told, at) or self.links.incident(incident.number)
        return f"{_headline(told)} ({service_name}), since {since}", link

    def _drill(self, notification: Notification, at: datetime) -> str:
        assert notification.user_id is not None, "a drill is to a person"
        via = Via(notification.channel.value)
        return self.links.drill(notification.id, notification.user_id, at=at, via=via)

    def _acknowledge(self, told: _Told, at: datetime) -> str | None:
        """A link acts as whom it was made for, so that a destination gets none: who reads it there is not known."""
        page = told.page
        if page.user_id is None:
            return None
        return self.links.acknowledge(told.subject.incident.id, page.user_id, at=at, via=Via(page.channel.value))

    def _notice_message(self, notification: Notification, notice: Notice, at: datetime) -> NoticeMessage:
        is_drill = notice.kind is NoticeKind.DRILL
        assert notification.user_id is not None, "a notice is to a person"
        return NoticeMessage(
            notification_id=notification.id,
            user_id=notification.user_id,
            address=notification.address,
            title=notice.title,
            text=notice.text,
            attempt=notification.attempts,
            may_be_repeat=notification.may_be_repeat,
            # A secret link is made for each message, and stored nowhere.
            url=self._drill(notification, at) if is_drill else notice.url,
            asks=is_drill,
        )


def _whom(page: Notification) -> str:
    return "you" if page.user_id is not None else "this channel"


def _headline(told: _Told) -> str:
    incident = told.subject.incident
    return f"{incident.severity} INC-{incident.number} {incident.title[:DIGEST_TITLE_CHARACTERS]}"


def _bundled(delivery: Delivery, carrier: DueNotification, *, count: int) -> Delivery:
    """How it ended for a page that another one's message spoke for: the receipt is the message's, and not its own."""
    detail = f"in one message for {count} pages: {delivery.detail}"
    if delivery.outcome is not Outcome.DELIVERED:
        return replace(delivery, detail=detail)
    return replace(delivery, detail=detail, receipt={BUNDLED_WITH: str(carrier.notification.id)})

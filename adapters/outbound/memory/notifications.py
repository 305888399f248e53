from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.event_log import append_events
from application.errors import NotFoundError
from application.ports.notifications import (
    Attempt,
    Cancelled,
    DueNotification,
    NotificationRepository,
    Settlement,
    Subject,
)
from domain.incident.incident import Incident
from domain.notification.bundle import BUNDLE_MOST
from domain.notification.contact import Channel
from domain.notification.notification import BUNDLED_WITH, Notification, NotificationStatus, Purpose
from domain.notification.throttle import Throttle, counted
from domain.shared.ids import IncidentId, NotificationId, UserId


@dataclass(frozen=True, slots=True)
class MemoryNotificationRepository(NotificationRepository):
    session: MemorySession

    async def add(self, notifications: Sequence[Notification]) -> None:
        stored = self.session.database.notifications
        known = {_unique_key(each) for each in stored.values()}
        for each in notifications:
            key = _unique_key(each)
            if key is not None and key in known:
                continue
            known.add(key)
            stored[each.id] = each

    async def lease_due(
        self, channel: Channel, *, at: datetime, until: datetime, limit: int
    ) -> tuple[DueNotification, ...]:
        stored = self.session.database.notifications
        due = sorted(
            (each.next_deadline, each.id)
            for each in stored.values()
            if each.channel is channel and each.next_deadline is not None and each.next_deadline <= at
        )
        first = [stored[notification_id] for _, notification_id in due[:limit]]
        contacts = {(each.recipient_id, each.address) for each in first if each.purpose is Purpose.PAGE}
        rest = (stored[notification_id] for _, notification_id in due[limit:])
        companions = [
            each for each in rest if each.purpose is Purpose.PAGE and (each.recipient_id, each.address) in contacts
        ]
        leased = []
        for before in (*first, *companions[:BUNDLE_MOST]):
            stored[before.id] = before.lease(until=until)
            leased.append(self._due(stored[before.id], before))
        return tuple(sorted(leased, key=lambda each: each.notification.id))

    async def hold_back(self, notifications: Mapping[NotificationId, datetime]) -> None:
        stored = self.session.database.notifications
        for notification_id, until in notifications.items():
            leased = stored[notification_id]
            stored[notification_id] = replace(
                leased, status=NotificationStatus.PENDING, attempts=leased.attempts - 1, next_deadline=until
            )

    async def count_messages(self, channel: Channel, asked: Mapping[str, int], *, at: datetime) -> dict[str, Throttle]:
        throttles = self.session.database.throttles
        for address, count in asked.items():
            throttles[channel, address] = counted(throttles.get((channel, address)), asked=count, at=at)
        return {address: throttles[channel, address] for address in asked}

    async def get(self, notification_id: NotificationId) -> Notification:
        try:
            return self.session.database.notifications[notification_id]
        except KeyError:
            raise NotFoundError("notification", notification_id) from None

    async def hold(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        stored = self.session.database.notifications
        return tuple(stored[each] for each in sorted(set(notification_ids)) if each in stored)

    async def of_same_steps(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        stored = self.session.database.notifications
        steps = {_step(stored[each]) for each in notification_ids if each in stored}
        pages = (each for each in stored.values() if each.purpose is Purpose.PAGE and each.run_id is not None)
        return tuple(sorted((page for page in pages if _step(page) in steps), key=lambda page: page.id))

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        for change, attempt in settlements:
            self.session.database.notifications[change.state.id] = change.state
            await self.record_attempts((attempt,))
            append_events(self.session, change.events)

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        self.session.database.attempts += tuple(attempts)

    async def record_receipts(self, receipts: Sequence[Attempt]) -> None:
        for receipt in receipts:
            known = {(each.notification_id, each.number, each.outcome) for each in self.session.database.attempts}
            if (receipt.notification_id, receipt.number, receipt.outcome) not in known:
                await self.record_attempts((receipt,))

    async def bundled_with(self, carrier: Notification) -> tuple[Notification, ...]:
        pages = (each for each in self.session.database.notifications.values() if each.user_id == carrier.user_id)
        others = (each for each in pages if each.id != carrier.id)
        bundled = (each for each in others if each.receipt.get(BUNDLED_WITH) == str(carrier.id))
        return tuple(sorted(bundled, key=lambda each: each.id))

    async def cancel_waiting(
        self, incident_ids: Collection[IncidentId], *, user_id: UserId | None = None
    ) -> dict[IncidentId, Cancelled]:
        stored = self.session.database.notifications
        counts: dict[IncidentId, Counter[NotificationStatus]] = defaultdict(Counter)
        for each in tuple(stored.values()):
            incident_id = each.incident_id
            if incident_id is None or incident_id not in incident_ids or user_id not in {None, each.user_id}:
                continue
            if each.purpose is Purpose.PAGE and each.next_deadline is not None:
                counts[incident_id][each.status] += 1
                is_pending = each.status is NotificationStatus.PENDING
                stored[each.id] = each.cancel() if is_pending else replace(each, was_overtaken=True)
        return {
            incident_id: Cancelled(count[NotificationStatus.PENDING], count[NotificationStatus.SENDING])
            for incident_id, count in counts.items()
        }

    async def delivered_to(self, incident_ids: Collection[IncidentId], channel: Channel) -> tuple[Notification, ...]:
        delivered = [
            each
            for each in self.session.database.notifications.values()
            if each.incident_id in incident_ids
            and each.channel is channel
            and each.purpose is Purpose.PAGE
            and each.status is NotificationStatus.SENT
        ]
        return tuple(sorted(delivered, key=lambda each: each.id))

    async def earliest_deadline(self, channel: Channel) -> datetime | None:
        stored = self.session.database.notifications.values()
        deadlines = (each.next_deadline for each in stored if each.channel is channel)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    async def backlog(self, *, at: datetime) -> dict[Channel, int]:
        due = (
            each.channel
            for each in self.session.database.notifications.values()
            if each.next_deadline is not None and each.next_deadline <= at
        )
        return dict(Counter(due))

    def _due(self, leased: Notification, before: Notification) -> DueNotification:
        lost_lease = before.status is NotificationStatus.SENDING
        due_at = before.next_deadline
        assert due_at is not None, "what is leased was due"
        if leased.incident_id is None:
            return DueNotification(leased, due_at, lost_lease, None)
        database = self.session.database
        return DueNotification(leased, due_at, lost_lease, subject_of(database, database.incidents[leased.incident_id]))


def subject_of(database: MemoryDatabase, incident: Incident) -> Subject:
    service = database.services[incident.service_id]
    answered_by = incident.resolved_by or incident.acknowledged_by
    return Subject(
        incident=incident,
        service_name=service.name,
        runbook_url=service.runbook_url,
        status_by=None if answered_by is None else database.users[answered_by].name,
        trace=database.traces.get(incident.id),
    )


def _step(page: Notification) -> tuple[object, ...]:
    return page.run_id, page.round, page.step, page.user_id


def _unique_key(notification: Notification) -> tuple[object, ...] | None:
    """What there is one of: a page for its run, round, step, user and rule; a notice for its key, user and contact."""
    each = notification
    if each.notice is not None:
        return each.notice.key, each.user_id, each.channel, each.address
    if each.purpose is Purpose.PAGE and each.run_id is not None:
        return each.run_id, each.round, each.step, each.recipient_id, each.rule_position
    return None

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from application.ports.escalations import RunRepository
from application.ports.event_log import EventLog
from application.ports.ids import IdFactory
from application.ports.notifications import Cancelled, NotificationRepository
from domain.escalation.events import EscalationStopped
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.shared.ids import IncidentId, NotificationId, UserId


@dataclass(frozen=True, slots=True)
class StopEscalations:
    """Somebody answered: in the transaction of the answer, nothing of these incidents waits any more (P3).

    Runs are taken before notifications are cancelled: a worker that is just making some finishes first, and they are
    cancelled with the rest.
    """

    runs: RunRepository
    notifications: NotificationRepository
    events: EventLog
    ids: IdFactory

    async def __call__(self, incident_ids: Collection[IncidentId], *, at: datetime) -> None:
        if not incident_ids:
            return
        await self.halt(incident_ids, at=at)
        await self._update_in_place(incident_ids, at)

    async def halt(self, incident_ids: Collection[IncidentId], *, at: datetime) -> None:
        """The same when nobody answered, because another run takes over: messages go on asking."""
        running = await self.runs.running_of(incident_ids)
        await self.runs.save([run.stop() for run in running])
        cancelled = await self.notifications.cancel_waiting(incident_ids)
        nothing = Cancelled(0, 0)
        await self.events.append(
            [
                EscalationStopped(
                    incident_id=run.incident_id,
                    run_id=run.id,
                    cancelled=cancelled.get(run.incident_id, nothing).cancelled,
                    under_way=cancelled.get(run.incident_id, nothing).under_way,
                    at=at,
                )
                for run in running
            ]
        )

    async def of_person(self, incident_id: IncidentId, user_id: UserId) -> None:
        """One person answered, and others are still waited for: what waits for that person is cancelled."""
        await self.runs.running_of({incident_id})  # a worker that is just making pages finishes first
        await self.notifications.cancel_waiting({incident_id}, user_id=user_id)

    async def _update_in_place(self, incident_ids: Collection[IncidentId], at: datetime) -> None:
        """Slack messages that were sent must not go on asking for what has been done."""
        delivered = await self.notifications.delivered_to(incident_ids, Channel.SLACK)
        await self.notifications.add(
            [update_of(page, NotificationId(self.ids.new()), at=at) for page in delivered if page.can_be_updated]
        )


def update_of(page: Notification, notification_id: NotificationId, *, at: datetime) -> Notification:
    """The courtesy message that brings a delivered page up to date."""
    return replace(
        page,
        id=notification_id,
        purpose=Purpose.UPDATE,
        status=NotificationStatus.PENDING,
        created_at=at,
        next_deadline=at,
        attempts=0,
        may_be_repeat=False,
        was_overtaken=False,
        receipt={},
        update_of=page.receipt,
    )

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.notifications import Attempt, DueNotification, NotificationRepository, Settlement
from application.ports.notifier import Outcome
from application.ports.transaction import Transaction
from domain.notification.contact import Channel
from domain.notification.notification import Notification

# Longer than any notifier's own time-out, or a slow send would be sent twice.
LEASE: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class LeaseNotifications:
    """A courier takes what is due on its channel, at most as many as it can send at once.

    The lease is committed before anything is sent, so that a crash in between leaves a doubt, which the next message
    states, and never a silence.
    """

    notifications: NotificationRepository
    transaction: Transaction
    clock: Clock

    async def __call__(self, channel: Channel, *, limit: int) -> tuple[DueNotification, ...]:
        async with self.transaction:
            at = self.clock.now()
            due = await self.notifications.lease_due(channel, at=at, until=at + LEASE, limit=limit)
            await self.notifications.record_attempts(
                [
                    Attempt(
                        notification_id=each.notification.id,
                        incident_id=each.notification.incident_id,
                        number=each.notification.attempts - 1,
                        started_at=at,
                        finished_at=at,
                        outcome=Outcome.UNKNOWN,
                        detail="the courier was lost before it could tell",
                    )
                    for each in due
                    if each.lost_lease
                ]
            )
            return tuple([each for each in due if not await self._is_given_up(each.notification, at)])

    async def _is_given_up(self, leased: Notification, at: datetime) -> bool:
        """One that takes its courier down every time must fail where it is seen, not be tried for ever."""
        if leased.attempts <= leased.attempts_allowed:
            return False
        change = leased.failed(detail=f"gave up after {leased.attempts_allowed} couriers were lost", at=at)
        attempt = Attempt(
            notification_id=leased.id,
            incident_id=leased.incident_id,
            number=leased.attempts,
            started_at=at,
            finished_at=at,
            outcome=Outcome.WITHHELD,
            detail="not sent: too many couriers were lost before",
        )
        await self.notifications.settle([Settlement(change, attempt)])
        return True

from dataclasses import dataclass

from application.notification.send import SendNotification
from application.notification.settle import SettleNotifications
from application.ports.notifications import DueNotification
from application.ports.notifier import Outcome


@dataclass(frozen=True, slots=True)
class DeliverNotification:
    """Sends one leased notification and records how that ended."""

    send: SendNotification
    settle: SettleNotifications

    async def __call__(self, due: DueNotification) -> Outcome | None:
        """How the attempt ended; None when another courier has taken over, whose word counts."""
        sent = await self.send(due)
        return sent.delivery.outcome if await self.settle((sent,)) else None

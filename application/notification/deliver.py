from dataclasses import dataclass

from application.notification.lease import Bundle
from application.notification.send import SendNotification
from application.notification.settle import SettleNotifications
from application.ports.notifier import Outcome


@dataclass(frozen=True, slots=True)
class DeliverNotification:
    """Sends one message for what was leased together, and records how that ended."""

    send: SendNotification
    settle: SettleNotifications

    async def __call__(self, bundle: Bundle) -> tuple[Outcome, ...]:
        """How the attempts ended; without those that another courier has taken over, whose word counts."""
        sent = await self.send(bundle)
        counted = await self.settle(sent)
        return tuple(each.delivery.outcome for each in sent if each.due.notification.id in counted)

from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs
from application.ports.notifications import NotificationRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.notice import NoticeKind
from domain.notification.notification import Notification
from domain.shared.ids import NotificationId


@dataclass(frozen=True, slots=True)
class GetDrill:
    """A test page as its own person may look at it."""

    notifications: NotificationRepository

    async def __call__(self, notification_id: NotificationId, *, actor: Actor) -> Notification:
        """Raises `ForbiddenError`, `NotFoundError`: also for what is another's, or no drill."""
        require(actor, Permission.READ)
        notification = await self.notifications.get(notification_id)
        is_drill = notification.notice is not None and notification.notice.kind is NoticeKind.DRILL
        if not is_drill or notification.user_id != actor.user_id:
            raise NotFoundError("drill", notification_id)
        return notification


@dataclass(frozen=True, slots=True)
class ConfirmDrill:
    """Somebody says that a test page arrived, which proves the contact."""

    get_drill: GetDrill
    proofs: ContactProofs
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, notification_id: NotificationId, *, actor: Actor) -> Notification:
        """Raises `ForbiddenError`, `NotFoundError`: also when the contact is no longer theirs."""
        drill = await self.get_drill(notification_id, actor=actor)
        async with self.transaction:
            at = self.clock.now()
            assert drill.user_id is not None, "a drill is to a person"
            if not await self.proofs.confirm(drill.user_id, drill.channel, drill.address, at=at):
                raise NotFoundError("contact", drill.address)
            after = {"channel": str(drill.channel), "address": drill.address}
            await self.record_audit("user.confirm_drill", drill.user_id, actor=actor, at=at, after=after)
        return drill

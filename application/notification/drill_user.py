from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.notification.drill import Drill, Drilled
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class DrillUser:
    """A test page for one person, asked for by themselves or by an admin."""

    users: UserRepository
    drill: Drill
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, user_id: UserId, *, actor: Actor) -> Drilled:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.RESPOND if actor.user_id == user_id else Permission.ADMINISTER)
        async with self.transaction:
            at = self.clock.now()
            await self.users.look_up(user_id)
            drilled = await self.drill([user_id], at=at)
            after = {"is_reachable": bool(drilled.told)}
            await self.record_audit("user.drill", user_id, actor=actor, at=at, after=after)
            return drilled

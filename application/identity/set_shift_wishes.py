from dataclasses import asdict, dataclass

from application.audit.record import RecordAudit
from application.identity.self_or_admin import require_self_or_admin
from application.ports.clock import Clock
from application.ports.shift_wishes import ShiftWishesRepository
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class SetShiftWishes:
    """A user, or an admin for them, says which notices of their shifts they want. Pages and requests come as before."""

    users: UserRepository
    shift_wishes: ShiftWishesRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        user_id: UserId,
        *,
        ahead: bool | None = None,
        started: bool | None = None,
        ended: bool | None = None,
        actor: Actor,
    ) -> ShiftWishes:
        """What is None stays as it is. Raises `ForbiddenError`, `NotFoundError`."""
        require_self_or_admin(actor, user_id)
        async with self.transaction:
            await self.users.get(user_id)  # held, so that two who change different wishes keep both
            before = (await self.shift_wishes.of([user_id])).get(user_id, ShiftWishes())
            wishes = ShiftWishes(
                ahead=before.ahead if ahead is None else ahead,
                started=before.started if started is None else started,
                ended=before.ended if ended is None else ended,
            )
            if wishes == before:
                return before
            await self.shift_wishes.save(user_id, wishes)
            await self.record_audit(
                "user.set_shift_wishes",
                user_id,
                actor=actor,
                at=self.clock.now(),
                before=asdict(before),
                after=asdict(wishes),
            )
            return wishes

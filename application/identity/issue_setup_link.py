from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError
from application.identity.setup_link import MakeSetupLink
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class IssueSetupLink:
    """An admin gives somebody who forgot their password a link to choose another. The old one works until then."""

    users: UserRepository
    make_setup_link: MakeSetupLink
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, user_id: UserId, *, actor: Actor) -> str:
        """The link's secret. Raises `ForbiddenError`, `NotFoundError`, and `ConflictError` for an inactive user."""
        require(actor, Permission.ADMINISTER)
        async with self.transaction:
            at = self.clock.now()
            user = await self.users.get(user_id)
            if not user.is_active:
                raise ConflictError("user", user_id, "is not active")
            secret = await self.make_setup_link(user_id, at=at)
            await self.record_audit("user.issue_setup_link", user_id, actor=actor, at=at)
            return secret

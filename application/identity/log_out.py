from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.errors import NotFoundError, UnauthenticatedError
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.tokens import RefreshTokens
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class LogOut:
    """A user ends a session, and with it its access tokens."""

    users: UserRepository
    credentials: CredentialRepository
    refresh_tokens: RefreshTokens
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, refresh_token: str, *, address: str = "", request_id: str = "") -> None:
        """Any token of the session will do, and one that is nobody's has no effect: the caller is out either way."""
        try:
            session_id = self.refresh_tokens.session_of(refresh_token)
        except UnauthenticatedError:
            return
        async with self.transaction:
            try:
                session = await self.credentials.get_session(session_id)
            except NotFoundError:
                return
            at = self.clock.now()
            if not await self.credentials.revoke_session(session_id, at=at):
                return
            user = await self.users.look_up(session.user_id)
            actor = Actor(user_id=user.id, role=user.role, address=address, request_id=request_id)
            await self.record_audit("user.log_out", user.id, actor=actor, at=at)

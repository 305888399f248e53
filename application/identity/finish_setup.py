from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.errors import UnauthenticatedError
from application.identity.tokens import BeginSession, Tokens
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.passwords import PasswordHasher
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.identity.credential import secret_hash
from domain.identity.password import require_password
from domain.identity.user import User


@dataclass(frozen=True, slots=True)
class FinishSetup:
    """A user chooses a password by a one-time link, and is logged in. Every older session ends."""

    users: UserRepository
    credentials: CredentialRepository
    passwords: PasswordHasher
    begin_session: BeginSession
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, setup_secret: str, new_password: str, *, address: str = "", request_id: str = ""
    ) -> Tokens:
        """Raises `InvalidValueError`, which does not use up the link, and `UnauthenticatedError` when it is no good."""
        link_hash = secret_hash(setup_secret)
        user = await self._user_of(link_hash)
        require_password(new_password, email=user.email)
        password_hash = await self.passwords.hash(new_password)  # only for a good link: hashing is dear
        async with self.transaction:
            at = self.clock.now()
            current = await self.users.get(user.id)
            if not current.is_active or not await self.credentials.use_setup_link(link_hash, at=at):
                raise _no_good()
            await self.users.save(replace(current, password_hash=password_hash))
            await self.credentials.revoke_sessions_of(user.id, at=at)
            actor = Actor(
                user_id=user.id,
                role=current.role,
                credential=CredentialKind.LINK,
                address=address,
                request_id=request_id,
            )
            await self.record_audit("user.finish_setup", user.id, actor=actor, at=at)
            return await self.begin_session(user.id, at=at)

    async def _user_of(self, link_hash: bytes) -> User:
        link = await self.credentials.setup_link(link_hash)
        if link is None or not link.is_good(at=self.clock.now()):
            raise _no_good()
        return await self.users.look_up(link.user_id)


def _no_good() -> UnauthenticatedError:
    return UnauthenticatedError("this link was used, replaced or has expired: ask an admin for a new one")

from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.errors import ConflictError, ForbiddenError
from application.identity.tokens import BeginSession, Tokens
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.passwords import PasswordHasher
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.identity.password import PASSWORD_CHARACTERS_MAX, require_password


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """A user replaces their own password. Every session ends, and one begins for whoever changed it."""

    users: UserRepository
    credentials: CredentialRepository
    passwords: PasswordHasher
    begin_session: BeginSession
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, old: str, new: str, *, actor: Actor) -> Tokens:
        """Raises `ForbiddenError` unless logged in and the old one is right; `InvalidValueError`, `ConflictError`."""
        if actor.credential is not CredentialKind.SESSION:
            raise ForbiddenError("log in to change the password: keys and links cannot")
        user = await self.users.look_up(actor.user_id)
        require_password(new, email=user.email)
        if user.password_hash is None or len(old) > PASSWORD_CHARACTERS_MAX:
            raise ForbiddenError("the old password is not right")
        if not (await self.passwords.check(old, user.password_hash)).is_right:
            raise ForbiddenError("the old password is not right")
        new_hash = await self.passwords.hash(new)
        async with self.transaction:
            at = self.clock.now()
            current = await self.users.get(user.id)
            if current.password_hash != user.password_hash:
                raise ConflictError("user", user.id)
            await self.users.save(replace(current, password_hash=new_hash))
            await self.credentials.revoke_sessions_of(user.id, at=at)
            await self.record_audit("user.change_password", user.id, actor=actor, at=at)
            return await self.begin_session(user.id, at=at)

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.audit.record import RecordAudit
from application.errors import ConflictError, UnauthenticatedError
from application.identity.tokens import BeginSession, Tokens
from application.ports.clock import Clock
from application.ports.passwords import PasswordCheck, PasswordHasher
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.audit.entry import AuditEntry
from domain.identity.actor import Actor
from domain.identity.password import PASSWORD_CHARACTERS_MAX
from domain.identity.user import User
from domain.shared.via import Via

NOBODY: Final = UUID(int=0)  # whom a refused login with an unknown name was about


@dataclass(frozen=True, slots=True)
class LogIn:
    """A user shows name and password, and a session begins."""

    users: UserRepository
    passwords: PasswordHasher
    begin_session: BeginSession
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, email: str, password: str, *, address: str = "", request_id: str = "") -> Tokens:
        """Unknown, wrong and inactive are answered alike, after a like time.

        Raises:
            UnauthenticatedError: this name and this password do not open anything.
            ConflictError: the password was right, and was changed or hashed anew at this moment; try again.
        """
        user = await self._named(email.strip().lower())
        check = await self._check(user, password)  # outside the transaction: it is slow, and would hold a connection
        tokens = None
        async with self.transaction:
            if user is not None and check.is_right:
                tokens = await self._let_in(user, check, address=address, request_id=request_id)
            if tokens is None:
                await self._record_refusal(user, address=address, request_id=request_id)
        if tokens is None:
            raise UnauthenticatedError("e-mail address and password do not match")
        return tokens

    async def _named(self, email: str) -> User | None:
        # Storage takes neither control characters nor halves of characters, and no user's address has any.
        return await self.users.by_email(email) if email.isprintable() else None

    async def _check(self, user: User | None, password: str) -> PasswordCheck:
        if user is None or user.password_hash is None or len(password) > PASSWORD_CHARACTERS_MAX:
            await self.passwords.check_nobody()
            return PasswordCheck(is_right=False)
        return await self.passwords.check(password, user.password_hash)

    async def _let_in(self, user: User, check: PasswordCheck, *, address: str, request_id: str) -> Tokens | None:
        current = await self.users.get(user.id)
        if not current.is_active:
            return None
        if current.password_hash != user.password_hash:  # while the one that was read was being checked
            raise ConflictError("user", user.id)
        if check.new_hash is not None:
            await self.users.save(replace(current, password_hash=check.new_hash))
        at = self.clock.now()
        actor = Actor(user_id=user.id, role=current.role, address=address, request_id=request_id)
        await self.record_audit("user.log_in", user.id, actor=actor, at=at)
        return await self.begin_session(user.id, at=at)

    async def _record_refusal(self, user: User | None, *, address: str, request_id: str) -> None:
        """The name that was tried is not kept when it is nobody's: people type passwords into that field."""
        await self.record_audit.log.append(
            AuditEntry(
                id=self.record_audit.ids.new(),
                at=self.clock.now(),
                action="user.refuse_log_in",
                noun="user",
                noun_id=NOBODY if user is None else user.id,
                actor_id=None,
                via=Via.API,
                address=address,
                request_id=request_id,
            )
        )

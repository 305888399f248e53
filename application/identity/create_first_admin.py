from dataclasses import dataclass, field, replace

from application.audit.record import RecordAudit
from application.errors import ConflictError
from application.identity.facts import user_facts
from application.identity.setup_link import MakeSetupLink
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.passwords import PasswordHasher
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Role
from domain.identity.user import User
from domain.shared.ids import UserId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdmin:
    user: User
    password: str = field(repr=False)  # good until another is chosen; shown once
    setup_secret: str = field(repr=False)  # for the link by which another is chosen; shown once


@dataclass(frozen=True, slots=True)
class CreateFirstAdmin:
    """The operator, at the database, gets in while there is nobody who could let them in."""

    users: UserRepository
    passwords: PasswordHasher
    secrets: SecretFactory
    make_setup_link: MakeSetupLink
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, *, email: str, name: str) -> FirstAdmin:
        """Raises `InvalidValueError`, and `ConflictError` when there is an active admin or the address is taken."""
        user = User(id=UserId(self.ids.new()), email=email.strip().lower(), name=name.strip(), role=Role.ADMIN)
        password = self.secrets.password()
        password_hash = await self.passwords.hash(password)
        async with self.transaction:
            admins = await self.users.active_admins()
            if admins:
                raise ConflictError("user", min(admins), "is an admin already: ask them to let you in")
            at = self.clock.now()
            saved = await self.users.save(replace(user, password_hash=password_hash))
            secret = await self.make_setup_link(saved.id, at=at)
            operator = Actor(user_id=saved.id, role=Role.ADMIN, via=Via.CLI, credential=CredentialKind.LOCAL)
            await self.record_audit("user.create", saved.id, actor=operator, at=at, after=user_facts(saved))
            return FirstAdmin(user=saved, password=password, setup_secret=secret)

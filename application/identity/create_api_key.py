from dataclasses import dataclass, field

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError, ForbiddenError
from application.identity.facts import key_facts
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.ids import IdFactory
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.credential import API_KEY_DAYS_DEFAULT, ApiKey, key_expiry, require_scopes, secret_hash
from domain.identity.role import Permission
from domain.shared.ids import ApiKeyId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    key: ApiKey
    secret: str = field(repr=False)  # shown once


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """An admin lets a machine act as a user, within scopes and for a time."""

    users: UserRepository
    credentials: CredentialRepository
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        *,
        name: str,
        scopes: frozenset[Permission],
        expires_in_days: int = API_KEY_DAYS_DEFAULT,
        user_id: UserId | None = None,
        actor: Actor,
    ) -> NewApiKey:
        """The key acts as `user_id`, or as the actor.

        Raises:
            ForbiddenError: not an admin, or the actor's own credential has not all of the scopes.
            InvalidValueError: scopes beyond the user's role, or none, or too long a time.
            NotFoundError, and ConflictError for an inactive user.
        """
        require(actor, Permission.ADMINISTER)
        if not scopes <= actor.scopes:
            raise ForbiddenError("a key cannot make another that may do more than itself")
        secret = self.secrets.api_key()
        async with self.transaction:
            at = self.clock.now()
            user = await self.users.get(user_id or actor.user_id)
            if not user.is_active:
                raise ConflictError("user", user.id, "is not active")
            require_scopes(scopes, role=user.role)
            key = ApiKey(
                id=ApiKeyId(self.ids.new()),
                user_id=user.id,
                name=name.strip(),
                secret_hash=secret_hash(secret),
                scopes=scopes,
                created_at=at,
                expires_at=key_expiry(expires_in_days, at=at),
            )
            await self.credentials.add_key(key)
            await self.record_audit("api_key.create", key.id, actor=actor, at=at, after=key_facts(key))
            return NewApiKey(key=key, secret=secret)

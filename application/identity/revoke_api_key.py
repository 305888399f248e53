from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.identity.facts import key_facts
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.credential import ApiKey
from domain.identity.role import Permission
from domain.shared.ids import ApiKeyId


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """An admin ends a key. Doing it again changes nothing."""

    credentials: CredentialRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, key_id: ApiKeyId, *, actor: Actor) -> ApiKey:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.ADMINISTER)
        async with self.transaction:
            key = await self.credentials.get_key(key_id)
            at = self.clock.now()
            revoked = key.revoke(at=at)
            if not await self.credentials.revoke_key(key_id, at=at):
                return key
            await self.record_audit(
                "api_key.revoke", key_id, actor=actor, at=at, before=key_facts(key), after=key_facts(revoked)
            )
            return revoked

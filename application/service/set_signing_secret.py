from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.transaction import Transaction
from application.ports.vault import Vault
from application.service.rotate_integration_key import OVERLAP_DEFAULT, require_overlap
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.integration import Integration
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId

# Shorter than eight characters can be guessed from one signed body; senders' own have 32 to 64.
SIGNING_SECRET_CHARACTERS_MIN: Final = 8
SIGNING_SECRET_CHARACTERS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class SetSigningSecret:
    """An integration's sender signs with a secret from now on, or with another one, or no more."""

    integrations: IntegrationRepository
    vault: Vault
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        integration_id: IntegrationId,
        secret: str | None,
        *,
        overlap: timedelta = OVERLAP_DEFAULT,
        version: int | None = None,
        actor: Actor,
    ) -> Integration:
        """None: what is unsigned is taken. The secret before it stays good for the overlap.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`.
        """
        require_overlap(overlap)
        if secret is not None:
            _require_secret(secret)
        async with self.transaction:
            at = self.clock.now()
            before = await self.integrations.get(integration_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("integration", integration_id, expected=version, stored=before.version)
            after = (
                before.without_signature()
                if secret is None
                else before.sign_with(self.vault.seal(secret, owner=integration_id), overlap_ends_at=at + overlap)
            )
            stored = await self.integrations.save(after)
            await self.record_audit(
                "integration.set_signing_secret",
                integration_id,
                actor=actor,
                at=at,
                before=describe(before) | {"is_signed": before.is_signed},
                after=describe(stored) | {"is_signed": stored.is_signed},
            )
            return stored


def _require_secret(secret: str) -> None:
    # Counted as it is: white space is a part of what is signed with.
    if not SIGNING_SECRET_CHARACTERS_MIN <= len(secret) <= SIGNING_SECRET_CHARACTERS_MAX:
        allowed = f"{SIGNING_SECRET_CHARACTERS_MIN} to {SIGNING_SECRET_CHARACTERS_MAX}"
        raise InvalidValueError("secret", f"has {len(secret)} characters, allowed are {allowed}")

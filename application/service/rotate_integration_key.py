from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from application.service.integration_key import IssuedIntegration, new_key
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Permission
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId

OVERLAP_DEFAULT: Final = timedelta(hours=24)
OVERLAP_MAX: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RotateIntegrationKey:
    """An integration gets a new key, shown this once; the old one is good for an overlap, the one before it no more."""

    integrations: IntegrationRepository
    randomness: Randomness
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        integration_id: IntegrationId,
        *,
        overlap: timedelta = OVERLAP_DEFAULT,
        version: int | None = None,
        actor: Actor,
    ) -> IssuedIntegration:
        """Without an overlap the old key, which may have leaked, ends at once.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`.
        """
        require_overlap(overlap)
        key = new_key(self.randomness)
        async with self.transaction:
            at = self.clock.now()
            before = await self.integrations.get(integration_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("integration", integration_id, expected=version, stored=before.version)
            stored = await self.integrations.save(before.rotate_key(secret_hash(key), overlap_ends_at=at + overlap))
            await self.record_audit(
                "integration.rotate_key",
                integration_id,
                actor=actor,
                at=at,
                before=describe(before),
                after=describe(stored),
            )
            return IssuedIntegration(stored, key)


def require_overlap(overlap: timedelta) -> None:
    """Raises `InvalidValueError` for more time than a rotation takes, or less than none."""
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        raise InvalidValueError("overlap", f"must be from 0 to {OVERLAP_MAX.days} days")

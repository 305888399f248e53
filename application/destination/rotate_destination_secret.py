from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.audit.record import RecordAudit
from application.authorize import require
from application.destination.create_destination import IssuedDestination
from application.ports.clock import Clock
from application.ports.destinations import DestinationRepository, DestinationSecrets
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.errors import InvalidValueError
from domain.shared.ids import DestinationId

OVERLAP_DEFAULT: Final = timedelta(hours=24)
OVERLAP_MAX: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RotateDestinationSecret:
    """A new secret, shown this once. Until the overlap ends messages are signed with the old one as well."""

    destinations: DestinationRepository
    destination_secrets: DestinationSecrets
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, destination_id: DestinationId, *, overlap: timedelta = OVERLAP_DEFAULT, actor: Actor
    ) -> IssuedDestination:
        """Without an overlap the old secret, which may have leaked, signs nothing more.

        Raises `ForbiddenError`, `NotFoundError`, and `InvalidValueError` for a kind that signs nothing.
        """
        require(actor, Permission.READ)
        if not timedelta(0) <= overlap <= OVERLAP_MAX:
            raise InvalidValueError("overlap", f"must be from 0 to {OVERLAP_MAX.days} days")
        secret = self.secrets.webhook_secret()
        async with self.transaction:
            at = self.clock.now()
            destination = await self.destinations.get(destination_id)
            require(actor, Permission.CONFIGURE, team_id=destination.team_id)
            if not destination.is_signed:
                raise InvalidValueError("destination", f"is of the kind {destination.kind}, which signs nothing")
            await self.destination_secrets.put(destination_id, secret, old_expires_at=at + overlap)
            await self.record_audit(
                "destination.rotate_secret",
                destination_id,
                actor=actor,
                at=at,
                after={"old_expires_at": (at + overlap).isoformat()},
            )
            return IssuedDestination(destination, secret)

from dataclasses import dataclass, field

from application.audit.record import RecordAudit
from application.authorize import require
from application.destination.access import described
from application.errors import ConflictError
from application.ports.clock import Clock
from application.ports.destinations import DestinationRepository, DestinationSecrets
from application.ports.ids import IdFactory
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.references import Reference, ReferenceKind, References
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.destination import Destination, DestinationKind
from domain.shared.ids import DestinationId, TeamId
from domain.shared.limits import DESTINATIONS


@dataclass(frozen=True, slots=True)
class IssuedDestination:
    """A destination with its new secret, which nobody can be shown again; None: its kind signs nothing."""

    destination: Destination
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CreateDestination:
    """A team names a channel, a topic or a server of its own, for policies to tell."""

    destinations: DestinationRepository
    destination_secrets: DestinationSecrets
    outgoing_addresses: OutgoingAddresses
    references: References
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self, *, team_id: TeamId, name: str, kind: DestinationKind, address: str, actor: Actor
    ) -> IssuedDestination:
        """Raises `ForbiddenError`, `InvalidValueError`, `ConflictError` when the name is taken or they are too many."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        destination = Destination(
            id=DestinationId(self.ids.new()), team_id=team_id, name=name.strip(), kind=kind, address=address
        )
        await check_address(self.outgoing_addresses, destination)
        secret = self.secrets.webhook_secret() if destination.is_signed else None
        async with self.transaction:
            at = self.clock.now()
            team = NamedReference("team_id", Reference(ReferenceKind.TEAM, team_id))
            await require_known(self.references, (team,))
            if await self.destinations.count() >= DESTINATIONS:
                raise ConflictError("destination", name, f"would be one more than the {DESTINATIONS} there may be")
            stored = await self.destinations.save(destination)
            if secret is not None:
                await self.destination_secrets.put(stored.id, secret, old_expires_at=at)
            await self.record_audit("destination.create", stored.id, actor=actor, at=at, after=described(stored))
            return IssuedDestination(stored, secret)


async def check_address(outgoing_addresses: OutgoingAddresses, destination: Destination) -> None:
    """Outside of a transaction, since it may ask a name server. Raises `InvalidValueError`."""
    if "://" in destination.address:
        await outgoing_addresses.check_url(destination.address)

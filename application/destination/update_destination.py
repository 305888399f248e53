from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.authorize import require
from application.destination.access import described
from application.destination.create_destination import check_address
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.destination_proofs import DestinationProofs
from application.ports.destinations import DestinationRepository
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.destination import Destination
from domain.shared.ids import DestinationId


@dataclass(frozen=True, slots=True)
class UpdateDestination:
    """A destination gets another name or address. Team, kind and secret stay, and pages that wait go as they are."""

    destinations: DestinationRepository
    proofs: DestinationProofs
    outgoing_addresses: OutgoingAddresses
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, destination_id: DestinationId, *, name: str, address: str, version: int | None = None, actor: Actor
    ) -> Destination:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.READ)
        seen = await self.destinations.look_up(destination_id)
        require(actor, Permission.CONFIGURE, team_id=seen.team_id)
        if address != seen.address:
            await check_address(self.outgoing_addresses, replace(seen, address=address))
        async with self.transaction:
            before = await self.destinations.get(destination_id)
            require_version("destination", destination_id, expected=version, stored=before.version)
            stored = await self.destinations.save(replace(before, name=name.strip(), address=address))
            if address != before.address:
                await self.proofs.forget(destination_id)
            await self.record_audit(
                "destination.update",
                destination_id,
                actor=actor,
                at=self.clock.now(),
                before=described(before),
                after=described(stored),
            )
            return stored

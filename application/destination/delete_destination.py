from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.destination.access import described
from application.errors import ConflictError
from application.ports.clock import Clock
from application.ports.destinations import DestinationRepository, DestinationUses
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import DestinationId


@dataclass(frozen=True, slots=True)
class DeleteDestination:
    """A team does without a destination. What it was told stays in the ledger."""

    destinations: DestinationRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, destination_id: DestinationId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError` while a policy or a last resort names it."""
        require(actor, Permission.READ)
        async with self.transaction:
            before = await self.destinations.get(destination_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            uses = await self.destinations.uses_of(destination_id)
            if uses.is_used:
                raise ConflictError("destination", before.name, _reason(uses))
            await self.destinations.delete(destination_id)
            await self.record_audit(
                "destination.delete", destination_id, actor=actor, at=self.clock.now(), before=described(before)
            )


def _reason(uses: DestinationUses) -> str:
    if not uses.policies:
        return "is named by a fall-back of last resort; name another there first"
    more = f" and {uses.more_policies} more" if uses.more_policies else ""
    return f"is named by the policies {', '.join(uses.policies)}{more}; take it out of them first"

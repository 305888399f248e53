from collections.abc import Collection, Mapping
from dataclasses import dataclass

from application.authorize import require
from application.ports.destination_proofs import DestinationProofs, RefusingDestination
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId
from domain.shared.limits import DESTINATIONS


@dataclass(frozen=True, slots=True)
class FindRefusingDestinations:
    """Channels and servers that took nothing since they refused for good."""

    proofs: DestinationProofs

    async def __call__(self) -> tuple[RefusingDestination, ...]:
        """All there are, by name: one statement."""
        return await self.proofs.refusing(limit=DESTINATIONS)

    async def among(
        self, destination_ids: Collection[DestinationId], *, actor: Actor
    ) -> Mapping[DestinationId, DestinationProof]:
        """Of these. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        found = await self.proofs.of(destination_ids)
        return {key: proof for key, proof in found.items() if proof.is_refusing}

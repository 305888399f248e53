from collections.abc import Collection, Mapping
from dataclasses import dataclass

from application.authorize import require
from application.ports.destination_proofs import DestinationProofs, RefusingDestination
from application.ports.destinations import DestinationRepository
from domain.escalation.policy import DESTINATIONS as WATCHED
from domain.escalation.policy import EscalationPolicy
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId
from domain.shared.limits import DESTINATIONS


@dataclass(frozen=True, slots=True)
class FindRefusingDestinations:
    """Channels and servers that took nothing since they refused for good."""

    proofs: DestinationProofs
    destinations: DestinationRepository

    async def __call__(self) -> tuple[RefusingDestination, ...]:
        """All there are, by name: one statement."""
        return await self.proofs.refusing(limit=DESTINATIONS)

    async def with_policies(self) -> tuple[tuple[RefusingDestination, tuple[str, ...]], ...]:
        """The same, each with the names of the policies that tell it: one statement more."""
        refusing = await self()
        policies = await self.destinations.policies_with({each.destination.id for each in refusing})
        return tuple((each, policies.get(each.destination.id, ())) for each in refusing)

    async def of_policy(self, policy: EscalationPolicy, *, actor: Actor) -> tuple[RefusingDestination, ...]:
        """Those that its steps tell, by name. Raises `ForbiddenError`."""
        told = (target for step in policy.steps for target in step.targets if target.kind in WATCHED)
        proofs = await self.among({DestinationId(target.id) for target in told}, actor=actor)
        destinations = await self.destinations.get_many(proofs)
        found = (RefusingDestination(each, proofs[key]) for key, each in destinations.items())
        return tuple(sorted(found, key=lambda each: each.destination.name))

    async def among(
        self, destination_ids: Collection[DestinationId], *, actor: Actor
    ) -> Mapping[DestinationId, DestinationProof]:
        """Of these. Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        found = await self.proofs.of(destination_ids)
        return {key: proof for key, proof in found.items() if proof.is_refusing}

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from application.ports.destination_proofs import DestinationProofs, RefusingDestination, TriedDestination
from application.ports.notifier import Outcome
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId


@dataclass(frozen=True, slots=True)
class MemoryDestinationProofs(DestinationProofs):
    session: MemorySession

    async def record(self, tries: Sequence[TriedDestination]) -> None:
        database = self.session.database
        for each in sorted(tries, key=lambda tried: tried.at):
            destination = database.destinations.get(each.destination_id)
            if destination is not None and destination.address == each.address:
                proof = database.destination_proofs.get(destination.id, DestinationProof(destination_id=destination.id))
                database.destination_proofs[destination.id] = _after(proof, each)

    async def forget(self, destination_id: DestinationId) -> None:
        self.session.database.destination_proofs.pop(destination_id, None)

    async def of(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, DestinationProof]:
        stored = self.session.database.destination_proofs
        return {each: stored[each] for each in destination_ids if each in stored}

    async def refusing(self, *, limit: int) -> tuple[RefusingDestination, ...]:
        database = self.session.database
        found = [
            RefusingDestination(database.destinations[proof.destination_id], proof)
            for proof in database.destination_proofs.values()
            if proof.is_refusing
        ]
        return tuple(sorted(found, key=lambda each: (each.destination.name, each.destination.id))[:limit])


def _after(proof: DestinationProof, tried: TriedDestination) -> DestinationProof:
    if proof.attempted_at is None or tried.at > proof.attempted_at:
        proof = replace(proof, attempted_at=tried.at)
    if tried.outcome is Outcome.DELIVERED and (proof.delivered_at is None or tried.at > proof.delivered_at):
        return replace(proof, delivered_at=tried.at)
    if tried.outcome is Outcome.REJECTED and (proof.refused_at is None or tried.at > proof.refused_at):
        return replace(proof, refused_at=tried.at, refusal=tried.detail)
    return proof

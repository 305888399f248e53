from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.destinations import destination_of
from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.destination_proofs import DestinationProofs, RefusingDestination, TriedDestination
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId

# In the order of the destinations, in which rows are locked; each once, however often a batch tried it.
_RECORD: Final = """
INSERT INTO destination_proofs AS p (destination_id, attempted_at, delivered_at, refused_at, refusal)
SELECT d.id, max(t.at), max(t.at) FILTER (WHERE t.outcome = 'delivered'),
  max(t.at) FILTER (WHERE t.outcome = 'rejected'),
  coalesce((array_agg(t.detail ORDER BY t.at DESC) FILTER (WHERE t.outcome = 'rejected'))[1], '')
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
  AS t (destination_id, address, at, outcome, detail)
JOIN destinations d ON d.id = t.destination_id AND d.address = t.address
GROUP BY d.id ORDER BY d.id
ON CONFLICT (destination_id) DO UPDATE SET attempted_at = greatest(p.attempted_at, excluded.attempted_at),
  delivered_at = greatest(p.delivered_at, excluded.delivered_at),
  refused_at = greatest(p.refused_at, excluded.refused_at),
  refusal = CASE WHEN p.refused_at IS NULL OR excluded.refused_at > p.refused_at THEN excluded.refusal
    ELSE p.refusal END
"""
_FORGET: Final = "DELETE FROM destination_proofs WHERE destination_id = $1"
_OF: Final = "SELECT * FROM destination_proofs WHERE destination_id = ANY($1::uuid[])"
# Of a few hundred destinations at most: no index is worth its writes.
_REFUSING: Final = """
SELECT d.*, p.* FROM destination_proofs p JOIN destinations d ON d.id = p.destination_id
WHERE p.refused_at IS NOT NULL AND (p.delivered_at IS NULL OR p.delivered_at < p.refused_at)
ORDER BY d.name, d.id LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class PostgresDestinationProofs(DestinationProofs):
    session: PostgresSession

    async def record(self, tries: Sequence[TriedDestination]) -> None:
        if not tries:
            return
        await self.session.connection.execute(
            _RECORD,
            [each.destination_id for each in tries],
            [each.address for each in tries],
            [each.at for each in tries],
            [each.outcome for each in tries],
            [each.detail for each in tries],
        )

    async def forget(self, destination_id: DestinationId) -> None:
        await self.session.connection.execute(_FORGET, destination_id)

    async def of(self, destination_ids: Collection[DestinationId]) -> Mapping[DestinationId, DestinationProof]:
        if not destination_ids:
            return {}
        found = (_proof_of(row) for row in await self.session.fetch(_OF, list(destination_ids)))
        return {each.destination_id: each for each in found}

    async def refusing(self, *, limit: int) -> tuple[RefusingDestination, ...]:
        rows = await self.session.fetch(_REFUSING, limit)
        return tuple(RefusingDestination(destination_of(row), _proof_of(row)) for row in rows)


def _proof_of(row: Row) -> DestinationProof:
    return DestinationProof(
        destination_id=DestinationId(row["destination_id"]),
        attempted_at=row["attempted_at"],
        delivered_at=row["delivered_at"],
        refused_at=row["refused_at"],
        refusal=row["refusal"],
    )

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.postgres.session import PostgresSession
from application.ports.contact_proofs import ContactProofs, Tried
from domain.notification.contact import Channel
from domain.notification.proof import ContactProof
from domain.shared.ids import ContactId, UserId

# In the order of the contacts, in which rows are locked; each once, however often a batch tried it.
_RECORD = """
INSERT INTO contact_proofs AS p (contact_id, attempted_at, delivered_at, refused_at)
SELECT c.id, max(t.at), max(t.at) FILTER (WHERE t.outcome = 'delivered'),
  max(t.at) FILTER (WHERE t.outcome = 'rejected')
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
  AS t (user_id, channel, address, at, outcome)
JOIN contacts c ON c.user_id = t.user_id AND c.channel = t.channel AND c.address = t.address
GROUP BY c.id ORDER BY c.id
ON CONFLICT (contact_id) DO UPDATE SET attempted_at = greatest(p.attempted_at, excluded.attempted_at),
  delivered_at = greatest(p.delivered_at, excluded.delivered_at),
  refused_at = greatest(p.refused_at, excluded.refused_at)
"""
_CONFIRM = """
INSERT INTO contact_proofs AS p (contact_id, confirmed_at)
SELECT id, $4 FROM contacts WHERE user_id = $1 AND channel = $2 AND address = $3
ON CONFLICT (contact_id) DO UPDATE SET confirmed_at = greatest(p.confirmed_at, excluded.confirmed_at)
RETURNING contact_id
"""
_OF_USERS = """
SELECT p.* FROM contacts c JOIN contact_proofs p ON p.contact_id = c.id WHERE c.user_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class PostgresContactProofs(ContactProofs):
    session: PostgresSession

    async def record(self, tries: Sequence[Tried]) -> None:
        if not tries:
            return
        await self.session.connection.execute(
            _RECORD,
            [each.user_id for each in tries],
            [each.channel for each in tries],
            [each.address for each in tries],
            [each.at for each in tries],
            [each.outcome for each in tries],
        )

    async def confirm(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> bool:
        return bool(await self.session.connection.fetch(_CONFIRM, user_id, channel, address, at))

    async def of_users(self, user_ids: Collection[UserId]) -> Mapping[ContactId, ContactProof]:
        rows = await self.session.fetch(_OF_USERS, list(user_ids))
        return {
            ContactId(row["contact_id"]): ContactProof(
                contact_id=ContactId(row["contact_id"]),
                attempted_at=row["attempted_at"],
                delivered_at=row["delivered_at"],
                refused_at=row["refused_at"],
                confirmed_at=row["confirmed_at"],
            )
            for row in rows
        }

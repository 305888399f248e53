from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.verifications import VerificationRepository
from domain.notification.verification import ContactVerification
from domain.shared.ids import ContactId

_OF: Final = "SELECT * FROM contact_verifications WHERE contact_id = $1"
_SAVE: Final = """
INSERT INTO contact_verifications (contact_id, code_hash, sent_at, counted_from, codes_sent, tries)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (contact_id) DO UPDATE
SET code_hash = excluded.code_hash, sent_at = excluded.sent_at, counted_from = excluded.counted_from,
    codes_sent = excluded.codes_sent, tries = excluded.tries
"""


@dataclass(frozen=True, slots=True)
class PostgresVerificationRepository(VerificationRepository):
    session: PostgresSession

    async def of(self, contact_id: ContactId) -> ContactVerification | None:
        rows = await self.session.fetch(_OF, contact_id)
        return ContactVerification(**{**rows[0], "contact_id": contact_id}) if rows else None

    async def save(self, verification: ContactVerification) -> None:
        await self.session.connection.execute(
            _SAVE,
            verification.contact_id,
            verification.code_hash,
            verification.sent_at,
            verification.counted_from,
            verification.codes_sent,
            verification.tries,
        )

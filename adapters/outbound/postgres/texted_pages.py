from dataclasses import dataclass
from typing import Final

from adapters.outbound.postgres.session import PostgresSession
from application.ports.texted_pages import TextedPage, TextedPages
from domain.shared.ids import IncidentId, UserId

_PAGED: Final = """
SELECT n.user_id, i.id, i.number FROM incidents i JOIN notifications n ON n.incident_id = i.id
JOIN contacts c ON c.user_id = n.user_id AND c.channel = 'sms' AND c.address = n.address AND c.verified_at IS NOT NULL
WHERE n.purpose = 'page' AND n.channel = 'sms' AND n.address = $1 AND n.attempts > 0
"""
# Walks open incidents from the newest on, and ends at the first that fits.
_NEWEST: Final = f"{_PAGED} AND i.status = 'triggered' ORDER BY i.triggered_at DESC, i.id DESC LIMIT 1"
_OF_NUMBER: Final = f"{_PAGED} AND i.number = $2 ORDER BY n.user_id LIMIT 1"
_OWNERS: Final = """
SELECT DISTINCT user_id FROM contacts
WHERE channel = 'sms' AND address = $1 AND verified_at IS NOT NULL ORDER BY user_id
"""


@dataclass(frozen=True, slots=True)
class PostgresTextedPages(TextedPages):
    session: PostgresSession

    async def newest(self, address: str, *, number: int | None = None) -> TextedPage | None:
        if number is None:
            rows = await self.session.fetch(_NEWEST, address)
        else:
            rows = await self.session.fetch(_OF_NUMBER, address, number)
        if not rows:
            return None
        return TextedPage(UserId(rows[0]["user_id"]), IncidentId(rows[0]["id"]), rows[0]["number"])

    async def owners(self, address: str) -> tuple[UserId, ...]:
        return tuple(UserId(row["user_id"]) for row in await self.session.fetch(_OWNERS, address))

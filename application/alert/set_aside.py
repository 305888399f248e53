from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from application.ports.intake import DeadLetter, IntakeStore
from application.ports.transaction import Transaction
from domain.shared.ids import IntegrationId

# Enough to see what it was; a dead letter is looked at by people.
BODY_BYTES: Final = 512 * 1024
REASON_CHARACTERS: Final = 2000


def dead_letter(
    letter_id: UUID,
    body: bytes,
    *,
    reason: str,
    source: str,
    integration_id: IntegrationId | None,
    at: datetime,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> DeadLetter:
    """As much of a body, and of what is said of it, as is kept."""
    return DeadLetter(
        id=letter_id,
        integration_id=integration_id,
        received_at=at,
        source=source,
        reason=reason[:REASON_CHARACTERS].replace("\x00", ""),
        body=body[:BODY_BYTES],
        headers=headers,
    )


@dataclass(frozen=True, slots=True)
class SetAside:
    """Keeps a body that its sender cannot mend, with the reason, so that people find it."""

    intake: IntakeStore
    transaction: Transaction

    async def __call__(self, letter: DeadLetter) -> None:
        """Raises `TransientPortError` when storage is away."""
        async with self.transaction:
            await self.intake.set_aside((letter,))

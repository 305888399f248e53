from dataclasses import dataclass
from typing import Final

from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import DeadLetter, IntakeStore
from application.ports.transaction import Transaction
from domain.shared.ids import IntegrationId

# Enough to see what it was; a dead letter is looked at by people.
BODY_BYTES: Final = 512 * 1024
REASON_CHARACTERS: Final = 2000


@dataclass(frozen=True, slots=True)
class SetAside:
    """Keeps a body that its sender cannot mend, with the reason, so that people find it."""

    intake: IntakeStore
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, body: bytes, *, reason: str, source: str, integration_id: IntegrationId | None) -> None:
        letter = DeadLetter(
            id=self.ids.new(),
            integration_id=integration_id,
            received_at=self.clock.now(),
            source=source,
            reason=reason[:REASON_CHARACTERS].replace("\x00", ""),
            body=body[:BODY_BYTES],
        )
        async with self.transaction:
            await self.intake.set_aside((letter,))

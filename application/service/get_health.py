from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from application.authorize import require
from application.ports.integrations import IntegrationRepository
from application.ports.quiet_watches import QuietWatchRepository
from application.ports.received import Received, ReceivedReader
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId

# So many of the last bodies are counted. An error rate of everything that ever came would say nothing about today, and
# would cost more each day.
COUNTED: Final = 1000
SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationHealth:
    """How an integration's sender does, as its last bodies say."""

    last_received_at: datetime | None  # taken or set aside; None: never, or so long ago that it is not kept
    received: int  # at most `COUNTED`
    set_aside: int  # of them
    last: tuple[Received, ...]  # the newest first
    watch: QuietWatch | None  # None: nobody wants to know when nothing comes

    @classmethod
    def of(cls, newest_first: Sequence[Received], watch: QuietWatch | None) -> Self:
        return cls(
            last_received_at=newest_first[0].received_at if newest_first else None,
            received=len(newest_first),
            set_aside=sum(each.refusal is not None for each in newest_first),
            last=tuple(newest_first[:SHOWN]),
            watch=watch,
        )


@dataclass(frozen=True, slots=True)
class GetIntegrationHealth:
    """Whether an integration's sender is heard and understood. What it sent is not part of it."""

    integrations: IntegrationRepository
    received: ReceivedReader
    watches: QuietWatchRepository

    async def __call__(self, integration_id: IntegrationId, *, actor: Actor) -> IntegrationHealth:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        await self.integrations.look_up(integration_id)
        newest_first = await self.received.last(integration_id, most=COUNTED, body_bytes=0)
        return IntegrationHealth.of(newest_first, await self.watches.look_up(integration_id))

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.quiet_watches import QuietWatchRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class SetQuietWatch:
    """Somebody wants an alert when nothing is heard of an integration for so long, or no longer wants one.

    An alert that is open then stays open; whoever has it resolves it.
    """

    integrations: IntegrationRepository
    watches: QuietWatchRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, integration_id: IntegrationId, *, after: timedelta | None, actor: Actor
    ) -> QuietWatch | None:
        """The watch as it is now; None: there is none.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.
        """
        async with self.transaction:
            at = self.clock.now()
            integration = await self.integrations.get(integration_id)
            require(actor, Permission.CONFIGURE, team_id=integration.team_id)
            before = await self.watches.get(integration_id)
            watch = None if after is None else _next(before, integration_id, after, at=at)
            if watch is None:
                await self.watches.remove(integration_id)
            else:
                await self.watches.save(watch)
            await self.record_audit(
                "integration.set_quiet_watch",
                integration_id,
                actor=actor,
                at=at,
                before=_described(before),
                after=_described(watch),
            )
            return watch


def _next(before: QuietWatch | None, integration_id: IntegrationId, after: timedelta, *, at: datetime) -> QuietWatch:
    if before is None:
        return QuietWatch.begin(integration_id, after=after, at=at)
    return before.wait_for(after, at=at)


def _described(watch: QuietWatch | None) -> dict[str, object]:
    return {"after_seconds": None if watch is None else int(watch.after.total_seconds())}

from dataclasses import asdict, dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.report import Heard, ReportHeartbeats
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository
from application.ports.integrations import IntegrationRepository
from application.ports.transaction import Transaction
from domain.heartbeat.heartbeat import Heartbeat
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import HeartbeatId


@dataclass(frozen=True, slots=True)
class UpdateHeartbeat:
    """Something else is expected from now on, or nothing for a while. Its integration and its key stay."""

    heartbeats: HeartbeatRepository
    integrations: IntegrationRepository
    report: ReportHeartbeats
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        heartbeat_id: HeartbeatId,
        draft: HeartbeatDraft,
        *,
        is_paused: bool,
        version: int | None = None,
        actor: Actor,
    ) -> Heartbeat:
        """A pause ends the alert of one that is down: nobody waits for it.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`.
        """
        async with self.transaction:
            at = self.clock.now()
            before = await self.heartbeats.get(heartbeat_id)
            integration = await self.integrations.look_up(before.integration_id)
            require(actor, Permission.CONFIGURE, team_id=integration.team_id)
            require_version("heartbeat", heartbeat_id, expected=version, stored=before.version)
            changed = replace(before, **asdict(replace(draft, name=draft.name.strip())))
            changed = changed.pause() if is_paused else changed.resume().rescheduled(at=at)
            stored = await self.heartbeats.save(changed)
            await self.report([Heard(before, stored)], at=at)
            await self.record_audit(
                "heartbeat.update", heartbeat_id, actor=actor, at=at, before=describe(before), after=describe(stored)
            )
            return stored

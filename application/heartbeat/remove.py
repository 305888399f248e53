from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.heartbeat.report import Heard, ReportHeartbeats
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository
from application.ports.integrations import IntegrationRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import HeartbeatId


@dataclass(frozen=True, slots=True)
class RemoveHeartbeat:
    """No sign of life is expected any more. The alert of one that is down ends."""

    heartbeats: HeartbeatRepository
    integrations: IntegrationRepository
    report: ReportHeartbeats
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, heartbeat_id: HeartbeatId, *, actor: Actor) -> None:
        """Raises `ForbiddenError`, `NotFoundError`."""
        async with self.transaction:
            at = self.clock.now()
            before = await self.heartbeats.get(heartbeat_id)
            integration = await self.integrations.look_up(before.integration_id)
            require(actor, Permission.CONFIGURE, team_id=integration.team_id)
            await self.report([Heard(before, before.pause())], at=at)
            await self.heartbeats.remove(heartbeat_id)
            await self.record_audit("heartbeat.remove", heartbeat_id, actor=actor, at=at, before=describe(before))

from dataclasses import dataclass

from application.authorize import require
from application.ports.heartbeats import HeartbeatRepository
from domain.heartbeat.heartbeat import Heartbeat
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import HeartbeatId


@dataclass(frozen=True, slots=True)
class GetHeartbeat:
    """One heartbeat, as it is now."""

    heartbeats: HeartbeatRepository

    async def __call__(self, heartbeat_id: HeartbeatId, *, actor: Actor) -> Heartbeat:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.heartbeats.look_up(heartbeat_id)

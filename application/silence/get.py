from dataclasses import dataclass

from application.authorize import require
from application.ports.silences import SilenceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId


@dataclass(frozen=True, slots=True)
class GetSilence:
    """One silence, over or not."""

    silences: SilenceRepository

    async def __call__(self, silence_id: SilenceId, *, actor: Actor) -> Silence:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.silences.look_up(silence_id)

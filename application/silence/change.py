from dataclasses import dataclass
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.incident.end_mutes import end_mutes
from application.ports.clock import Clock
from application.ports.incidents import IncidentRepository
from application.ports.silences import SilenceRepository
from application.ports.transaction import Transaction
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId


@dataclass(frozen=True, slots=True)
class ChangeSilence:
    """Somebody who responds has a silence end sooner, later or now. What it muted then pages, if it still fires."""

    silences: SilenceRepository
    incidents: IncidentRepository
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        silence_id: SilenceId,
        *,
        ends_at: datetime | None,
        comment: str | None = None,
        version: int | None = None,
        actor: Actor,
    ) -> Silence:
        """Without `ends_at` it ends now.

        Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `InvalidValueError`, `IllegalTransitionError`.
        """
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            before = await self.silences.get(silence_id)
            require_version("silence", silence_id, expected=version, stored=before.version)
            if ends_at is None:
                changed = before.expire(at=at)
            else:
                changed = before.change(ends_at=ends_at, comment=before.comment if comment is None else comment, at=at)
            stored = await self.silences.save(changed)
            await end_mutes(self.incidents, str(silence_id), until=stored.ends_at, at=at)
            await self.record_audit(
                "silence.expire" if ends_at is None else "silence.change",
                silence_id,
                actor=actor,
                at=at,
                before=describe(before),
                after=describe(stored),
            )
        self.cache.forget()
        return stored

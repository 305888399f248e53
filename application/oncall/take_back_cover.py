from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.tell_cover import TellCover
from application.ports.covers import CoverRepository
from domain.identity.actor import Actor
from domain.oncall.cover import CoverRequest
from domain.shared.change import Change


@dataclass(frozen=True, slots=True)
class TakeBackCover:
    """Requests for cover are withdrawn in the caller's transaction, and those who might still have accepted hear of it.

    However many requests one person was asked by, they hear of all of them at once.
    """

    covers: CoverRepository
    tell_cover: TellCover
    record_audit: RecordAudit

    async def __call__(
        self, requests: Sequence[CoverRequest], *, actor: Actor, at: datetime
    ) -> tuple[CoverRequest, ...]:
        """As stored. One that was withdrawn before stays as it is.

        Raises `ConflictError` when somebody answers one at this moment, `IllegalTransitionError` for one that is over.
        """
        changes = []
        for request in requests:
            change = request.withdraw(by=actor.user_id, at=at)
            if not change.events:
                changes.append(change)
                continue
            saved = await self.covers.save(change)
            await self.record_audit(
                "cover.withdraw", saved.id, actor=actor, at=at, before=describe(request), after=describe(saved)
            )
            changes.append(Change(saved, change.events))
        await self.tell_cover(changes, at=at)
        return tuple(change.state for change in changes)

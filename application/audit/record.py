from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.ports.audit import AuditLog
from application.ports.ids import IdFactory
from domain.audit.entry import AuditEntry
from domain.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class RecordAudit:
    """An entry in the open transaction: no write without its entry, no entry without its write."""

    log: AuditLog
    ids: IdFactory

    async def __call__(
        self,
        action: str,
        noun_id: UUID,
        *,
        actor: Actor,
        at: datetime,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """`action` is noun.verb. `before` and `after` never hold a secret."""
        await self.log.append(
            AuditEntry(
                id=self.ids.new(),
                at=at,
                action=action,
                noun=action.partition(".")[0],
                noun_id=noun_id,
                actor_id=actor.user_id,
                via=actor.via,
                credential=actor.credential,
                address=actor.address,
                request_id=actor.request_id,
                before=before,
                after=after,
            )
        )

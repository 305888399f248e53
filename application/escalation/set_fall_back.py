from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.escalation.policy_references import target_references
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.fall_backs import FallBackRepository
from application.ports.references import Reference, ReferenceKind, References
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import Target
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.shared.ids import TeamId

INSTALLATION: Final = UUID(int=0)  # in the audit trail, which wants an id


@dataclass(frozen=True, slots=True)
class SetFallBack:
    """A team, or an admin for the whole installation, says who is paged when nobody else answered."""

    fall_backs: FallBackRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, team_id: TeamId | None, targets: tuple[Target, ...], *, version: int | None = None, actor: Actor
    ) -> FallBack:
        """Raises `ForbiddenError`, `InvalidValueError`, `ConflictError`, `NotFoundError` when there is no such team."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        wanted = FallBack(team_id=team_id, targets=targets)
        async with self.transaction:
            await self._require_team(team_id)
            before = await self._before(team_id)
            as_stored = 0 if before is None else before.version
            require_version("fall-back", team_id or INSTALLATION, expected=version, stored=as_stored)
            await require_known(self.references, _named(wanted), before=() if before is None else _named(before))
            stored = await self.fall_backs.save(replace(wanted, version=as_stored))
            await self.record_audit(
                "fall_back.set",
                team_id or INSTALLATION,
                actor=actor,
                at=self.clock.now(),
                before=None if before is None else describe(before),
                after=describe(stored),
            )
            return stored

    async def _before(self, team_id: TeamId | None) -> FallBack | None:
        try:
            return await self.fall_backs.get(team_id)
        except NotFoundError:
            return None

    async def _require_team(self, team_id: TeamId | None) -> None:
        if team_id is not None and await self.references.missing({Reference(ReferenceKind.TEAM, team_id)}):
            raise NotFoundError("team", team_id)


def _named(fall_back: FallBack) -> Iterator[NamedReference]:
    return target_references(fall_back.targets, "targets")

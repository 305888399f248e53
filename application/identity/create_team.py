from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.authorize import require
from application.identity.facts import team_facts
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId


@dataclass(frozen=True, slots=True)
class CreateTeam:
    """An admin names who belongs together and will own services, schedules and policies."""

    teams: TeamRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, *, name: str, member_ids: Sequence[UserId] = (), actor: Actor) -> Team:
        """Raises `ForbiddenError`, `InvalidValueError`, and `ConflictError`: name taken, or a member does not exist."""
        require(actor, Permission.ADMINISTER)
        team = Team(id=TeamId(self.ids.new()), name=name.strip(), member_ids=tuple(member_ids))
        async with self.transaction:
            saved = await self.teams.save(team)
            await self.record_audit("team.create", saved.id, actor=actor, at=self.clock.now(), after=team_facts(saved))
            return saved

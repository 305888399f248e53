from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.authorize import may, require
from application.errors import ConflictError
from application.identity.facts import team_facts
from application.ports.clock import Clock
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.proof_demand import ProofDemand
from domain.identity.role import Permission
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId


@dataclass(frozen=True, slots=True)
class UpdateTeam:
    """An admin renames a team; an admin, or a manager in it, says who its members are and what its policies hold."""

    teams: TeamRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        team_id: TeamId,
        *,
        name: str | None = None,
        member_ids: Sequence[UserId] | None = None,
        proof: ProofDemand | None = None,
        expected_version: int | None = None,
        actor: Actor,
    ) -> Team:
        """None leaves a field as it is.

        Raises:
            ForbiddenError, NotFoundError, InvalidValueError.
            ConflictError: the version is not the expected one, the name is taken, or a member does not exist.
        """
        if name is not None:
            require(actor, Permission.ADMINISTER)
        elif not may(actor, Permission.ADMINISTER):
            require(actor, Permission.CONFIGURE, team_id=team_id)
        async with self.transaction:
            team = await self.teams.get(team_id)
            if expected_version is not None and team.version != expected_version:
                raise ConflictError("team", team_id)
            changed = replace(
                team,
                name=team.name if name is None else name.strip(),
                member_ids=team.member_ids if member_ids is None else tuple(member_ids),
                proof=team.proof if proof is None else proof,
            )
            if changed == team:
                return team
            saved = await self.teams.save(changed)
            await self.record_audit(
                "team.update",
                team_id,
                actor=actor,
                at=self.clock.now(),
                before=team_facts(team),
                after=team_facts(saved),
            )
            return saved

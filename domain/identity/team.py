"""Who owns services, schedules and policies."""

from dataclasses import dataclass, field

from domain.identity.naming import require_name
from domain.identity.proof_demand import ProofDemand
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId, UserId
from domain.shared.limits import TEAM_MEMBERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: TeamId
    name: str
    member_ids: tuple[UserId, ...] = ()
    proof: ProofDemand = field(default_factory=ProofDemand)
    version: int = 0

    def __post_init__(self) -> None:
        require_name("name", self.name)
        if len(self.member_ids) > TEAM_MEMBERS:
            raise InvalidValueError("member_ids", f"has {len(self.member_ids)} entries, allowed are {TEAM_MEMBERS}")
        if len(set(self.member_ids)) != len(self.member_ids):
            raise InvalidValueError("member_ids", "names somebody twice")

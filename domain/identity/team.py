"""Who owns services, schedules and policies."""

from dataclasses import dataclass

from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId, UserId
from domain.shared.limits import NAME_CHARACTERS, TEAM_MEMBERS
from domain.shared.text import require_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: TeamId
    name: str
    member_ids: tuple[UserId, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if len(self.member_ids) > TEAM_MEMBERS:
            raise InvalidValueError("member_ids", f"has {len(self.member_ids)} entries, allowed are {TEAM_MEMBERS}")
        if len(set(self.member_ids)) != len(self.member_ids):
            raise InvalidValueError("member_ids", "names somebody twice")

"""Who is paged when nobody else answered."""

from dataclasses import dataclass

from domain.escalation.policy import Target, require_targets
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True, kw_only=True)
class FallBack:
    """The last resort of a team, or of the whole installation for teams that have none.

    Raises:
        InvalidValueError: there are no targets, too many, or one of them twice.
    """

    team_id: TeamId | None  # None: the installation's
    targets: tuple[Target, ...]
    version: int = 0

    def __post_init__(self) -> None:
        require_targets(self.targets)

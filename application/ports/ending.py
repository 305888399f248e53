"""Lists of what is over by time: by when it ends, without what is over, which grows without end."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.ports.page import require_limit
from domain.shared.ids import TeamId
from domain.shared.limits import PAGE_DEFAULT


class EndKey(NamedTuple):
    """Where in the list something stands. The id decides between what ends at one instant."""

    ends_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingQuery:
    """At most `limit` after the one that `after` names. Every part that is set must hold."""

    since: datetime  # what ends after it
    team_id: TeamId | None = None
    limit: int = PAGE_DEFAULT
    after: EndKey | None = None

    def __post_init__(self) -> None:
        require_limit(self.limit)

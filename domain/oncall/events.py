"""What became of a request for cover."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.event import DomainEvent
from domain.shared.ids import CoverRequestId, OverrideId, ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverEvent(DomainEvent):
    """All of them name whose time it is about, so that whoever tells people needs nothing else."""

    cover_request_id: CoverRequestId
    schedule_id: ScheduleId
    team_id: TeamId
    user_id: UserId  # who wants to be covered
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRequested(CoverEvent):
    kind: ClassVar[str] = "cover.requested"
    by: UserId  # the same, or a manager for them
    expires_at: datetime
    asked_of: tuple[UserId, ...] = ()  # nobody by name: anyone in the team
    offers_from: datetime | None = None  # a swap: time of whoever accepts, which the asker takes
    offers_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverAccepted(CoverEvent):
    kind: ClassVar[str] = "cover.accepted"
    by: UserId
    override_ids: tuple[OverrideId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverDeclined(CoverEvent):
    """One of those who were asked will not. The last of them ends the request."""

    kind: ClassVar[str] = "cover.declined"
    by: UserId
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverWithdrawn(CoverEvent):
    kind: ClassVar[str] = "cover.withdrawn"
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverExpired(CoverEvent):
    """Nobody had accepted in time: whoever asked is still on call."""

    kind: ClassVar[str] = "cover.expired"

"""Who is meant, and how they are reached: what a worker asks for a whole batch at once."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.notification.contact import Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """An active user's contacts and rules, and when they are left alone with what can wait."""

    user_id: UserId
    contacts: tuple[Contact, ...]
    rules: tuple[NotificationRule, ...]
    quiet_hours: QuietHours | None = None


class Unreachable(NamedTuple):
    """Somebody who may not be paged, or has no contact that counts but such as refuse."""

    user_id: UserId
    name: str


class Directory(Protocol):
    @abstractmethod
    async def schedules(self, schedule_ids: Collection[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, Schedule]:
        """As in force at the instant, which is about now, and without shadows.

        With those overrides and temporary schedules that had not ended long before it.
        """

    @abstractmethod
    async def team_members(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]: ...

    @abstractmethod
    async def admins(self) -> tuple[UserId, ...]:
        """Active users who administer, by id."""

    @abstractmethod
    async def active_by_email(self, emails: Collection[str]) -> tuple[UserId, ...]:
        """Active users with these whole addresses, in lower case, by id."""

    @abstractmethod
    async def unreachable(
        self, user_ids: Collection[UserId], team_ids: Collection[TeamId], schedule_ids: Collection[ScheduleId]
    ) -> tuple[Unreachable, ...]:
        """Of these people, of the members of these teams and of those who take turns in these schedules, by id."""

    @abstractmethod
    async def unreachable_anywhere(self, *, limit: int) -> tuple[Unreachable, ...]:
        """Of all whom a step of a policy names, itself or by a team, or who take turns in a schedule, by id."""

    @abstractmethod
    async def reachability(self, user_ids: Collection[UserId]) -> Mapping[UserId, Reachability]:
        """Only of active users: nobody else may be paged."""

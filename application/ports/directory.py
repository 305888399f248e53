"""Who is meant, and how they are reached: what a worker asks for a whole batch at once."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.notification.contact import Contact
from domain.notification.rule import NotificationRule
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """An active user's contacts and rules."""

    user_id: UserId
    contacts: tuple[Contact, ...]
    rules: tuple[NotificationRule, ...]


class Directory(Protocol):
    @abstractmethod
    async def schedules(self, schedule_ids: Collection[ScheduleId]) -> Mapping[ScheduleId, Schedule]:
        """With those overrides and temporary schedules that have not ended long ago, and without shadows."""

    @abstractmethod
    async def team_members(self, team_ids: Collection[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]: ...

    @abstractmethod
    async def reachability(self, user_ids: Collection[UserId]) -> Mapping[UserId, Reachability]:
        """Only of active users: nobody else may be paged."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TeamId, TemporaryScheduleId


class ScheduleRepository(Protocol):
    """Schedules; writes are inside the current transaction.

    Every reader says since when it asks, and gets the overrides, temporary schedules and shadows that end after that
    instant: what is long over grows without end. So a schedule answers for the instants from `since` on.
    """

    @abstractmethod
    async def get(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        """The schedule, held until the transaction ends, and its overrides with it. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, schedule_id: ScheduleId, *, since: datetime) -> Schedule:
        """The schedule, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up_many(self, schedule_ids: Collection[ScheduleId], *, since: datetime) -> tuple[Schedule, ...]:
        """Those that exist, by id, not held. Needs no transaction."""

    @abstractmethod
    async def save(self, schedule: Schedule) -> Schedule:
        """Store all but its overrides, temporary schedules and shadows, and return it one version on.

        Version 0 is a new one. Raises `ConflictError` when it was saved since it was read, or another has its name.
        """

    @abstractmethod
    async def list(self, page: PageRequest, *, since: datetime, team_id: TeamId | None = None) -> Page[Schedule]:
        """By name and id, of one team or of all. Needs no transaction."""

    @abstractmethod
    async def get_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> Override:
        """An override of this schedule, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_override(self, schedule_id: ScheduleId, override: Override) -> None:
        """Store it as the last one made.

        Raises `ConflictError` when it contradicts another (`Override.contradicts`).
        """

    @abstractmethod
    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> None:
        """As if it had never been made. Raises `NotFoundError`."""

    @abstractmethod
    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        """Let it end at an instant within its time. Raises `NotFoundError`."""

    @abstractmethod
    async def get_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> TemporarySchedule:
        """A temporary schedule of this one, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_temporary(self, schedule_id: ScheduleId, temporary: TemporarySchedule) -> None:
        """Store it. Raises `ConflictError` when it overlaps another of this schedule."""

    @abstractmethod
    async def remove_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> None:
        """As if it had never been made. Raises `NotFoundError`."""

    @abstractmethod
    async def end_temporary(self, schedule_id: ScheduleId, ended: TemporarySchedule) -> None:
        """Store what is left of one that ends earlier, its shifts cut. Raises `NotFoundError`."""

    @abstractmethod
    async def get_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Shadow:
        """A shadow of this schedule, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_shadow(self, schedule_id: ScheduleId, shadow: Shadow) -> None:
        """Store it as the last one made."""

    @abstractmethod
    async def remove_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> None:
        """As if it had never been made. Raises `NotFoundError`."""

    @abstractmethod
    async def end_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        """Let it end at an instant within its time. Raises `NotFoundError`."""

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
    instant: what is long over grows without end. Zone and layers are those in force at that instant; before their first
    version they are those made last. So a schedule answers for the instants from `since` on, until a change that is
    planned takes effect. Whoever asks about more than one instant, or about what was known, asks `ScheduleHistory`.
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
    async def save(self, schedule: Schedule, *, at: datetime, effective_at: datetime | None = None) -> Schedule:
        """Store all but its overrides, temporary schedules and shadows, and return it one version on; 0 is a new one.

        That version is known from `at` on and holds from `effective_at` on, or at once, in place of those that
        were to take effect later. Earlier ones are kept.

        Raises `ConflictError` when it was saved since it was read, or when another schedule has its name;
        `InvalidValueError` when it would take effect before it is known.
        """

    @abstractmethod
    async def rename(self, schedule: Schedule) -> Schedule:
        """Store its name and its team, and return it one version on; who is on call when is not touched.

        Raises `ConflictError` as `save` does.
        """

    @abstractmethod
    async def list(self, page: PageRequest, *, since: datetime, team_id: TeamId | None = None) -> Page[Schedule]:
        """By name and id, of one team or of all. Needs no transaction."""

    @abstractmethod
    async def get_override(self, schedule_id: ScheduleId, override_id: OverrideId) -> Override:
        """An override of this schedule, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_override(self, schedule_id: ScheduleId, override: Override, *, at: datetime) -> None:
        """Store it as the last one made, known from `at` on.

        Raises `ConflictError` when it contradicts another (`Override.contradicts`).
        """

    @abstractmethod
    async def remove_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        """As if it had never been made, as is known from `at` on. Raises `NotFoundError`."""

    @abstractmethod
    async def end_override(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        """Let it end at an instant within its time, as is known from then on. Raises `NotFoundError`."""

    @abstractmethod
    async def get_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId) -> TemporarySchedule:
        """A temporary schedule of this one, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_temporary(self, schedule_id: ScheduleId, temporary: TemporarySchedule, *, at: datetime) -> None:
        """Store it, known from `at` on. Raises `ConflictError` when it overlaps another of this schedule."""

    @abstractmethod
    async def remove_temporary(
        self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime
    ) -> None:
        """As if it had never been made, as is known from `at` on. Raises `NotFoundError`."""

    @abstractmethod
    async def end_temporary(self, schedule_id: ScheduleId, temporary_id: TemporaryScheduleId, *, at: datetime) -> None:
        """Let it end at an instant within its time, its shifts cut, as is known from then on.

        Raises `NotFoundError`.
        """

    @abstractmethod
    async def get_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId) -> Shadow:
        """A shadow of this schedule, however old. Raises `NotFoundError`."""

    @abstractmethod
    async def add_shadow(self, schedule_id: ScheduleId, shadow: Shadow, *, at: datetime) -> None:
        """Store it as the last one made, known from `at` on."""

    @abstractmethod
    async def remove_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        """As if it had never been made, as is known from `at` on. Raises `NotFoundError`."""

    @abstractmethod
    async def end_shadow(self, schedule_id: ScheduleId, shadow_id: ShadowId, *, at: datetime) -> None:
        """Let it end at an instant within its time, as is known from then on. Raises `NotFoundError`."""

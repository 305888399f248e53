from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from application.authorize import require
from application.oncall.as_known import known_schedule
from application.oncall.schedule_references import references_of, user_at
from application.oncall.span import require_span
from application.ports.clock import Clock
from application.ports.references import References
from application.ports.schedule_history import ScheduleHistory
from application.ports.schedules import ScheduleRepository
from application.references import NamedReference, require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.difference import Difference, differences
from domain.oncall.history import History, ScheduleVersion, as_known
from domain.oncall.layer import Layer
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import OverrideId, ScheduleId
from domain.shared.interval import Interval
from domain.shared.local_time import require_instant

LOOK_AHEAD: Final = timedelta(days=14)
CHANGES_SHOWN: Final = 100  # more than anybody reads; the rest is counted
MADE_LAST: Final = OverrideId(UUID(int=2**128 - 1))  # for a draft: overrides act in the order of their ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDraft:
    """What might be done to a schedule, all of it at once; what is not given stays as it is.

    The override to add has the id `MADE_LAST`, and acts from now on though its start has passed.
    """

    time_zone: str | None = None
    layers: tuple[Layer, ...] | None = None
    effective_at: datetime | None = None
    add_override: Override | None = None
    remove_override: OverrideId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Where others would be on call, oldest first; the first of them, and how many more there are in the interval."""

    interval: Interval
    differences: tuple[Difference, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PreviewSchedule:
    """What a change would do to who is on call, from now on, before it is saved; nothing is stored."""

    schedules: ScheduleRepository
    history: ScheduleHistory
    references: References
    clock: Clock

    async def __call__(
        self, schedule_id: ScheduleId, draft: ScheduleDraft, *, until: datetime | None = None, actor: Actor
    ) -> Preview:
        """Over two weeks, unless `until` is given.

        Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError`, `InvalidValueError` where saving it would.
        That an override overlaps another is said by whoever saves it.
        """
        require(actor, Permission.READ)
        at = self.clock.now()
        interval = Interval(start=at, end=until or at + LOOK_AHEAD)
        require_span(interval)
        schedule = await self.schedules.look_up(schedule_id, since=at)
        await self._require_known(schedule, draft)
        found = await known_schedule(self.history, schedule_id, interval)
        changed = found.history
        if draft.time_zone is not None or draft.layers is not None:
            changed = changed.with_version(await self._version(schedule, draft, at=at))
        if draft.remove_override is not None:
            await self._require_removable(schedule_id, draft.remove_override, at=at)
            changed = changed.without_override(draft.remove_override, at=at)
        if draft.add_override is not None:
            if draft.add_override.ends_at <= at:
                raise InvalidValueError("add_override.ends_at", "must be in the future")
            changed = changed.with_override(draft.add_override, at=at)
        return _preview(found.history, changed, interval)

    async def _require_known(self, schedule: Schedule, draft: ScheduleDraft) -> None:
        if draft.layers is not None:
            wanted = replace(schedule, layers=draft.layers)
            await require_known(self.references, references_of(wanted), before=references_of(schedule))
        if draft.add_override is not None:
            await require_known(self.references, _named_in(draft.add_override))

    async def _version(self, schedule: Schedule, draft: ScheduleDraft, *, at: datetime) -> ScheduleVersion:
        effective_at = at if draft.effective_at is None else draft.effective_at
        require_instant("effective_at", effective_at)
        base = await self.schedules.look_up(schedule.id, since=effective_at)
        wanted = replace(
            base.without_parts(),
            time_zone=base.time_zone if draft.time_zone is None else draft.time_zone,
            layers=base.layers if draft.layers is None else draft.layers,
            version=schedule.version + 1,
        )
        return ScheduleVersion(schedule=wanted, effective_at=effective_at, known_at=at)

    async def _require_removable(self, schedule_id: ScheduleId, override_id: OverrideId, *, at: datetime) -> None:
        override = await self.schedules.get_override(schedule_id, override_id)
        if override.ends_at <= at:
            raise IllegalTransitionError("override", "over", "removed")


def _preview(before: History, after: History, interval: Interval) -> Preview:
    found = differences(as_known(before), as_known(after), interval)
    shown = tuple(islice(found, CHANGES_SHOWN))
    return Preview(interval=interval, differences=shown, more=sum(1 for _ in found))


def _named_in(override: Override) -> Iterator[NamedReference]:
    yield user_at("add_override.user_id", override.user_id)
    if override.replaces is not None:
        yield user_at("add_override.replaces", override.replaces)

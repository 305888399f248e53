from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from application.authorize import require
from application.oncall.add_shadow import require_layer
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
from domain.oncall.shadow import Shadow
from domain.oncall.shadowing import ShadowShift
from domain.oncall.temporary import TemporarySchedule
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TemporaryScheduleId
from domain.shared.interval import Interval
from domain.shared.local_time import require_instant

LOOK_AHEAD: Final = timedelta(days=14)
CHANGES_SHOWN: Final = 100  # more than anybody reads; the rest is counted
MADE_LAST: Final = UUID(int=2**128 - 1)  # for a draft: overrides act in the order of their ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDraft:
    """What might be done to a schedule, all of it at once; what is not given stays as it is.

    What is to be added has the id `MADE_LAST`, and acts from now on though its start has passed.
    """

    time_zone: str | None = None
    layers: tuple[Layer, ...] | None = None
    effective_at: datetime | None = None
    add_override: Override | None = None
    remove_override: OverrideId | None = None
    add_temporary: TemporarySchedule | None = None
    remove_temporary: TemporaryScheduleId | None = None
    add_shadow: Shadow | None = None
    remove_shadow: ShadowId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Where others would be on call, oldest first; the first of them, and how many more there are in the interval.

    And who would shadow whom, and would no longer; the first of each.
    """

    interval: Interval
    differences: tuple[Difference, ...]
    more: int
    shadows_new: tuple[ShadowShift, ...] = ()
    shadows_gone: tuple[ShadowShift, ...] = ()


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

        Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError`, `InvalidValueError` where saving it would,
        and for a temporary schedule that overlaps another. That an override overlaps another is said by whoever saves
        it.
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
        changed = await self._without(changed, draft, schedule_id, at=at)
        return _preview(found.history, _with(changed, draft, at=at), interval)

    async def _require_known(self, schedule: Schedule, draft: ScheduleDraft) -> None:
        if draft.layers is not None:
            wanted = replace(schedule, layers=draft.layers)
            await require_known(self.references, references_of(wanted), before=references_of(schedule))
        if draft.add_shadow is not None:
            layers = schedule.layers if draft.layers is None else draft.layers
            require_layer("add_shadow.layer", draft.add_shadow.layer, layers)
        await require_known(self.references, _named_in(draft))

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

    async def _without(
        self, history: History, draft: ScheduleDraft, schedule_id: ScheduleId, *, at: datetime
    ) -> History:
        if draft.remove_override is not None:
            override = await self.schedules.get_override(schedule_id, draft.remove_override)
            _require_not_over("override", override.ends_at, at)
            history = history.without_override(override.id, at=at)
        if draft.remove_temporary is not None:
            temporary = await self.schedules.get_temporary(schedule_id, draft.remove_temporary)
            _require_not_over("temporary schedule", temporary.ends_at, at)
            history = history.without_temporary(temporary.id, at=at)
        if draft.remove_shadow is not None:
            shadow = await self.schedules.get_shadow(schedule_id, draft.remove_shadow)
            _require_not_over("shadow", shadow.ends_at, at)
            history = history.without_shadow(shadow.id, at=at)
        return history


def _require_not_over(noun: str, ends_at: datetime, at: datetime) -> None:
    if ends_at <= at:
        raise IllegalTransitionError(noun, "over", "removed")


def _with(history: History, draft: ScheduleDraft, *, at: datetime) -> History:
    parts = {"override": draft.add_override, "temporary": draft.add_temporary, "shadow": draft.add_shadow}
    for name, part in parts.items():
        if part is not None and part.ends_at <= at:
            raise InvalidValueError(f"add_{name}.ends_at", "must be in the future")
    if draft.add_override is not None:
        history = history.with_override(draft.add_override, at=at)
    if draft.add_temporary is not None:
        temporary = draft.add_temporary.cut(starts_at=at, ends_at=draft.add_temporary.ends_at)
        history = history.with_temporary(temporary, at=at)
    if draft.add_shadow is not None:
        history = history.with_shadow(draft.add_shadow, at=at)
    return history


def _preview(before: History, after: History, interval: Interval) -> Preview:
    old, new = as_known(before), as_known(after)
    found = differences(old, new, interval)
    shown = tuple(islice(found, CHANGES_SHOWN))
    shadows_before, shadows_after = old.shadow_shifts(interval), new.shadow_shifts(interval)
    return Preview(
        interval=interval,
        differences=shown,
        more=sum(1 for _ in found),
        shadows_new=_only_in(shadows_after, shadows_before),
        shadows_gone=_only_in(shadows_before, shadows_after),
    )


def _only_in(found: Iterable[ShadowShift], others: Iterable[ShadowShift]) -> tuple[ShadowShift, ...]:
    there = frozenset(others)
    return tuple(islice((each for each in found if each not in there), CHANGES_SHOWN))


def _named_in(draft: ScheduleDraft) -> Iterator[NamedReference]:
    if draft.add_override is not None:
        yield user_at("add_override.user_id", draft.add_override.user_id)
        if draft.add_override.replaces is not None:
            yield user_at("add_override.replaces", draft.add_override.replaces)
    if draft.add_temporary is not None:
        for number, shift in enumerate(draft.add_temporary.shifts):
            yield user_at(f"add_temporary.shifts[{number}].user_id", shift.user_id)
    if draft.add_shadow is not None:
        yield user_at("add_shadow.user_id", draft.add_shadow.user_id)
        if draft.add_shadow.follows is not None:
            yield user_at("add_shadow.follows", draft.add_shadow.follows)

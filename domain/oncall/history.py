"""What was said of a schedule, from when on it holds, and since when it was known.

Two times belong to everything that is said: it is *known* from the instant at which it was saved, and *effective* from
then on or from later, never from before. Hence two laws, for whatever is said later on:

- An edit does not change the past: who is on call at an instant before its effective time stays who it was.
- *Who is on call at t, as known at u* has one answer for ever, since all that comes later is known later.

Versions: each holds from its effective time on, for good, until one that was made later does. So a version that is made
now takes the place of those planned for later, and whoever looks at a preview sees that it does.

Parts, which are overrides of every kind, temporary schedules and shadows: one that ends early or is taken back is
another version of it, or none, known from that instant on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, zip_longest
from typing import NamedTuple
from uuid import UUID

from domain.oncall import coverage, load, quality, shadowing
from domain.oncall.coverage import HANDOFF_HORIZON, Handoff, Shift
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.shadowing import Shadowing, ShadowShift
from domain.oncall.temporary import TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, ShadowId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval, require_utc, union
from domain.shared.limits import SCHEDULE_VERSIONS_AHEAD
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleVersion:
    """A zone and layers, from `effective_at` on, as was known from `known_at` on.

    `schedule` is the whole schedule as it was saved then, but for its parts, which are known one by one; its `version`
    says which of two was made later.

    Raises:
        InvalidValueError: a time is not in UTC, or it would take effect before it was known.
    """

    schedule: Schedule
    effective_at: datetime
    known_at: datetime

    def __post_init__(self) -> None:
        require_utc("effective_at", self.effective_at)
        require_utc("known_at", self.known_at)
        if self.effective_at < self.known_at:
            raise InvalidValueError("effective_at", f"must not be in the past, that is before {self.known_at}")
        assert self.schedule == self.schedule.without_parts(), "parts have versions of their own"

    @property
    def number(self) -> int:
        return self.schedule.version


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVersion[P: (Override, TemporarySchedule, Shadow)]:
    """A part of a schedule, as was known from `known_from` on and up to `known_until`; None while it still is."""

    part: P
    known_from: datetime
    known_until: datetime | None = None

    def is_known(self, at: datetime | None) -> bool:
        """Whether it was known at the instant, or, for None, still is."""
        if at is None:
            return self.known_until is None
        return self.known_from <= at and (self.known_until is None or at < self.known_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Versions of one schedule and of its parts, in any order; all of them, or those that bear on a question."""

    versions: tuple[ScheduleVersion, ...] = ()
    overrides: tuple[PartVersion[Override], ...] = ()
    temporaries: tuple[PartVersion[TemporarySchedule], ...] = ()
    shadows: tuple[PartVersion[Shadow], ...] = ()

    def with_version(self, version: ScheduleVersion) -> "History":
        """One more version, made after all others."""
        return replace(self, versions=(*self.versions, version))

    def with_override(self, override: Override, *, at: datetime) -> "History":
        """Somebody stands in, is added or is taken off, as is known from `at` on."""
        return replace(self, overrides=(*self.overrides, PartVersion(part=override, known_from=at)))

    def without_override(self, override_id: OverrideId, *, at: datetime) -> "History":
        """As is known from `at` on, the override ends then if it began before, and never happens if it did not."""
        return replace(self, overrides=tuple(_without(self.overrides, override_id, at)))

    def with_temporary(self, temporary: TemporarySchedule, *, at: datetime) -> "History":
        """Fixed shifts take the place of the layers, as is known from `at` on."""
        return replace(self, temporaries=(*self.temporaries, PartVersion(part=temporary, known_from=at)))

    def without_temporary(self, temporary_id: TemporaryScheduleId, *, at: datetime) -> "History":
        """As `without_override`; the shifts of one that began before are cut."""
        return replace(self, temporaries=tuple(_without(self.temporaries, temporary_id, at)))

    def with_shadow(self, shadow: Shadow, *, at: datetime) -> "History":
        """Somebody follows, as is known from `at` on."""
        return replace(self, shadows=(*self.shadows, PartVersion(part=shadow, known_from=at)))

    def without_shadow(self, shadow_id: ShadowId, *, at: datetime) -> "History":
        """As `without_override`."""
        return replace(self, shadows=tuple(_without(self.shadows, shadow_id, at)))


class Phase(NamedTuple):
    """What holds from an instant on, until the next phase begins."""

    starts_at: datetime
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A schedule as it was known at one instant: what is in force when, oldest first, each with all its parts.

    Before its first phase there is no schedule, and so nobody is on call. The questions are those of `coverage.py`, and
    so are the answers, but that they follow what is in force then.
    """

    phases: tuple[Phase, ...] = ()

    def in_force(self, at: datetime) -> Schedule | None:
        """What holds at the instant; None before the first phase."""
        return next((phase.schedule for phase in reversed(self.phases) if phase.starts_at <= at), None)

    def on_call(self, at: datetime) -> tuple[UserId, ...]:
        """Raises `InvalidValueError` for a time without an offset or outside the supported years."""
        require_instant("at", at)
        schedule = self.in_force(at)
        return () if schedule is None else coverage.on_call(schedule, at)

    def shadows(self, at: datetime) -> tuple[Shadowing, ...]:
        """Who learns beside whom. Raises `InvalidValueError` as `on_call` does."""
        require_instant("at", at)
        schedule = self.in_force(at)
        return () if schedule is None else shadowing.shadows(schedule, at)

    def shifts(self, interval: Interval) -> tuple[Shift, ...]:
        """One that goes on from the same source after a change is not cut by it.

        Raises `InvalidValueError` for an interval outside the supported years.
        """
        found: list[Shift] = []
        for part, schedule in self._parts(interval):
            found = _joined(found, coverage.shifts(schedule, part), seam=part.start)
        return tuple(sorted(found, key=lambda shift: (shift.interval.start, shift.user_id.int)))

    def shadow_shifts(self, interval: Interval) -> tuple[ShadowShift, ...]:
        """Raises `InvalidValueError` for an interval outside the supported years."""
        return shadowing.joined(
            each for part, schedule in self._parts(interval) for each in shadowing.shadow_shifts(schedule, part)
        )

    def handoffs(self, interval: Interval) -> tuple[Handoff, ...]:
        """Also those that a change of the schedule makes.

        Raises `InvalidValueError` for an interval outside the supported years.
        """
        before = self.on_call(interval.start - timedelta.resolution)
        return quality.handoffs_of(self.shifts(interval), interval, before=before)

    def participants(self, interval: Interval, found: Iterable[Shift]) -> tuple[UserId, ...]:
        """Whom the load of these shifts of the interval is shared by, by id: `load.participants_of`."""
        people = {shift.user_id for shift in found}
        for part, schedule in self._parts(interval):
            people.update(load.participants_of(schedule, part, ()))
        return tuple(sorted(people, key=lambda user_id: user_id.int))

    def gaps(self, interval: Interval) -> tuple[Interval, ...]:
        """Raises `InvalidValueError` for an interval outside the supported years."""
        parts = self._parts(interval)
        unmanaged = interval.subtract(part for part, _ in parts)
        return union([*unmanaged, *(gap for part, schedule in parts for gap in coverage.gaps(schedule, part))])

    def next_handoff(self, at: datetime) -> Handoff | None:
        """Also when it is a change of the schedule that makes it.

        Raises `InvalidValueError` for a time without an offset or outside the supported years.
        """
        before = self.on_call(at)
        limit = at.astimezone(UTC) + HANDOFF_HORIZON
        for start, end, schedule in self._from(at.astimezone(UTC)):
            if start >= limit:
                return None
            after = coverage.on_call(schedule, start)
            if after != before:
                return Handoff(at=start, before=before, after=after)
            handoff = coverage.next_handoff(schedule, start)
            if handoff is not None and (end is None or handoff.at < end):
                return handoff
        return None

    def _from(self, at: datetime) -> list[tuple[datetime, datetime | None, Schedule]]:
        """The phases that are not over at the instant, the one under way as if it began then."""
        return [
            (max(phase.starts_at, at), following and following.starts_at, phase.schedule)
            for phase, following in zip_longest(self.phases, self.phases[1:])
            if following is None or following.starts_at > at
        ]

    def _parts(self, interval: Interval) -> list[tuple[Interval, Schedule]]:
        """The interval cut wherever another phase begins."""
        parts: list[tuple[Interval, Schedule]] = []
        for start, end, schedule in self._from(interval.start):
            stop = interval.end if end is None else min(end, interval.end)
            if start < stop:
                parts.append((Interval(start=start, end=stop), schedule))
        return parts


def as_known(history: History, known_at: datetime | None = None) -> Timeline:
    """The schedule as it was known at the instant, or, for None, as it is known now."""
    known = [each for each in history.versions if known_at is None or each.known_at <= known_at]
    overrides, temporaries, shadows = (
        known_parts(history.overrides, known_at),
        known_parts(history.temporaries, known_at),
        known_parts(history.shadows, known_at),
    )
    return Timeline(
        phases=tuple(
            Phase(
                version.effective_at,
                replace(version.schedule, overrides=overrides, temporaries=temporaries, shadows=shadows),
            )
            for version in _in_force(known)
        )
    )


def bearing_on(history: History, interval: Interval, known_at: datetime | None = None) -> History:
    """What answers for the interval, as was known at the instant, or, for None, as is known now; and nothing else."""
    versions = _in_force(each for each in history.versions if known_at is None or each.known_at <= known_at)
    return History(
        versions=tuple(
            version
            for version, following in zip_longest(versions, versions[1:])
            if version.effective_at < interval.end and (following is None or following.effective_at > interval.start)
        ),
        overrides=_bearing(history.overrides, interval, known_at),
        temporaries=_bearing(history.temporaries, interval, known_at),
        shadows=_bearing(history.shadows, interval, known_at),
    )


def on_call_as_known(history: History, at: datetime, known_at: datetime | None = None) -> tuple[UserId, ...]:
    """Who is on call at one instant, as was known at another. Raises `InvalidValueError` as `coverage.on_call` does."""
    return as_known(history, known_at).on_call(at)


def shifts_as_known(history: History, interval: Interval, known_at: datetime | None = None) -> tuple[Shift, ...]:
    """The shifts of an interval, as was known at an instant. Raises `InvalidValueError` as `coverage.shifts` does."""
    return as_known(history, known_at).shifts(interval)


def ended[P: (Override, TemporarySchedule, Shadow)](part: P, *, at: datetime) -> P | None:
    """What is left of a part that is taken back: its past, or nothing, when it has none."""
    if part.starts_at >= at:
        return None
    if isinstance(part, TemporarySchedule):
        return part.cut(starts_at=part.starts_at, ends_at=at)
    return replace(part, ends_at=at)


def require_room_ahead(history: History, *, at: datetime) -> None:
    """Raises `InvalidValueError` when so many changes are planned that every look-up would have to go through them."""
    ahead = sum(1 for phase in as_known(history).phases if phase.starts_at > at)
    if ahead >= SCHEDULE_VERSIONS_AHEAD:
        raise InvalidValueError("effective_at", f"must leave at most {SCHEDULE_VERSIONS_AHEAD} changes planned ahead")


def _without[P: (Override, TemporarySchedule, Shadow)](
    parts: Iterable[PartVersion[P]], part_id: UUID, at: datetime
) -> Iterator[PartVersion[P]]:
    for each in parts:
        if each.part.id != part_id or each.known_until is not None:
            yield each
            continue
        if each.known_from < at:
            yield replace(each, known_until=at)
        left = ended(each.part, at=at)
        if left is not None:
            yield PartVersion(part=left, known_from=at)


def known_parts[P: (Override, TemporarySchedule, Shadow)](
    parts: Iterable[PartVersion[P]], known_at: datetime | None = None
) -> tuple[P, ...]:
    """Those known at the instant, or, for None, now: by id, which is the order in which they were made."""
    return tuple(sorted((each.part for each in parts if each.is_known(known_at)), key=lambda part: part.id))


def _bearing[P: (Override, TemporarySchedule, Shadow)](
    parts: Iterable[PartVersion[P]], interval: Interval, known_at: datetime | None
) -> tuple[PartVersion[P], ...]:
    return tuple(
        each
        for each in parts
        if each.is_known(known_at) and each.part.starts_at < interval.end and each.part.ends_at > interval.start
    )


def _in_force(versions: Iterable[ScheduleVersion]) -> list[ScheduleVersion]:
    """Those that are in force at some time, oldest first: a version hides earlier ones from its effective time on."""
    left: list[ScheduleVersion] = []
    for version in sorted(versions, key=lambda version: version.number, reverse=True):
        if not left or version.effective_at < left[-1].effective_at:
            left.append(version)
    left.reverse()
    assert all(one.effective_at < other.effective_at for one, other in pairwise(left))
    return left


def _joined(before: list[Shift], after: Iterable[Shift], *, seam: datetime) -> list[Shift]:
    """Both, where what ends and what goes on at the seam, for one user from one source, is one shift."""
    reaching = {(shift.user_id, shift.source): shift for shift in before if shift.interval.end == seam}
    result = list(before)
    for shift in after:
        first = reaching.get((shift.user_id, shift.source)) if shift.interval.start == seam else None
        if first is None:
            result.append(shift)
        else:
            result.remove(first)
            result.append(replace(shift, interval=Interval(start=first.interval.start, end=shift.interval.end)))
    return result

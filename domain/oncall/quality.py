"""How well a schedule covers a time, and what in it wears people out: each finding with its exact interval."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from domain.oncall.coverage import Handoff, Shift, gaps, on_call, shifts
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval, union
from domain.shared.limits import TURN_USERS

# A week is the longest turn in common use, and the clock change of autumn makes one of them an hour longer.
STRETCH_LIMIT: Final = timedelta(days=7, hours=1)
STRETCH_LIMIT_MAX: Final = timedelta(days=366)  # no report looks further
# Directive 2003/88/EC, article 3: at least 11 consecutive hours of rest in each 24 hours.
REST_MIN: Final = timedelta(hours=11)
REST_MIN_MAX: Final = timedelta(days=14)  # what is longer is leave, and no rest between two duties


class FindingKind(StrEnum):
    """What a report names."""

    GAP = "gap"  # nobody is on call
    OVERLAP = "overlap"  # more people at once than are meant to be
    LONG_STRETCH = "long_stretch"  # somebody is on call for longer than the limit, without a break
    BACK_TO_BACK = "back_to_back"  # somebody has less than the least rest between two stretches: the interval is it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend, when it is so, and whom it is about; a gap is about nobody."""

    kind: FindingKind
    interval: Interval
    user_ids: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """What a report holds a schedule to.

    Raises:
        InvalidValueError: one is outside its own limits.
    """

    people: int = 1  # how many are meant to be on call at once
    stretch: timedelta = STRETCH_LIMIT
    rest: timedelta = REST_MIN

    def __post_init__(self) -> None:
        if not 1 <= self.people <= TURN_USERS:
            raise InvalidValueError("people", f"must be from 1 to {TURN_USERS}")
        if not timedelta(hours=1) <= self.stretch <= STRETCH_LIMIT_MAX:
            raise InvalidValueError("stretch", f"must be from 1 hour to {STRETCH_LIMIT_MAX.days} days")
        if not timedelta(0) <= self.rest <= REST_MIN_MAX:
            raise InvalidValueError("rest", f"must be from 0 hours to {REST_MIN_MAX.days} days")


class Stretch(NamedTuple):
    """Somebody is on call without a break: shifts that follow each other at once are one stretch."""

    user_id: UserId
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """A report on an interval. What began before it or goes on after it is cut to it."""

    interval: Interval
    findings: tuple[Finding, ...]  # by their start, then kind, then user
    gap_time: timedelta
    longest: Stretch | None  # the earliest of the longest; None where nobody is ever on call

    @property
    def gap_share(self) -> Fraction:
        """How much of the interval nobody is on call: 0 is covered, 1 is empty."""
        return Fraction(self.gap_time // timedelta.resolution, self.interval.duration // timedelta.resolution)

    def count(self, kind: FindingKind) -> int:
        return sum(finding.kind is kind for finding in self.findings)


def quality(schedule: Schedule, interval: Interval, limits: QualityLimits) -> Quality:
    """What is to be mended in the schedule.

    Raises:
        InvalidValueError: the interval is outside the supported years.
    """
    return quality_of(shifts(schedule, interval), gaps(schedule, interval), interval, limits)


def quality_of(
    found: Sequence[Shift], missing: Sequence[Interval], interval: Interval, limits: QualityLimits
) -> Quality:
    """What is to be mended, by the shifts and the gaps of the interval."""
    own = stretches(found)
    findings = [
        *(Finding(kind=FindingKind.GAP, interval=gap) for gap in missing),
        *overlaps(found, people=limits.people),
        *_long(own, limits.stretch),
        *_back_to_back(own, limits.rest),
    ]
    return Quality(
        interval=interval,
        findings=tuple(sorted(findings, key=_order)),
        gap_time=sum((gap.duration for gap in missing), timedelta(0)),
        longest=max(own, key=lambda stretch: stretch.interval.duration, default=None),
    )


def overlaps(found: Iterable[Shift], *, people: int = 1) -> tuple[Finding, ...]:
    """When more people than that are on call at once, and who: exact intervals, cut wherever one comes or goes."""
    return tuple(
        Finding(kind=FindingKind.OVERLAP, interval=Interval(start=start, end=end), user_ids=user_ids)
        for start, end, user_ids in _together(tuple(found))
        if len(user_ids) > people
    )


def stretches(found: Iterable[Shift]) -> tuple[Stretch, ...]:
    """The uninterrupted times of each person, by their start and then by user."""
    own: dict[UserId, list[Interval]] = {}
    for shift in found:
        own.setdefault(shift.user_id, []).append(shift.interval)
    every = (Stretch(user_id, span) for user_id, intervals in own.items() for span in union(intervals))
    return tuple(sorted(every, key=lambda stretch: (stretch.interval.start, stretch.user_id.int)))


def handoffs(schedule: Schedule, interval: Interval) -> tuple[Handoff, ...]:
    """Every handoff of the interval, oldest first: one at its start is in it, one at its end is not.

    So those of an interval's parts are those of the whole, and the first after an instant is its `next_handoff`.

    Raises:
        InvalidValueError: the interval is outside the supported years.
    """
    before = on_call(schedule, interval.start - timedelta.resolution)
    return handoffs_of(shifts(schedule, interval), interval, before=before)


def handoffs_of(found: Sequence[Shift], interval: Interval, *, before: tuple[UserId, ...]) -> tuple[Handoff, ...]:
    """The handoffs between those shifts of the interval, the first after those on call just before it."""
    on_call_from: dict[datetime, tuple[UserId, ...]] = {interval.start: ()}
    for start, end, user_ids in _together(found):
        on_call_from[start] = user_ids
        on_call_from[end] = ()  # unless somebody goes on
    on_call_from.pop(interval.end, None)
    return tuple(_changes(on_call_from, before=before))


def _changes(on_call_from: Mapping[datetime, tuple[UserId, ...]], *, before: tuple[UserId, ...]) -> Iterator[Handoff]:
    for at, after in on_call_from.items():
        if after != before:
            yield Handoff(at=at, before=before, after=after)
        before = after


def _together(found: Sequence[Shift]) -> Iterator[tuple[datetime, datetime, tuple[UserId, ...]]]:
    """The time with anyone on call, cut wherever anyone comes or goes, with those on call by id, in one sweep."""
    coming: dict[datetime, set[UserId]] = {}
    going: dict[datetime, set[UserId]] = {}
    for shift in found:
        coming.setdefault(shift.interval.start, set()).add(shift.user_id)
        going.setdefault(shift.interval.end, set()).add(shift.user_id)
    present: set[UserId] = set()
    edges = sorted({*coming, *going})
    begins: datetime | None = None
    for at in edges:
        before = frozenset(present)
        present.difference_update(going.get(at, ()))
        present.update(coming.get(at, ()))
        if present == before:  # a shift goes on from another source
            continue
        if before and begins is not None:
            yield begins, at, tuple(sorted(before, key=lambda user_id: user_id.int))
        begins = at


def _long(own: Iterable[Stretch], limit: timedelta) -> Iterator[Finding]:
    for stretch in own:
        if stretch.interval.duration > limit:
            yield Finding(kind=FindingKind.LONG_STRETCH, interval=stretch.interval, user_ids=(stretch.user_id,))


def _back_to_back(own: Iterable[Stretch], least: timedelta) -> Iterator[Finding]:
    last: dict[UserId, Interval] = {}
    for stretch in own:
        before = last.get(stretch.user_id)
        if before is not None and stretch.interval.start - before.end < least:
            rest = Interval(start=before.end, end=stretch.interval.start)
            yield Finding(kind=FindingKind.BACK_TO_BACK, interval=rest, user_ids=(stretch.user_id,))
        last[stretch.user_id] = stretch.interval


def _order(finding: Finding) -> tuple[datetime, str, tuple[int, ...]]:
    return finding.interval.start, finding.kind, tuple(user_id.int for user_id in finding.user_ids)

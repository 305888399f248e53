"""What being on call costs each person, and how evenly it is spread.

Hours are counted on each person's own wall clock, whatever zone the schedule is in: a night shift in Berlin is a day
shift in Auckland. Local times become instants by the one rule of `local_time.py`, so a night is as long as it really
was: an hour shorter or longer when the clock changes in it, and a local day that was skipped counts as nothing. All of
it is exact, and so the parts of an interval add up to the whole.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.oncall.coverage import Shift
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval, union
from domain.shared.local_time import latest_local, to_instant

# The hours in which a page wakes people, or keeps them from falling asleep: eight hours of sleep and some around them.
# It holds the whole of the night that ILO Convention 171 protects, seven hours with midnight to 05:00 among them.
NIGHT_STARTS: Final = time(22)
NIGHT_ENDS: Final = time(7)
# The days off of the ISO week's end; where others are usual, `holidays` may name them.
WEEKEND: Final = frozenset({5, 6})  # as by `date.weekday`: Saturday, Sunday

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one person carried in an interval. Nights, weekends and holidays may be the same hours, counted in each."""

    user_id: UserId
    total: timedelta = timedelta(0)
    nights: timedelta = timedelta(0)
    weekends: timedelta = timedelta(0)
    holidays: timedelta = timedelta(0)
    pages: int = 0
    night_pages: int = 0  # those that came in a night
    interrupted_nights: int = 0  # nights with any; a night that two intervals share counts in both


class Fairness(NamedTuple):
    """One person's part of each kind of hours, against the mean of all: 1 is even, 2 is twice as much as the mean.

    None where nobody has any such hours.
    """

    total: Fraction | None
    nights: Fraction | None
    weekends: Fraction | None
    holidays: Fraction | None


def participants_of(schedule: Schedule, interval: Interval, shifts: Iterable[Shift]) -> tuple[UserId, ...]:
    """Whom the load is shared by, by id: who has a shift, and who is in a layer of that time, though without a turn."""
    people = {shift.user_id for shift in shifts}
    zone = schedule.zone
    for layer in schedule.layers:
        starts_at = to_instant(layer.rotation.starts_at_local, zone)
        if starts_at < interval.end and (layer.until is None or layer.until > interval.start):
            people.update(user_id for turn in layer.rotation.participants for user_id in turn)
    return tuple(sorted(people, key=lambda user_id: user_id.int))


def loads(
    shifts: Iterable[Shift],
    *,
    zones: Mapping[UserId, ZoneInfo],
    holidays: Mapping[UserId, frozenset[date]] | None = None,
    pages: Mapping[UserId, Sequence[datetime]] | None = None,
) -> tuple[Load, ...]:
    """The load of everyone in `zones`, by id: they share it, with a shift or without.

    `holidays` are each person's, as local dates, `pages` the instants at which pages reached a person. A page counts
    when it came during a shift of theirs. Times are counted once, however many shifts of a person they are in.

    Raises:
        InvalidValueError: somebody with a shift has no zone.
    """
    served: dict[UserId, list[Interval]] = {user_id: [] for user_id in zones}
    for shift in shifts:
        if shift.user_id not in served:
            raise InvalidValueError("zones", f"must have the zone of user {shift.user_id}")
        served[shift.user_id].append(shift.interval)
    calendars: dict[tuple[str, frozenset[date]], _Calendar] = {}  # most people share one with others
    whole = _hull(interval for intervals in served.values() for interval in intervals)
    found: list[Load] = []
    for user_id in sorted(zones, key=lambda each: each.int):
        spans = union(served[user_id])
        if whole is None or not spans:
            found.append(Load(user_id=user_id))
            continue
        zone = zones[user_id]
        own = (holidays or {}).get(user_id, frozenset())
        calendar = calendars.get((zone.key, own)) or _calendar(zone, whole, own)
        calendars[zone.key, own] = calendar
        found.append(_load(user_id, spans, calendar, (pages or {}).get(user_id, ())))
    return tuple(found)


def fairness(found: Sequence[Load]) -> tuple[Fairness, ...]:
    """Each one's part against the mean, in the same order."""
    sums = (
        _sum(load.total for load in found),
        _sum(load.nights for load in found),
        _sum(load.weekends for load in found),
        _sum(load.holidays for load in found),
    )
    people = len(found)
    return tuple(
        Fairness(
            _against_mean(load.total, sums[0], people),
            _against_mean(load.nights, sums[1], people),
            _against_mean(load.weekends, sums[2], people),
            _against_mean(load.holidays, sums[3], people),
        )
        for load in found
    )


def nights(interval: Interval, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The nights of the zone that have an instant in the interval, whole, oldest first."""
    evenings = ((day, NIGHT_STARTS, day + _DAY, NIGHT_ENDS) for day in _days_around(interval, zone))
    return _spans(evenings, interval, zone)


def weekends(interval: Interval, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The weekends of the zone that have an instant in the interval, oldest first; their days touch and are one."""
    days = (day for day in _days_around(interval, zone) if day.weekday() in WEEKEND)
    return union(_spans(((day, time.min, day + _DAY, time.min) for day in days), interval, zone))


class _Calendar(NamedTuple):
    """The special times of one zone, in order and apart."""

    nights: tuple[Interval, ...]
    weekends: tuple[Interval, ...]
    holidays: tuple[Interval, ...]


def _calendar(zone: ZoneInfo, interval: Interval, holidays: Collection[date]) -> _Calendar:
    days = (day for day in _days_around(interval, zone) if day in holidays)
    return _Calendar(
        nights=nights(interval, zone),
        weekends=weekends(interval, zone),
        holidays=union(_spans(((day, time.min, day + _DAY, time.min) for day in days), interval, zone)),
    )


def _load(user_id: UserId, spans: Sequence[Interval], calendar: _Calendar, pages: Iterable[datetime]) -> Load:
    reached = [at for at in pages if _place(spans, at) is not None]
    woken = [night for night in (_place(calendar.nights, at) for at in reached) if night is not None]
    return Load(
        user_id=user_id,
        total=_sum(span.duration for span in spans),
        nights=_shared(spans, calendar.nights),
        weekends=_shared(spans, calendar.weekends),
        holidays=_shared(spans, calendar.holidays),
        pages=len(reached),
        night_pages=len(woken),
        interrupted_nights=len(set(woken)),
    )


def _days_around(interval: Interval, zone: ZoneInfo) -> Iterator[date]:
    """The local dates of the interval, and the one before, whose night may reach into it."""
    day = latest_local(interval.start, zone).date() - _DAY
    last = latest_local(interval.end, zone).date()
    while day <= last:
        yield day
        day += _DAY


def _spans(local: Iterable[tuple[date, time, date, time]], interval: Interval, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The instants of local spans that touch the interval. One that lies wholly in skipped time is nothing."""
    found: list[Interval] = []
    for first_day, starts, last_day, ends in local:
        start = to_instant(datetime.combine(first_day, starts), zone)
        end = to_instant(datetime.combine(last_day, ends), zone)
        if start < end and start < interval.end and interval.start < end:
            found.append(Interval(start=start, end=end))
    return tuple(found)


def _hull(intervals: Iterable[Interval]) -> Interval | None:
    every = tuple(intervals)
    if not every:
        return None
    return Interval(start=min(each.start for each in every), end=max(each.end for each in every))


def _shared(one: Sequence[Interval], other: Sequence[Interval]) -> timedelta:
    """How much time two rows of intervals, each in order and apart, have in common; one walk over both."""
    shared = timedelta(0)
    left = right = 0
    while left < len(one) and right < len(other):
        common = one[left].intersection(other[right])
        if common is not None:
            shared += common.duration
        if one[left].end <= other[right].end:
            left += 1
        else:
            right += 1
    return shared


def _place(spans: Sequence[Interval], at: datetime) -> int | None:
    """Which of the intervals, in order and apart, has the instant."""
    place = bisect_right(spans, at.astimezone(UTC), key=lambda span: span.start) - 1
    return place if place >= 0 and spans[place].contains(at) else None


def _sum(durations: Iterable[timedelta]) -> timedelta:
    return sum(durations, timedelta(0))


def _against_mean(part: timedelta, whole: timedelta, people: int) -> Fraction | None:
    return None if not whole else Fraction(part // timedelta.resolution * people, whole // timedelta.resolution)

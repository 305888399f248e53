"""Schedules by the thousand, in every zone and around its clock changes, and a slow model that says who is on call."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.rotation import Rotation, RotationUnit
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TeamId, TemporaryScheduleId, UserId
from domain.shared.weekly_window import Weekday, WeeklyWindow

MINUTE = timedelta(minutes=1)
DAYS = tuple(Weekday)
ZONES = tuple(sorted(available_timezones() - {"localtime"}))
ANN, BOB, CYD, DEE, EVE = USERS = tuple(UserId(UUID(int=number)) for number in range(1, 6))


# ------------------------------------------------------------------------------------------------ plain builders


def weekly(first: str, second: str) -> WeeklyWindow:
    """A window as people write it: `weekly("friday 17:00", "monday 09:00")`."""
    (starts_on, starts_at), (ends_on, ends_at) = first.split(), second.split()
    return WeeklyWindow(
        starts_on=Weekday(starts_on),
        starts_at=time.fromisoformat(starts_at),
        ends_on=Weekday(ends_on),
        ends_at=time.fromisoformat(ends_at),
    )


def every_day(starts_at: str, ends_at: str) -> tuple[WeeklyWindow, ...]:
    """The same hours on each day, over midnight when they end at or before their start."""
    runs_over = time.fromisoformat(ends_at) <= time.fromisoformat(starts_at)
    return tuple(
        weekly(f"{day} {starts_at}", f"{DAYS[(number + runs_over) % 7]} {ends_at}") for number, day in enumerate(DAYS)
    )


def a_layer(
    *participants: UserId | tuple[UserId, ...],
    starts: str,
    unit: RotationUnit = RotationUnit.DAY,
    length: int = 1,
    restrictions: tuple[WeeklyWindow, ...] = (),
    until: str | None = None,
    name: str = "",
) -> Layer:
    """A layer whose participants are users or tuples of users; `starts` is local, `until` an instant."""
    turns = tuple(turn if isinstance(turn, tuple) else (turn,) for turn in participants)
    rotation = Rotation(unit=unit, length=length, starts_at_local=datetime.fromisoformat(starts), participants=turns)
    return Layer(name=name, rotation=rotation, restrictions=restrictions, until=None if until is None else utc(until))


def an_override(
    number: int,
    user_id: UserId,
    starts: str,
    ends: str,
    *,
    replaces: UserId | None = None,
    kind: OverrideKind = OverrideKind.REPLACE,
) -> Override:
    """An override between two instants."""
    return Override(
        id=OverrideId(UUID(int=number)),
        user_id=user_id,
        starts_at=utc(starts),
        ends_at=utc(ends),
        replaces=replaces,
        kind=kind,
    )


def a_temporary(number: int, starts: str, ends: str, *shifts: tuple[UserId, str, str]) -> TemporarySchedule:
    """A temporary schedule between two instants, with shifts between instants."""
    return TemporarySchedule(
        id=TemporaryScheduleId(UUID(int=number)),
        starts_at=utc(starts),
        ends_at=utc(ends),
        shifts=tuple(FixedShift(user_id=who, starts_at=utc(first), ends_at=utc(last)) for who, first, last in shifts),
    )


def a_shadow(
    number: int, user_id: UserId, starts: str, ends: str, *, follows: UserId | None = None, layer: int | None = None
) -> Shadow:
    """A shadow between two instants."""
    return Shadow(
        id=ShadowId(UUID(int=number)),
        user_id=user_id,
        starts_at=utc(starts),
        ends_at=utc(ends),
        follows=follows,
        layer=layer,
    )


def a_schedule(
    *layers: Layer,
    zone: str = "Europe/Berlin",
    overrides: tuple[Override, ...] = (),
    temporaries: tuple[TemporarySchedule, ...] = (),
    shadows: tuple[Shadow, ...] = (),
) -> Schedule:
    """A schedule of those layers, the strongest last."""
    return Schedule(
        id=ScheduleId(UUID(int=100)),
        team_id=TeamId(UUID(int=200)),
        name="Core",
        time_zone=zone,
        layers=layers,
        overrides=overrides,
        temporaries=temporaries,
        shadows=shadows,
    )


def utc(text: str) -> datetime:
    """An instant in UTC, from `2026-03-29 01:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ clock changes


@cache
def clock_changes(zone_name: str, year: int) -> tuple[datetime, ...]:
    """The instants of a year at which the zone's offset changes, found by looking at each day and then halving."""
    zone = ZoneInfo(zone_name)
    changes: list[datetime] = []
    start = datetime(year, 1, 1, tzinfo=UTC)
    while start.year == year:
        end = start + timedelta(days=1)
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            changes.append(_first_change(start, end, zone))
        start = end
    return tuple(changes)


def _first_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


zones = st.sampled_from(ZONES)


@st.composite
def places(draw: st.DrawFn, first_year: int = 1980, last_year: int = 2060) -> tuple[str, datetime]:
    """A zone and an instant of it, at a clock change of the drawn year when the zone has one."""
    zone_name = draw(zones)
    year = draw(st.integers(first_year, last_year))
    changes = clock_changes(zone_name, year)
    if changes:
        return zone_name, draw(st.sampled_from(changes))
    return zone_name, datetime(year, draw(st.integers(1, 12)), draw(st.integers(1, 28)), tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ schedules

users = st.sampled_from(USERS)
quarters = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
turns = st.lists(users, min_size=1, max_size=3, unique=True).map(tuple)
windows = st.builds(
    WeeklyWindow,
    starts_on=st.sampled_from(DAYS),
    starts_at=quarters,
    ends_on=st.sampled_from(DAYS),
    ends_at=quarters,
)
hours_of_a_day = st.tuples(quarters, quarters).map(
    lambda pair: every_day(pair[0].isoformat("minutes"), pair[1].isoformat("minutes"))
)
restrictions = st.one_of(st.just(()), st.lists(windows, max_size=4).map(tuple), hours_of_a_day)
lengths = {RotationUnit.HOUR: 50, RotationUnit.DAY: 9, RotationUnit.WEEK: 2, RotationUnit.MONTH: 2}


@st.composite
def rotations(draw: st.DrawFn, near: datetime) -> Rotation:
    """A rotation that starts up to 20 days before the instant, or shortly after it."""
    unit = draw(st.sampled_from(RotationUnit))
    day = near.replace(tzinfo=None) - timedelta(days=draw(st.integers(-1, 20)))
    return Rotation(
        unit=unit,
        length=draw(st.integers(1, lengths[unit])),
        starts_at_local=datetime.combine(day.date(), draw(quarters)),
        participants=draw(st.lists(turns, min_size=1, max_size=5).map(tuple)),
    )


@st.composite
def layers(draw: st.DrawFn, near: datetime) -> Layer:
    """A layer, mostly restricted, that may end near the instant."""
    until = draw(st.none() | minutes_around(near))
    return Layer(rotation=draw(rotations(near)), restrictions=draw(restrictions), until=until)


@st.composite
def overrides(draw: st.DrawFn, near: datetime, number: int) -> Override:
    """An override of any kind, of up to three days near the instant."""
    user_id = draw(users)
    starts_at = draw(minutes_around(near))
    kind = draw(st.sampled_from(OverrideKind))
    replaced = st.none() | users.filter(lambda other: other != user_id)
    return Override(
        id=OverrideId(UUID(int=number)),
        user_id=user_id,
        starts_at=starts_at,
        ends_at=starts_at + draw(st.integers(1, 3 * 1440)) * MINUTE,
        replaces=draw(replaced) if kind is OverrideKind.REPLACE else None,
        kind=kind,
    )


@st.composite
def temporaries(draw: st.DrawFn, near: datetime) -> tuple[TemporarySchedule, ...]:
    """Up to two temporary schedules near the instant that do not overlap, though they may touch."""
    starts_at = draw(minutes_around(near))
    made: list[TemporarySchedule] = []
    for number in range(1, 1 + draw(st.integers(0, 2))):
        minutes = draw(st.integers(2, 2 * 1440))
        shifts: list[FixedShift] = []
        for user_id in draw(st.lists(users, max_size=3, unique=True)):
            first, last = sorted(draw(st.lists(st.integers(0, minutes), min_size=2, max_size=2, unique=True)))
            shifts.append(
                FixedShift(user_id=user_id, starts_at=starts_at + first * MINUTE, ends_at=starts_at + last * MINUTE)
            )
        ends_at = starts_at + minutes * MINUTE
        made.append(
            TemporarySchedule(
                id=TemporaryScheduleId(UUID(int=number)),
                starts_at=starts_at,
                ends_at=ends_at,
                shifts=tuple(shifts),
                is_layer=draw(st.booleans()),
            )
        )
        starts_at = ends_at + draw(st.integers(0, 300)) * MINUTE
    return tuple(draw(st.permutations(made)))


@st.composite
def shadow_strategy(draw: st.DrawFn, near: datetime, number: int) -> Shadow:
    """A shadow of a user or of a layer, of up to three days near the instant."""
    user_id = draw(users)
    starts_at = draw(minutes_around(near))
    layer = draw(st.none() | st.integers(0, 2))
    return Shadow(
        id=ShadowId(UUID(int=number)),
        user_id=user_id,
        starts_at=starts_at,
        ends_at=starts_at + draw(st.integers(1, 3 * 1440)) * MINUTE,
        follows=draw(users.filter(lambda other: other != user_id)) if layer is None else None,
        layer=layer,
    )


@st.composite
def schedules(draw: st.DrawFn, place: tuple[str, datetime] | None = None) -> Schedule:
    """A schedule in any zone, with something going on around the place's instant."""
    zone_name, near = place or draw(places())
    return Schedule(
        id=ScheduleId(UUID(int=100)),
        team_id=TeamId(UUID(int=200)),
        name="Core",
        time_zone=zone_name,
        layers=draw(st.lists(layers(near), max_size=3).map(tuple)),
        overrides=tuple(draw(overrides(near, number)) for number in range(1, 1 + draw(st.integers(0, 4)))),
        temporaries=draw(temporaries(near)),
        shadows=tuple(draw(shadow_strategy(near, number)) for number in range(1, 1 + draw(st.integers(0, 2)))),
    )


def minutes_around(near: datetime) -> st.SearchStrategy[datetime]:
    """Instants of up to two days before or after, at whole minutes from it, the nearest hours more often."""
    return st.one_of(st.integers(-180, 180), st.integers(-2 * 1440, 2 * 1440)).map(lambda n: near + n * MINUTE)


# ------------------------------------------------------------------------------------------------ the model


@dataclass(frozen=True)
class Model:
    """Who is on call in each minute of a span, found by walking the minutes and the handoffs one after another.

    It shares no arithmetic with the product: each minute remembers the latest wall clock reached so far, and a local
    time happens in the first minute that has reached it. Right for zones whose offsets are whole minutes.
    """

    start: datetime
    on_call: tuple[frozenset[UserId], ...]

    @classmethod
    def of(cls, schedule: Schedule, start: datetime, end: datetime) -> "Model":
        clock = _WallClock(schedule, start, end)
        result: list[frozenset[UserId]] = [frozenset()] * len(clock.reached)
        for layer in schedule.layers:  # a later one overwrites
            for minute, people in _walk(layer, clock).items():
                if layer.until is None or clock.first + minute * MINUTE < layer.until:
                    result[minute] = people
        for temporary in schedule.temporaries:
            for minute in range(len(result)):
                at = clock.first + minute * MINUTE
                on_shift = {shift.user_id for shift in temporary.shifts if shift.starts_at <= at < shift.ends_at}
                is_silent = temporary.is_layer and not on_shift  # then the other layers decide
                if temporary.starts_at <= at < temporary.ends_at and not is_silent:
                    result[minute] = frozenset(on_shift)
        for override in schedule.overrides:
            for minute, people in enumerate(result):
                if override.starts_at <= clock.first + minute * MINUTE < override.ends_at:
                    result[minute] = _changed(people, override)
        return cls(start, tuple(result[(start - clock.first) // MINUTE :]))


def _changed(people: frozenset[UserId], override: Override) -> frozenset[UserId]:
    match override.kind, override.replaces:
        case OverrideKind.ADD, _:
            return people | {override.user_id}
        case OverrideKind.REMOVE, _:
            return people - {override.user_id}
        case _, None:
            return frozenset({override.user_id})
        case _, replaced if replaced in people:
            return people - {replaced} | {override.user_id}
    return people


class _WallClock:
    """The latest local time reached in each minute from before the first handoff to the end."""

    def __init__(self, schedule: Schedule, start: datetime, end: datetime) -> None:
        starts = [layer.rotation.starts_at_local.replace(tzinfo=UTC) for layer in schedule.layers]
        day = min([start, *starts]) - timedelta(days=2)
        self.first = start - -(-(start - day) // MINUTE) * MINUTE
        self.reached: list[datetime] = []
        zone, at, latest = ZoneInfo(schedule.time_zone), self.first, datetime(1, 1, 1)  # noqa: DTZ001
        while at < end:
            latest = max(latest, at.astimezone(zone).replace(tzinfo=None, fold=0))
            self.reached.append(latest)
            at += MINUTE

    def minute(self, local: datetime) -> int:
        """The first minute that has reached the local time; the number of minutes when none has."""
        return bisect_left(self.reached, local)


def _walk(layer: Layer, clock: _WallClock) -> Mapping[int, frozenset[UserId]]:
    open_minutes = _open_minutes(layer, clock)
    people: dict[int, frozenset[UserId]] = {}
    used = 0
    for begin, end in _handoffs(layer.rotation):
        if begin > clock.reached[-1]:
            return people
        turn = frozenset(layer.rotation.participants[used % len(layer.rotation.participants)])
        for minute in range(clock.minute(begin), clock.minute(end)):
            if open_minutes is None or minute in open_minutes:
                people[minute] = turn
        used += _has_open_time(layer, begin, end)
    return people


def _handoffs(rotation: Rotation) -> Iterator[tuple[datetime, datetime]]:
    start = begin = rotation.starts_at_local
    steps = 0
    while True:
        steps += rotation.length
        match rotation.unit:
            case RotationUnit.HOUR:
                end = start + timedelta(hours=steps)
            case RotationUnit.DAY:
                end = start + timedelta(days=steps)
            case RotationUnit.WEEK:
                end = start + timedelta(weeks=steps)
            case RotationUnit.MONTH:
                end = _months_later(start, steps)
        yield begin, end
        begin = end


def _months_later(start: datetime, months: int) -> datetime:
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    day = start.day
    while True:
        try:
            return datetime.combine(date(year, month, day), start.time())
        except ValueError:
            day -= 1


def _open_minutes(layer: Layer, clock: _WallClock) -> set[int] | None:
    """The minutes in some window, each of which opens and closes once a week."""
    if not layer.restrictions:
        return None
    minutes: set[int] = set()
    monday = clock.reached[0].date() - timedelta(days=clock.reached[0].weekday() + 14)
    while monday <= clock.reached[-1].date():
        for window in layer.restrictions:
            opens = datetime.combine(monday + timedelta(days=DAYS.index(window.starts_on)), window.starts_at)
            closes = datetime.combine(monday + timedelta(days=DAYS.index(window.ends_on)), window.ends_at)
            if closes <= opens:
                closes += timedelta(days=7)
            minutes.update(range(clock.minute(opens), clock.minute(closes)))
        monday += timedelta(days=7)
    return minutes


def _has_open_time(layer: Layer, begin: datetime, end: datetime) -> bool:
    """Whether any quarter of an hour of the turn is in a window, on the local calendar; windows are of quarters."""
    if not layer.restrictions:
        return True
    local = begin
    while local < end:
        if any(_is_in(window, local) for window in layer.restrictions):
            return True
        local += timedelta(minutes=15)
    return False


def _is_in(window: WeeklyWindow, local: datetime) -> bool:
    now = (local.weekday(), local.time())
    opens = (DAYS.index(window.starts_on), window.starts_at)
    closes = (DAYS.index(window.ends_on), window.ends_at)
    if opens < closes:
        return opens <= now < closes
    return now >= opens or now < closes

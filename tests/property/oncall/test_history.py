"""P7: the past does not change. Who was on call at t, as known at u, has one answer for ever, over any storage."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import ConflictError
from application.oncall.add_override import AddOverride
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.preview_schedule import MADE_LAST, Preview, PreviewSchedule, ScheduleDraft
from application.oncall.remove_override import RemoveOverride
from application.oncall.remove_temporary import RemoveTemporarySchedule
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.update_schedule import UpdateSchedule
from domain.escalation.events import EscalationStepReached
from domain.identity.role import Role
from domain.oncall.coverage import Handoff, Shift, on_call
from domain.oncall.difference import differences
from domain.oncall.history import History, ScheduleVersion, Timeline, as_known, bearing_on, on_call_as_known
from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.rotation import Rotation, RotationUnit
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.errors import DomainError
from domain.shared.ids import OverrideId, ShadowId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval
from tests.support.builders import ADA, BEN, CAT, CREW, MINUTE, NOON, ROTA, a_town, an_actor
from tests.support.laws import Lab
from tests.support.oncall import USERS, minutes_around, overrides, places, schedules, temporaries
from tests.support.world import World

# With CI's many examples, on a busy machine.
pytestmark = pytest.mark.timeout(600)

# ------------------------------------------------------------------------------------------------ laws of the domain


class Edit(NamedTuple):
    """A history before and after something was said at an instant that matters from another one on."""

    before: History
    after: History
    known_at: datetime
    effective_at: datetime


@st.composite
def edits(draw: st.DrawFn) -> list[Edit]:
    """Up to six edits in a row of a schedule in any zone, minutes or days apart, around something that happens."""
    zone_name, near = draw(places())
    at = near - timedelta(days=1)
    history, result = History(), list[Edit]()
    for number in range(1, 1 + draw(st.integers(1, 6))):
        before = history
        current = [each.part for each in history.overrides if each.known_until is None]
        removable = [each for each in current if each.ends_at > at]
        temporary_now = [each.part for each in history.temporaries if each.known_until is None]
        endable = [each for each in temporary_now if each.ends_at > at]
        kinds = ("version", "add", "remove", "add temporary", "remove temporary")
        kind = draw(st.sampled_from(kinds)) if history.versions else "version"
        effective_at = at
        if kind == "add":
            override = draw(overrides(near, number))
            ends_at = max(override.ends_at, at + MINUTE)
            override = replace(override, starts_at=max(override.starts_at, at), ends_at=ends_at)
            history, effective_at = history.with_override(override, at=at), override.starts_at
        elif kind == "remove" and removable:
            override = draw(st.sampled_from(removable))
            history = history.without_override(override.id, at=at)
        elif kind == "add temporary" and (wanted := draw(temporaries(near))):
            temporary = replace(wanted[0], id=TemporaryScheduleId(UUID(int=number)))
            if temporary.ends_at <= at:
                continue
            temporary = temporary.cut(starts_at=at, ends_at=temporary.ends_at)
            if any(temporary.overlaps(other) for other in temporary_now):
                continue
            history, effective_at = history.with_temporary(temporary, at=at), temporary.starts_at
        elif kind == "remove temporary" and endable:
            history = history.without_temporary(draw(st.sampled_from(endable)).id, at=at)
        else:
            effective_at = at + draw(st.just(0) | st.integers(0, 3 * 1440)) * MINUTE
            drawn = draw(schedules((zone_name, near)))
            schedule = replace(drawn.without_parts(), version=number)
            history = history.with_version(
                ScheduleVersion(schedule=schedule, known_at=at, effective_at=effective_at),
            )
            for place, shadow in enumerate(drawn.shadows, start=10 * number):
                history = history.with_shadow(replace(shadow, id=ShadowId(UUID(int=place))), at=at)
        result.append(Edit(before, history, at, effective_at))
        at += draw(st.just(1) | st.integers(1, 2000)) * MINUTE
    return result


@st.composite
def timelines(draw: st.DrawFn) -> tuple[Timeline, Interval]:
    """What is known in the end, and an interval of up to four days in which something changes."""
    made = draw(edits())
    start = draw(st.sampled_from([edit.effective_at for edit in made])) - draw(st.integers(0, 1440)) * MINUTE
    length = draw(st.integers(1, 4 * 1440)) * MINUTE
    return as_known(made[-1].after), Interval(start=start, end=start + length)


def edges_of(shifts: tuple[Shift, ...], interval: Interval) -> list[datetime]:
    """Each instant at which a shift starts or ends, and its neighbours."""
    edges = {interval.start, *(edge for shift in shifts for edge in (shift.interval.start, shift.interval.end))}
    near = {edge + step for edge in edges for step in (-timedelta.resolution, timedelta(0), timedelta.resolution)}
    return sorted(at for at in near if interval.contains(at))


@given(edits(), st.data())
def test_an_edit_changes_nothing_before_its_effective_time(made: list[Edit], data: st.DataObject) -> None:
    for edit in made:
        ago = data.draw(st.just(timedelta.resolution) | st.integers(1, 5000).map(lambda minutes: minutes * MINUTE))
        at = edit.effective_at - ago
        assert on_call_as_known(edit.after, at) == on_call_as_known(edit.before, at)


@given(edits())
def test_what_was_known_at_an_instant_is_known_of_it_for_ever(made: list[Edit]) -> None:
    in_the_end = made[-1].after
    for edit in made:
        assert as_known(in_the_end, edit.known_at) == as_known(edit.after)
        assert as_known(in_the_end, edit.known_at - timedelta.resolution) == as_known(edit.before)


@given(edits(), st.data())
def test_what_bears_on_an_interval_answers_for_it_as_everything_does(made: list[Edit], data: st.DataObject) -> None:
    history = made[-1].after
    start = data.draw(st.sampled_from([edit.effective_at for edit in made]).flatmap(minutes_around))
    interval = Interval(start=start, end=start + data.draw(st.integers(1, 4 * 1440)) * MINUTE)
    known_at = data.draw(st.none() | st.sampled_from([edit.known_at for edit in made]))
    less, more = as_known(bearing_on(history, interval, known_at), known_at), as_known(history, known_at)
    assert less.shifts(interval) == more.shifts(interval)
    assert less.gaps(interval) == more.gaps(interval)


@given(timelines())
def test_instants_shifts_and_gaps_of_a_history_say_the_same(situation: tuple[Timeline, Interval]) -> None:
    timeline, interval = situation
    shifts, gaps = timeline.shifts(interval), timeline.gaps(interval)
    for at in edges_of(shifts, interval):
        on_shift = sorted(shift.user_id for shift in shifts if shift.interval.contains(at))
        assert tuple(on_shift) == timeline.on_call(at)
        assert any(gap.contains(at) for gap in gaps) is (not on_shift)
    for shift in shifts:
        touching = [each for each in shifts if each.interval.start == shift.interval.end]
        assert (shift.user_id, shift.source) not in {(each.user_id, each.source) for each in touching}


@given(timelines())
def test_shadow_shifts_of_a_history_say_what_its_instants_say(situation: tuple[Timeline, Interval]) -> None:
    timeline, interval = situation
    found = timeline.shadow_shifts(interval)
    edges = {edge for each in found for edge in (each.interval.start, each.interval.end)} - {interval.end}
    for at in {*edges, *edges_of(timeline.shifts(interval), interval)}:
        said = {(each.shadow_id, each.user_id, each.follows) for each in found if each.interval.contains(at)}
        at_once = timeline.shadows(at)
        assert said == {(each.shadow_id, each.user_id, user_id) for each in at_once for user_id in each.follows}


@given(timelines())
def test_handoffs_of_a_history_follow_each_other(situation: tuple[Timeline, Interval]) -> None:
    timeline, interval = situation
    expected: list[Handoff] = []
    at = interval.start - timedelta.resolution
    while (handoff := timeline.next_handoff(at)) is not None and handoff.at < interval.end:
        expected.append(handoff)
        at = handoff.at
    assert timeline.handoffs(interval) == tuple(expected)


@given(timelines())
def test_the_next_handoff_of_a_history_is_the_first_change(situation: tuple[Timeline, Interval]) -> None:
    timeline, interval = situation
    handoff = timeline.next_handoff(interval.start)
    until = interval.end if handoff is None else min(handoff.at, interval.end)
    before = timeline.on_call(interval.start)
    for at in edges_of(timeline.shifts(interval), interval):
        if at < until:
            assert timeline.on_call(at) == before
    if handoff is not None:
        assert (handoff.before, handoff.after) == (before, timeline.on_call(handoff.at))
        assert handoff.before != handoff.after


@given(edits(), st.data())
def test_differences_are_where_and_only_where_others_are_on_call(made: list[Edit], data: st.DataObject) -> None:
    edit = data.draw(st.sampled_from(made))
    before, after = as_known(edit.before), as_known(edit.after)
    start = data.draw(minutes_around(edit.effective_at))
    interval = Interval(start=start, end=start + timedelta(days=3))
    found = tuple(differences(before, after, interval))
    assert all(each.before != each.after for each in found)
    for at in edges_of((*before.shifts(interval), *after.shifts(interval)), interval):
        said = [(each.before, each.after) for each in found if each.interval.contains(at)]
        old, new = before.on_call(at), after.on_call(at)
        assert said == ([] if old == new else [(old, new)])


@given(edits(), st.data())
def test_who_is_on_call_is_who_the_schedule_in_force_then_says(made: list[Edit], data: st.DataObject) -> None:
    history = made[-1].after
    at = data.draw(st.sampled_from([edit.effective_at for edit in made]).flatmap(minutes_around))
    in_force = max(
        (each for each in history.versions if each.effective_at <= at), key=lambda each: each.number, default=None
    )
    expected = []
    if in_force is not None:
        known = tuple(each.part for each in history.overrides if each.known_until is None)
        ordered = tuple(sorted(known, key=lambda override: override.id))
        fixed = tuple(each.part for each in history.temporaries if each.known_until is None)
        expected = [*on_call(replace(in_force.schedule, overrides=ordered, temporaries=fixed), at)]
    assert [*on_call_as_known(history, at)] == expected


# ------------------------------------------------------------------------------------------------ laws of the storage

WEEK = Interval(start=NOON - timedelta(days=1), end=NOON + timedelta(days=6))
people = st.sampled_from((ADA, BEN, CAT))
assert {ADA, BEN, CAT} < set(USERS)


@dataclass(frozen=True)
class Change:
    """Other layers, another zone, or both, so many minutes from now, or at once."""

    time_zone: str | None
    layers: tuple[Layer, ...] | None
    minutes: int | None


@dataclass(frozen=True)
class StandIn:
    """Somebody stands in, joins or is taken off, from so many minutes from now, which may be ago, for so many."""

    user_id: UserId
    replaces: UserId | None
    minutes: int
    length: int
    kind: OverrideKind = OverrideKind.REPLACE


@dataclass(frozen=True)
class Fair:
    """A temporary schedule, from so many minutes from now, which may be ago, with one shift in its first half."""

    user_id: UserId
    minutes: int
    length: int


@dataclass(frozen=True)
class EndFair:
    """The temporary schedule with that place among those that are not over, around and around."""

    place: int


@dataclass(frozen=True)
class TakeBack:
    """The override with that place among those that are not over, around and around."""

    place: int


@dataclass(frozen=True)
class Rename:
    pass


type Act = Change | StandIn | TakeBack | Fair | EndFair | Rename

layers = st.builds(
    lambda hours, users, until: Layer(
        rotation=Rotation(
            unit=RotationUnit.HOUR,
            length=hours,
            starts_at_local=NOON.replace(tzinfo=None) - timedelta(days=3),
            participants=tuple((user,) for user in users),
        ),
        until=None if until is None else NOON + until * MINUTE,
    ),
    st.integers(3, 40),
    st.lists(people, min_size=1, max_size=3),
    st.none() | st.integers(0, 5000),
)
acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(
        Change,
        time_zone=st.sampled_from((None, "UTC", "Europe/Berlin", "Asia/Tokyo")),
        layers=st.none() | st.lists(layers, max_size=2).map(tuple),
        minutes=st.none() | st.integers(0, 4000),
    ),
    st.builds(
        StandIn,
        user_id=people,
        replaces=st.none() | people,
        minutes=st.integers(-100, 4000),
        length=st.integers(1, 2000),
    ),
    st.builds(
        StandIn,
        user_id=people,
        replaces=st.none(),
        minutes=st.integers(-100, 4000),
        length=st.integers(1, 2000),
        kind=st.sampled_from(OverrideKind),
    ),
    st.builds(Fair, user_id=people, minutes=st.integers(-100, 4000), length=st.integers(2, 2000)),
    st.builds(EndFair, place=st.integers(0, 5)),
    st.builds(TakeBack, place=st.integers(0, 5)),
    st.just(Rename()),
)
lives = st.lists(st.tuples(st.integers(1, 900), acts), min_size=1, max_size=8)


class Keeper:
    """Does what is drawn to a schedule, and writes down what was answered."""

    actor = an_actor(role=Role.ADMIN)

    def __init__(self, world: World) -> None:
        self.world = world

    def schedule(self, at: datetime | None = None) -> Schedule:
        since = at or self.world.clock.now()
        return self.world.within(lambda ports: ports.schedules.look_up(ROTA, since=since))

    def shifts(self, known_at: datetime | None = None) -> tuple[Shift, ...]:
        return self.world.call(ScheduleShifts, ROTA, WEEK, known_at=known_at, actor=self.actor).shifts

    def preview(self, act: Act) -> Preview:
        return self.world.call(PreviewSchedule, ROTA, self._draft(act), until=WEEK.end, actor=self.actor)

    def do(self, act: Act) -> datetime:
        """From when on it matters. Raises what the use case does."""
        now, schedule = self.world.clock.now(), self.schedule()
        if isinstance(act, Fair):
            fair = self._fair(act)
            made = self.world.call(
                AddTemporarySchedule,
                ROTA,
                starts_at=fair.starts_at,
                ends_at=fair.ends_at,
                shifts=fair.shifts,
                actor=self.actor,
            )
            return made.starts_at
        if isinstance(act, EndFair):
            gone = self._draft(act).remove_temporary
            if gone is not None:
                self.world.call(RemoveTemporarySchedule, ROTA, gone, actor=self.actor)
            return now
        draft = self._draft(act)
        if isinstance(act, Change | Rename):
            self.world.call(
                UpdateSchedule,
                ROTA,
                team_id=CREW,
                name=f"{schedule.name}+"[-20:],
                time_zone=draft.time_zone,
                layers=draft.layers,
                effective_at=draft.effective_at,
                actor=self.actor,
            )
            return draft.effective_at or now
        if draft.add_override is not None:
            added = self.world.call(
                AddOverride,
                ROTA,
                user_id=draft.add_override.user_id,
                starts_at=draft.add_override.starts_at,
                ends_at=draft.add_override.ends_at,
                replaces=draft.add_override.replaces,
                kind=draft.add_override.kind,
                actor=self.actor,
            )
            return added.starts_at
        if draft.remove_override is not None:
            self.world.call(RemoveOverride, ROTA, draft.remove_override, actor=self.actor)
        return now

    def _draft(self, act: Act) -> ScheduleDraft:
        now = self.world.clock.now()
        match act:
            case Change(time_zone=None, layers=None) | Rename():
                return ScheduleDraft()
            case Change():
                effective_at = None if act.minutes is None else now + act.minutes * MINUTE
                return ScheduleDraft(time_zone=act.time_zone, layers=act.layers, effective_at=effective_at)
            case StandIn():
                starts_at = now + act.minutes * MINUTE
                return ScheduleDraft(
                    add_override=Override(
                        id=OverrideId(MADE_LAST),
                        user_id=act.user_id,
                        starts_at=starts_at,
                        ends_at=starts_at + act.length * MINUTE,
                        replaces=act.replaces,
                        kind=act.kind,
                    )
                )
            case Fair():
                return ScheduleDraft(add_temporary=self._fair(act))
            case EndFair():
                fairs = self.schedule().temporaries
                return ScheduleDraft(remove_temporary=fairs[act.place % len(fairs)].id if fairs else None)
            case TakeBack():
                there = self.schedule().overrides
                return ScheduleDraft(remove_override=there[act.place % len(there)].id if there else None)

    def _fair(self, act: Fair) -> TemporarySchedule:
        starts_at = self.world.clock.now() + act.minutes * MINUTE
        ends_at = starts_at + (act.length // 2) * MINUTE
        return TemporarySchedule(
            id=TemporaryScheduleId(MADE_LAST),
            starts_at=starts_at,
            ends_at=starts_at + act.length * MINUTE,
            shifts=(FixedShift(user_id=act.user_id, starts_at=starts_at, ends_at=ends_at),),
        )


def people_at(shifts: tuple[Shift, ...], at: datetime) -> tuple[UserId, ...]:
    return tuple(sorted(shift.user_id for shift in shifts if shift.interval.contains(at)))


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


def test_whatever_is_done_to_a_schedule_the_past_and_what_was_known_of_it_stay(lab: Lab) -> None:
    @lab.holds(life=lives)
    def _(life: list[tuple[int, Act]]) -> None:
        with lab.world(a_town()) as world:
            keeper = Keeper(world)
            answered = {world.clock.now(): keeper.shifts()}
            for pause, act in life:
                world.clock.move_to(world.clock.now() + pause * MINUTE)
                before = keeper.shifts()
                assert before == keeper.shifts(world.clock.now())
                try:
                    matters_from = keeper.do(act)
                except (DomainError, ConflictError):
                    matters_from = WEEK.end  # it was refused
                after = answered[world.clock.now()] = keeper.shifts()
                for at in edges_of((*before, *after), WEEK):
                    if at < matters_from:
                        assert people_at(after, at) == people_at(before, at)

            for known_at, shifts in answered.items():
                assert keeper.shifts(known_at) == shifts


def test_a_preview_shows_exactly_what_is_then_done(lab: Lab) -> None:
    @lab.holds(life=lives)
    def _(life: list[tuple[int, Act]]) -> None:
        with lab.world(a_town()) as world:
            keeper = Keeper(world)
            for pause, act in life:
                world.clock.move_to(min(world.clock.now() + pause * MINUTE, WEEK.end - MINUTE))
                before = keeper.shifts()
                try:
                    preview = keeper.preview(act)
                    keeper.do(act)
                except (DomainError, ConflictError):
                    continue
                after = keeper.shifts()
                assert preview.more == 0
                for at in edges_of((*before, *after), preview.interval):
                    said = [(each.before, each.after) for each in preview.differences if each.interval.contains(at)]
                    old, new = people_at(before, at), people_at(after, at)
                    assert said == ([] if old == new else [(old, new)])


def test_who_is_paged_is_who_the_history_says_is_on_call(lab: Lab) -> None:
    @lab.holds(life=lives, minutes=st.integers(0, 9000))
    def _(life: list[tuple[int, Act]], minutes: int) -> None:
        with lab.world(a_town()) as world:
            keeper = Keeper(world)
            for pause, act in life:
                world.clock.move_to(world.clock.now() + pause * MINUTE)
                try:
                    keeper.do(act)
                except (DomainError, ConflictError):
                    continue
            planned = world.call(ScheduleOnCall, ROTA, at=world.clock.now() + minutes * MINUTE, actor=keeper.actor)
            world.clock.move_to(world.clock.now() + minutes * MINUTE)
            at = world.clock.now()
            paged = world.within(lambda ports: ports.directory.schedules([ROTA], at=at))
            assert on_call(paged[ROTA], at) == planned.user_ids
            assert on_call(keeper.schedule(), at) == planned.user_ids


def test_a_step_that_is_reached_after_a_planned_change_pages_who_is_on_call_by_it(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ben = Layer(
            rotation=Rotation(
                unit=RotationUnit.DAY,
                starts_at_local=NOON.replace(tzinfo=None) - timedelta(days=1),
                participants=((BEN,),),
            )
        )
        planned_for = NOON + timedelta(hours=1)
        usual = Keeper(world).schedule()
        world.call(
            UpdateSchedule,
            ROTA,
            team_id=CREW,
            name=usual.name,
            layers=(ben,),
            effective_at=planned_for,
            actor=Keeper.actor,
        )
        world.trigger("before")
        world.work()
        world.advance_to(planned_for)
        world.trigger("after")
        world.work()

        told = {
            stored.incident.title: next(
                event.responders for event in stored.events if isinstance(event, EscalationStepReached)
            )
            for stored in world.stored()
        }
        before, after = (next(told[title] for title in told if title.startswith(key)) for key in ("before", "after"))
        assert (before, after) == (on_call(usual, NOON), (BEN,))

"""The laws of requests for cover, for schedules with every kind of override and with temporary schedules."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hypothesis import assume, event, given
from hypothesis import strategies as st

from domain.oncall.cover import CoverRequest
from domain.oncall.coverage import Shift, on_call, shifts
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CoverRequestId, OverrideId, UserId
from domain.shared.interval import Interval
from tests.support.oncall import MINUTE, USERS, schedules, users

HOUR = timedelta(hours=1)
NEAR = datetime(2026, 3, 29, 1, tzinfo=UTC)  # the clock changes in Berlin
NOW = NEAR - timedelta(days=7)
IDS = (OverrideId(UUID(int=901)), OverrideId(UUID(int=902)))

AROUND = Interval(start=NEAR - timedelta(days=5), end=NEAR + timedelta(days=5))


class Wish(NamedTuple):
    """What somebody may ask for: time within a shift of theirs and beyond it, and somebody else's in exchange."""

    schedule: Schedule
    user_id: UserId
    by: UserId
    interval: Interval
    offers: Interval | None


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    schedule = draw(schedules(("Europe/Berlin", NEAR)))
    found = shifts(schedule, AROUND)
    assume(found)
    given_up = draw(st.sampled_from(found))
    by = draw(users.filter(lambda user: user != given_up.user_id))
    theirs = [shift for shift in found if shift.user_id == by]
    taken = draw(st.none() | st.sampled_from(theirs)) if theirs else None
    return Wish(
        schedule=schedule,
        user_id=given_up.user_id,
        by=by,
        interval=draw(spans_from(given_up)),
        offers=None if taken is None else draw(spans_from(taken)),
    )


def spans_from(shift: Shift) -> st.SearchStrategy[Interval]:
    """Of up to 40 hours, from the first minute of the shift or from a later one."""
    minutes = shift.interval.duration // MINUTE
    return st.builds(
        lambda late, length: Interval(
            start=shift.interval.start + late * MINUTE, end=shift.interval.start + late * MINUTE + length * HOUR
        ),
        st.just(0) | st.integers(0, minutes),
        st.integers(1, 40),
    )


def accepted(wish: Wish) -> CoverRequest | None:
    """None when the rules refuse it."""
    with suppress(InvalidValueError):
        request = CoverRequest.ask(
            CoverRequestId(UUID(int=1)),
            schedule=wish.schedule,
            members=USERS,
            user_id=wish.user_id,
            interval=wish.interval,
            by=wish.user_id,
            at=NOW,
            offers=wish.offers,
        ).state
        ids = IDS[: request.overrides_needed]
        return request.accept(by=wish.by, schedule=wish.schedule, override_ids=ids, at=NOW).state
    return None


@given(wish=wishes())
def test_accepting_puts_one_in_the_place_of_the_other_and_nobodys_time_vanishes(wish: Wish) -> None:
    schedule, user_id, by, interval, offers = wish
    request = accepted(wish)
    event(f"accepted: {request is not None}, in exchange: {offers is not None}")
    if request is None:
        return
    after = replace(schedule, overrides=(*schedule.overrides, *request.overrides))
    edges = {AROUND.start, interval.start, interval.end}
    for each in (*shifts(schedule, AROUND), *shifts(after, AROUND)):
        edges |= {each.interval.start, each.interval.end}
    for edge in sorted(edges):
        goes, comes = (user_id, by) if interval.contains(edge) else (by, user_id)
        before = set(on_call(schedule, edge))
        is_exchanged = goes in before and (interval.contains(edge) or (offers is not None and offers.contains(edge)))
        assert set(on_call(after, edge)) == ((before - {goes}) | {comes} if is_exchanged else before), edge


@given(wish=wishes())
def test_what_may_be_accepted_contradicts_no_override(wish: Wish) -> None:
    request = accepted(wish)
    for made in () if request is None else request.overrides:
        assert not any(made.contradicts(other) for other in wish.schedule.overrides)

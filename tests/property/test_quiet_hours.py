"""Quiet hours in every zone, at and around its clock changes."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.notification.quiet_hours import QuietHours
from domain.shared.local_time import latest_local
from tests.support.oncall import ZONES

MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
EPOCH = datetime(1990, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 50 * 365 * 24 * 60).map(lambda minutes: EPOCH + timedelta(minutes=minutes))


@st.composite
def quiet_hours(draw: st.DrawFn) -> QuietHours:
    starts, ends = draw(st.lists(MINUTES, min_size=2, max_size=2, unique=True))
    return QuietHours(starts=starts, ends=ends, time_zone=draw(st.sampled_from(ZONES)))


@given(quiet_hours(), INSTANTS)
def test_they_end_later_and_when_they_have_ended_it_is_quiet_no_more(quiet: QuietHours, at: datetime) -> None:
    end = quiet.end_after(at)
    if end is None:
        return
    assert at < end <= at + timedelta(hours=48), "a day, and in a zone that skips one, the next"
    again = quiet.end_after(end)
    shown = latest_local(end, ZoneInfo(quiet.time_zone)).time()
    # A clock that was set forward over the whole time until the next quiet hours begins with them.
    assert again is None or shown != quiet.ends


@given(quiet_hours(), INSTANTS)
def test_it_is_quiet_exactly_when_the_wall_clock_says_so(quiet: QuietHours, at: datetime) -> None:
    now = latest_local(at, ZoneInfo(quiet.time_zone)).time()
    inside = quiet.starts <= now < quiet.ends if quiet.starts < quiet.ends else not quiet.ends <= now < quiet.starts
    assert (quiet.end_after(at) is not None) == inside

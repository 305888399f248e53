"""When support hours open next, for any windows in any zone, against a walk over every minute."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.service.support_hours import SupportHours
from domain.shared.weekly_window import Weekday, WeeklyWindow

MINUTE = timedelta(minutes=1)

times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
windows = st.builds(
    WeeklyWindow,
    starts_on=st.sampled_from(tuple(Weekday)),
    starts_at=times,
    ends_on=st.sampled_from(tuple(Weekday)),
    ends_at=times,
)
hours = st.builds(
    SupportHours,
    time_zone=st.sampled_from(
        ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca")
    ),
    windows=st.lists(windows, min_size=1, max_size=3).map(tuple),
)
# Around clock changes too: of spring and autumn in both hemispheres, of Ramadan, and of the day that Apia skipped.
instants = st.builds(
    lambda start, minutes: start + minutes * MINUTE,
    st.sampled_from(
        (
            datetime(2026, 3, 7, tzinfo=UTC),
            datetime(2026, 3, 28, tzinfo=UTC),
            datetime(2026, 10, 24, tzinfo=UTC),
            datetime(2026, 11, 20, tzinfo=UTC),
            datetime(2011, 12, 29, tzinfo=UTC),
        )
    ),
    st.integers(0, 3 * 24 * 60),
)


@given(hours, instants)
def test_the_next_opening_is_the_first_minute_that_is_open(hours: SupportHours, at: datetime) -> None:
    opening = hours.next_opening(at)
    if opening is None:
        assert hours.are_open(at)
        return
    assert hours.are_open(opening)
    minute = at
    while minute < opening:
        assert not hours.are_open(minute)
        minute += MINUTE

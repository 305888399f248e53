"""When an expression of cron comes, in any zone and across its clock changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.heartbeat.cron import Cron
from domain.shared.local_time import latest_local, to_instant
from tests.support.oncall import ZONES

MINUTE = timedelta(minutes=1)
HOURS = 30  # looked at one minute at a time

minutes = st.sampled_from(["0", "*/5", "30", "7,37", "59", "*/15"])
hours = st.sampled_from(["*", "0", "2", "1-3", "*/2", "23"])
days = st.sampled_from(["* *", "*/2 *", "* mon-fri", "1,15 sun"])
expressions = st.tuples(minutes, hours, days).map(
    lambda each: f"{each[0]} {each[1]} {each[2].split()[0]} * {each[2].split()[1]}"
)
instants = st.integers(1975 * 366, 2037 * 365).map(
    lambda days: datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=days, minutes=days * 7919 % 1440)
)
# Around the end of winter and of summer, where most clocks change.
near_changes = st.builds(
    lambda year, month, day, hour: datetime(year, month, day, hour, tzinfo=UTC),
    st.integers(1980, 2035),
    st.sampled_from([3, 4, 9, 10, 11]),
    st.integers(1, 30),
    st.integers(0, 23),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def means(cron: Cron, local: datetime) -> bool:
    """Whether a local time is one of its own, without looking for the next."""
    on_day, on_weekday = local.day in cron.days, local.isoweekday() % 7 in cron.weekdays
    either = (on_day and on_weekday) if cron.is_any_day or cron.is_any_weekday else (on_day or on_weekday)
    return local.minute in cron.minutes and local.hour in cron.hours and local.month in cron.months and either


def by_looking(cron: Cron, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first of the next hours' instants by which the wall clock has reached one of its times; None: none."""
    reached = latest_local(at, zone).replace(second=0, microsecond=0)
    end = latest_local(at + timedelta(hours=HOURS), zone)
    local = reached + MINUTE
    while local <= end:
        if means(cron, local):
            return to_instant(local, zone)
        local += MINUTE
    return None


@given(text=expressions, at=st.one_of(instants, near_changes), zone=zones)
def test_the_next_time_is_the_first_that_the_wall_clock_reaches(text: str, at: datetime, zone: ZoneInfo) -> None:
    cron = Cron.read(text)
    found = cron.next_after(at, zone)
    assert found > at
    wanted = by_looking(cron, at, zone)
    assert wanted == found or (wanted is None and latest_local(found, zone) > latest_local(at, zone))


@given(text=expressions, at=st.one_of(instants, near_changes), zone=zones)
def test_no_clock_change_loses_a_time_or_brings_one_twice(text: str, at: datetime, zone: ZoneInfo) -> None:
    cron = Cron.read(text)
    seen = [at]
    for _ in range(6):
        seen.append(cron.next_after(seen[-1], zone))
    assert seen == sorted(set(seen))
    # Between two of them there is no instant whose own next one is another.
    for earlier, later in pairwise(seen):
        middle = earlier + (later - earlier) / 2
        assert cron.next_after(middle, zone) == later

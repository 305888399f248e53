"""A local time happens once, at the first instant that has reached it, in every zone and decade."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo
from zoneinfo._zoneinfo import ZoneInfo as FileZone  # type: ignore[import-not-found]  # written in Python: it lists its changes

import whenever
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.local_time import LocalClock, from_local_seconds, latest_local, to_instant, to_local_seconds
from tests.support.oncall import ZONES, places

# The same zones as ours: those of the tzdata package, not of this host.
whenever.reset_tzpath(())
whenever.clear_tzcache()

RESOLUTION = timedelta.resolution
around = st.integers(-26 * 3600, 26 * 3600).map(lambda seconds: timedelta(seconds=seconds)) | st.sampled_from(
    [timedelta(minutes=15) * n for n in range(-8, 9)]
)


def _shown(at: datetime, zone_name: str) -> datetime:
    """What another library's clock shows at the instant."""
    return whenever.Instant(at).to_tz(zone_name).to_plain().to_stdlib()


@given(places(1900, 2080), around)
def test_agrees_with_an_independent_library(place: tuple[str, datetime], step: timedelta) -> None:
    zone_name, change = place
    local = _shown(change, zone_name) + step
    instant = to_instant(local, ZoneInfo(zone_name))
    plain = whenever.PlainDateTime(local)
    try:
        plain.assume_tz(zone_name, disambiguation="raise")
    except whenever.SkippedTime:
        assert _shown(instant, zone_name) > local
        assert _shown(instant - RESOLUTION, zone_name) < local
    except whenever.RepeatedTime:
        assert instant == plain.assume_tz(zone_name, disambiguation="earlier").to_instant().to_stdlib()
    else:
        assert instant == plain.assume_tz(zone_name).to_instant().to_stdlib()


@given(places(1900, 2080), around, around, st.sampled_from([-RESOLUTION, timedelta(0), RESOLUTION]))
def test_has_happened_exactly_when_the_clock_has_reached_it(
    place: tuple[str, datetime], step: timedelta, other: timedelta, hair: timedelta
) -> None:
    zone, at = ZoneInfo(place[0]), place[1] + step
    latest = latest_local(at, zone)
    for local in (latest + hair, latest + other, at.astimezone(zone).replace(tzinfo=None) + hair):
        assert (to_instant(local, zone) <= at) is (local <= latest)


@given(places(1900, 2080), around, around)
def test_keeps_order(place: tuple[str, datetime], step: timedelta, other: timedelta) -> None:
    zone, near = ZoneInfo(place[0]), place[1].replace(tzinfo=None)
    earlier, later = sorted((near + step, near + other))
    assert to_instant(earlier, zone) <= to_instant(later, zone)
    first, last = (latest_local(each.replace(tzinfo=UTC), zone) for each in (earlier, later))
    assert first <= last


@given(st.datetimes().map(lambda local: local.replace(microsecond=0)))
def test_seconds_of_the_local_calendar_lead_back_to_the_local_time(local: datetime) -> None:
    assert from_local_seconds(to_local_seconds(local)) == local


@given(places(1900, 2080), st.lists(around, min_size=1, max_size=5))
def test_a_clock_that_remembers_days_says_the_same(place: tuple[str, datetime], steps: list[timedelta]) -> None:
    zone = ZoneInfo(place[0])
    clock = LocalClock(zone)
    for step in steps:
        local = (place[1].astimezone(zone).replace(tzinfo=None) + step).replace(microsecond=0)
        assert clock.instant(to_local_seconds(local)) == to_instant(local, zone)


def test_no_zone_changes_its_clock_twice_in_two_days() -> None:
    for zone_name in ZONES:
        changes = _all_clock_changes(zone_name)
        assert all(later - earlier > timedelta(days=2) for earlier, later in pairwise(changes)), zone_name


def _all_clock_changes(zone_name: str) -> list[datetime]:
    """As its file lists them (RFC 9636), those left out that change the name alone."""
    with (files("tzdata") / "zoneinfo" / zone_name).open("rb") as file:
        zone = FileZone.from_file(file)
    offsets = [None, *(kind.utcoff for kind in zone._ttinfos)]
    return [
        datetime.fromtimestamp(at, UTC)
        for at, before, after in zip(zone._trans_utc, offsets, offsets[1:], strict=False)
        if before != after
    ]

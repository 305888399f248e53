"""Wall-clock times across clock changes, on dates that were or will be."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from domain.shared.errors import InvalidValueError
from domain.shared.local_time import latest_local, require_instant, require_local, to_instant, zone_named
from tests.support.oncall import utc

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_ordinary_local_time_happens_when_the_clock_shows_it() -> None:
    assert to_instant(local("2026-07-01 09:00"), BERLIN) == utc("2026-07-01 07:00")


def test_a_skipped_local_time_happens_at_the_first_instant_after_the_skip() -> None:
    assert to_instant(local("2026-03-29 02:00"), BERLIN) == utc("2026-03-29 01:00")
    assert to_instant(local("2026-03-29 02:30"), BERLIN) == utc("2026-03-29 01:00")
    assert to_instant(local("2026-03-29 03:00"), BERLIN) == utc("2026-03-29 01:00")


def test_a_local_time_that_comes_twice_happens_at_its_first_occurrence() -> None:
    assert to_instant(local("2026-10-25 02:00"), BERLIN) == utc("2026-10-25 00:00")
    assert to_instant(local("2026-10-25 02:30"), BERLIN) == utc("2026-10-25 00:30")
    assert to_instant(local("2026-10-25 02:30").replace(fold=1), BERLIN) == utc("2026-10-25 00:30")
    assert to_instant(local("2026-10-25 03:00"), BERLIN) == utc("2026-10-25 02:00")


def test_while_times_come_again_the_latest_one_reached_stays() -> None:
    last = local("2026-10-25 03:00") - timedelta.resolution
    assert latest_local(utc("2026-10-25 00:59"), BERLIN) == local("2026-10-25 02:59")
    assert latest_local(utc("2026-10-25 01:00"), BERLIN) == last
    assert latest_local(utc("2026-10-25 01:59"), BERLIN) == last
    assert latest_local(utc("2026-10-25 02:00"), BERLIN) == local("2026-10-25 03:00")


def test_a_whole_skipped_day_happens_at_the_first_instant_after_it() -> None:
    """Samoa crossed the date line: Thursday 29 December 2011 was followed by Saturday the 31st."""
    apia = ZoneInfo("Pacific/Apia")
    assert to_instant(local("2011-12-30 09:00"), apia) == utc("2011-12-30 10:00")
    assert to_instant(local("2011-12-31 00:00"), apia) == utc("2011-12-30 10:00")
    assert latest_local(utc("2011-12-30 09:59"), apia) == local("2011-12-29 23:59")


def test_a_whole_day_that_came_twice_happens_once() -> None:
    """Kwajalein's 30 September 1969 lasted 47 hours: 23 of them were shown again."""
    kwajalein = ZoneInfo("Pacific/Kwajalein")
    change = to_instant(local("1969-09-30 23:59:59"), kwajalein) + timedelta(seconds=1)
    assert latest_local(change + timedelta(hours=22), kwajalein) == local("1969-10-01") - timedelta.resolution
    assert to_instant(local("1969-10-01 00:00"), kwajalein) == change + timedelta(hours=23)


def test_clocks_that_change_by_half_an_hour_skip_and_repeat_half_an_hour() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert to_instant(local("2026-10-04 02:15"), lord_howe) == utc("2026-10-03 15:30")
    assert to_instant(local("2026-10-04 02:30"), lord_howe) == utc("2026-10-03 15:30")
    assert to_instant(local("2026-04-05 01:45"), lord_howe) == utc("2026-04-04 14:45")
    assert to_instant(local("2026-04-05 02:00"), lord_howe) == utc("2026-04-04 15:30")


def test_a_zone_whose_winter_time_is_the_exception_is_no_exception() -> None:
    """Irish law makes summer time the standard, so Dublin's daylight saving is negative and in winter."""
    dublin = ZoneInfo("Europe/Dublin")
    assert to_instant(local("2026-03-29 01:30"), dublin) == utc("2026-03-29 01:00")
    assert to_instant(local("2026-10-25 01:30"), dublin) == utc("2026-10-25 00:30")


def test_a_zone_that_goes_back_for_ramadan_is_no_exception() -> None:
    """Morocco went back on 10 March and forward on 14 April 2024."""
    casablanca = ZoneInfo("Africa/Casablanca")
    assert to_instant(local("2024-03-10 02:30"), casablanca) == utc("2024-03-10 01:30")
    assert latest_local(utc("2024-03-10 02:30"), casablanca) == local("2024-03-10 03:00") - timedelta.resolution
    assert to_instant(local("2024-04-14 02:30"), casablanca) == utc("2024-04-14 02:00")


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "europe/berlin", "Europe", "../etc/passwd", "/etc/localtime", "right/Europe/Berlin", "posix/UTC",
     "localtime", "UTC+2", "Europe/Berlin\x00", "x" * 5000, "Zürich/\udcff"],
)  # fmt: skip
def test_a_name_that_is_no_iana_zone_is_refused_with_its_field(name: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        zone_named("time_zone", name)
    assert refusal.value.field == "time_zone"
    assert "IANA" in refusal.value.reason
    assert len(refusal.value.reason) < 500


def test_a_local_time_has_no_zone_and_whole_seconds_in_supported_years() -> None:
    require_local("from", local("2026-01-01 09:00:01"))
    for wrong in (utc("2026-01-01 09:00"), local("2026-01-01 09:00:00.5"), local("1899-12-31"), local("9000-01-01")):
        with pytest.raises(InvalidValueError, match=r"^from: must be"):
            require_local("from", wrong)


def test_an_instant_has_an_offset_and_is_in_the_supported_years() -> None:
    require_instant("at", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    for wrong in (local("2026-01-01"), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(InvalidValueError, match=r"^at: must be"):
            require_instant("at", wrong)

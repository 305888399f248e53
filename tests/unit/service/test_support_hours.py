from datetime import UTC, datetime, time

import pytest

from domain.service.service import UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.errors import InvalidValueError
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.builders import a_service, office_hours


def utc(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_support_hours_are_open_inside_their_windows_on_the_wall_clock_of_their_zone() -> None:
    hours = office_hours()  # 09:00 to 17:00 in Berlin, an hour ahead of UTC in November
    assert not hours.are_open(utc(23, 7, 59))
    assert hours.are_open(utc(23, 8))
    assert hours.are_open(utc(23, 15, 59))
    assert not hours.are_open(utc(23, 16))
    assert not hours.are_open(utc(22, 12))  # a Sunday


def test_the_next_opening_is_that_of_the_next_window_and_none_while_they_are_open() -> None:
    hours = office_hours()
    assert hours.next_opening(utc(23, 16)) == utc(24, 8)
    assert hours.next_opening(utc(27, 16)) == utc(30, 8)  # from Friday to Monday
    assert hours.next_opening(utc(23, 12)) is None


def test_the_clock_change_between_moves_the_opening_with_the_wall_clock() -> None:
    assert office_hours().next_opening(utc(27, 16, month=3)) == utc(30, 7, month=3)


def test_an_opening_that_a_clock_change_skips_is_followed_by_the_one_of_the_week_after() -> None:
    night = WeeklyWindow(starts_on=Weekday.SUNDAY, starts_at=time(2, 15), ends_on=Weekday.SUNDAY, ends_at=time(2, 45))
    hours = SupportHours(time_zone="Europe/Berlin", windows=(night,))

    assert hours.next_opening(utc(28, 12, month=3)) == utc(5, 0, 15, month=4)


def test_a_window_over_the_end_of_the_week_is_open_on_both_sides_of_it() -> None:
    weekend = WeeklyWindow(starts_on=Weekday.FRIDAY, starts_at=time(17), ends_on=Weekday.MONDAY, ends_at=time(9))
    hours = SupportHours(time_zone="UTC", windows=(weekend,))
    assert hours.are_open(utc(22, 23))
    assert hours.are_open(utc(23, 8))
    assert hours.next_opening(utc(23, 9)) == utc(27, 17)


def test_support_hours_have_a_zone_and_a_window() -> None:
    with pytest.raises(InvalidValueError, match="time_zone"):
        office_hours("Europe/Nowhere")
    with pytest.raises(InvalidValueError, match="windows: has 0 entries"):
        SupportHours(time_zone="UTC", windows=())


def test_a_tier_is_1_to_4() -> None:
    assert a_service(tier=4).tier == 4
    for tier in (0, 5):
        with pytest.raises(InvalidValueError, match="allowed are 1 to 4"):
            a_service(tier=tier)


def test_one_to_ten_acknowledgements_may_be_required() -> None:
    for required in (0, 11):
        with pytest.raises(InvalidValueError, match="allowed are 1 to 10"):
            a_service(acknowledgements_required=required)


def test_a_service_whose_urgency_follows_its_support_hours_has_some() -> None:
    with pytest.raises(InvalidValueError, match="support_hours"):
        a_service(urgency_rule=UrgencyRule.SUPPORT_HOURS)

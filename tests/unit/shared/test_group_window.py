"""For how long an incident takes further alerts of its group."""

from datetime import timedelta

import pytest

from domain.shared.errors import InvalidValueError
from domain.shared.group_window import GroupWindow, NoWindow, WindowKind, ruled_window, takes_alerts
from domain.shared.limits import GROUP_WINDOW_SECONDS_MAX, GROUP_WINDOW_SECONDS_MIN
from tests.support.builders import MINUTE, NOON

FIXED = GroupWindow(kind=WindowKind.FIXED, seconds=600)
ROLLING = GroupWindow(kind=WindowKind.ROLLING, seconds=600)


def test_a_fixed_window_ends_so_long_after_the_incident_began_whatever_joins() -> None:
    until = FIXED.end_from(NOON)
    assert until == NOON + 10 * MINUTE
    assert FIXED.end_after(NOON + 9 * MINUTE, until=until) == until


def test_a_rolling_window_ends_so_long_after_the_last_alert_joined() -> None:
    until = ROLLING.end_from(NOON)
    assert ROLLING.end_after(NOON + 9 * MINUTE, until=until) == NOON + 19 * MINUTE


def test_a_rolling_window_never_ends_sooner_for_what_joins_late() -> None:
    assert ROLLING.end_after(NOON - MINUTE, until=NOON + 10 * MINUTE) == NOON + 10 * MINUTE


def test_an_alert_of_the_instant_in_which_a_window_ends_is_too_late() -> None:
    until = NOON + 10 * MINUTE
    assert takes_alerts(until, at=until - timedelta(microseconds=1))
    assert not takes_alerts(until, at=until)
    assert takes_alerts(None, at=until)


def test_a_window_lasts_from_two_minutes_to_a_day() -> None:
    assert [GROUP_WINDOW_SECONDS_MIN, GROUP_WINDOW_SECONDS_MAX] == [120, 24 * 3600]
    for seconds in (GROUP_WINDOW_SECONDS_MIN, GROUP_WINDOW_SECONDS_MAX):
        assert GroupWindow(kind=WindowKind.FIXED, seconds=seconds).length == timedelta(seconds=seconds)
    for seconds in (GROUP_WINDOW_SECONDS_MIN - 1, GROUP_WINDOW_SECONDS_MAX + 1):
        with pytest.raises(InvalidValueError, match=r"group_window\.seconds"):
            GroupWindow(kind=WindowKind.FIXED, seconds=seconds)


def test_a_rule_says_another_one_or_none_and_the_integration_says_it_where_no_rule_does() -> None:
    for otherwise in (None, FIXED):
        assert ruled_window(ROLLING, otherwise=otherwise) is ROLLING
        assert ruled_window(NoWindow.NONE, otherwise=otherwise) is None
        assert ruled_window(None, otherwise=otherwise) is otherwise


def test_it_says_since_when_it_counts() -> None:
    assert [each.sentence for each in (FIXED, ROLLING)] == [
        "0:10:00 since it began",
        "0:10:00 since its last alert joined",
    ]

"""How much an integration may send: its own limits, and those of the installation where it has none."""

from dataclasses import replace
from datetime import timedelta

from domain.service.integration import IntakeLimits
from domain.shared.quota import Quota
from tests.support.builders import an_integration

INSTALLED = IntakeLimits(events_per_minute=600, event_burst=50, open_alerts=1)


def test_without_limits_of_its_own_it_has_those_of_the_installation() -> None:
    assert an_integration().quota(INSTALLED) == Quota(burst=50, refill=timedelta(milliseconds=100))


def test_each_limit_of_its_own_goes_before_that_of_the_installation() -> None:
    rarer = replace(an_integration(), events_per_minute=60)
    larger = replace(an_integration(), event_burst=80)

    assert rarer.quota(INSTALLED) == Quota(burst=50, refill=timedelta(seconds=1))
    assert larger.quota(INSTALLED) == Quota(burst=80, refill=timedelta(milliseconds=100))


def test_so_it_is_with_the_alerts_that_it_may_have_open() -> None:
    assert an_integration().most_open_alerts(INSTALLED) == 1
    assert replace(an_integration(), open_alerts=7).most_open_alerts(INSTALLED) == 7


def test_what_does_not_divide_a_minute_is_rounded_down() -> None:
    assert Quota.per_minute(7, burst=1).refill == timedelta(microseconds=8_571_429)

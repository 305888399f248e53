"""The promises of `HolidayCalendar`, kept by every adapter of it."""

from datetime import date

import pytest

from adapters.outbound.holidays.calendar import WorldHolidayCalendar
from adapters.outbound.memory.holidays import MemoryHolidayCalendar
from application.ports.holidays import HolidayCalendar
from domain.shared.errors import InvalidValueError


@pytest.fixture(params=[MemoryHolidayCalendar, WorldHolidayCalendar])
def calendar(request: pytest.FixtureRequest) -> HolidayCalendar:
    made: HolidayCalendar = request.param()
    return made


def test_holidays_are_those_from_the_first_to_the_last_day(calendar: HolidayCalendar) -> None:
    christmas = {date(2026, 12, 25), date(2026, 12, 26)}
    assert calendar.dates("DE", None, first=date(2026, 12, 25), last=date(2027, 1, 1)) == {*christmas, date(2027, 1, 1)}
    assert calendar.dates("DE", None, first=date(2026, 12, 26), last=date(2026, 12, 31)) == {date(2026, 12, 26)}
    assert calendar.dates("DE", None, first=date(2026, 12, 27), last=date(2026, 12, 31)) == frozenset()


def test_countries_differ(calendar: HolidayCalendar) -> None:
    july = {"first": date(2026, 7, 1), "last": date(2026, 7, 31)}
    assert calendar.dates("FR", None, **july) == {date(2026, 7, 14)}
    assert calendar.dates("DE", None, **july) == frozenset()


def test_a_part_of_a_country_has_more_of_them(calendar: HolidayCalendar) -> None:
    january = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    assert calendar.dates("DE", None, **january) == {date(2026, 1, 1)}
    assert calendar.dates("DE", "BY", **january) == {date(2026, 1, 1), date(2026, 1, 6)}


@pytest.mark.parametrize(
    ("country", "subdivision", "field"),
    [
        ("XX", None, "country"),
        ("de", None, "country"),
        ("", None, "country"),
        ("Germany", None, "country"),
        ("DE", "XX", "subdivision"),
        ("DE", "", "subdivision"),
    ],
)
def test_what_is_no_country_or_none_of_its_parts_is_refused(
    calendar: HolidayCalendar, country: str, subdivision: str | None, field: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        calendar.dates(country, subdivision, first=date(2026, 1, 1), last=date(2026, 1, 1))
    assert refused.value.field == field


def test_a_refusal_says_what_would_do() -> None:
    world = WorldHolidayCalendar()
    day = date(2026, 1, 1)
    with pytest.raises(InvalidValueError, match="must be one of DE: BB, BE, BW"):
        world.dates("DE", "XX", first=day, last=day)
    with pytest.raises(InvalidValueError, match="MC has the same holidays everywhere"):
        world.dates("MC", "XX", first=day, last=day)

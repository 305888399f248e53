"""Dates that come back, against another library's reading of the same rules."""

from datetime import date, datetime, timedelta

from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from domain.routing.recurrence import Day, Frequency, Recurrence, parse_recurrence
from domain.shared.errors import InvalidValueError

_FIRST = st.dates(date(2000, 1, 1), date(2060, 12, 31))
_WEEKDAYS = st.integers(0, 6)
_UNTIL = st.one_of(st.none(), _FIRST)
_INTERVALS = st.integers(1, 5)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    frequency = draw(st.sampled_from(Frequency))
    by_day: tuple[Day, ...] = ()
    by_month_day: tuple[int, ...] = ()
    if frequency is Frequency.WEEKLY:
        by_day = tuple(Day(each) for each in draw(st.lists(_WEEKDAYS, unique=True, max_size=3)))
    elif frequency is Frequency.MONTHLY and draw(st.booleans()):
        nths = st.integers(-5, 5)
        by_day = tuple(draw(st.lists(st.builds(Day, _WEEKDAYS, nths), unique=True, max_size=3)))
    elif frequency is Frequency.MONTHLY:
        days = st.integers(-31, 31).filter(bool)
        by_month_day = tuple(draw(st.lists(days, unique=True, max_size=3)))
    return Recurrence(
        frequency=frequency,
        interval=draw(_INTERVALS),
        by_day=by_day,
        by_month_day=by_month_day,
        until=draw(_UNTIL),
    )


@given(recurrences())
def test_what_is_written_is_read_as_it_was(rule: Recurrence) -> None:
    assert parse_recurrence(str(rule)) == rule


@given(recurrences(), _FIRST, st.integers(0, 800))
def test_the_dates_are_those_that_another_library_finds(rule: Recurrence, first: date, ahead: int) -> None:
    day = first + timedelta(days=ahead)
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001  # dates have no zone
    oracle = rrulestr(str(rule), dtstart=start)
    found = oracle.between(start, start + timedelta(days=ahead), inc=True)
    dates = {each.date() for each in found}
    assert rule.falls_on(day, first=first) is (day in dates)


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        read = parse_recurrence(text)
    except InvalidValueError as error:
        assert error.field == "recurrence"  # noqa: PT017  # either outcome is right
    else:
        assert parse_recurrence(str(read)) == read

"""Events that come back, against another library's reading of the same rules."""

from datetime import date, datetime, timedelta

from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from icalendar import vRecur

from adapters.inbound.calendar.rule import Frequency, read_rule

FIRST = st.dates(date(2020, 1, 1), date(2028, 12, 31))
WEEKDAYS = st.sampled_from(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))
MONTH_DAYS = st.integers(-31, 31).filter(bool)


def some(values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3, unique=True).map(lambda each: ",".join(map(str, each)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(Frequency))
    parts = {"FREQ": str(frequency), "INTERVAL": draw(st.integers(1, 4)), "WKST": draw(WEEKDAYS)}
    parts["BYMONTH"] = draw(some(st.integers(1, 12)))
    if frequency is not Frequency.WEEKLY:
        parts["BYMONTHDAY"] = draw(some(MONTH_DAYS))
    # Each weekday, or some of them only: of both at once the other library makes nothing, where the RFC has either.
    nths = st.just("")
    if frequency is Frequency.MONTHLY and draw(st.booleans()):
        nths = st.sampled_from(("1", "2", "5", "-1", "-2"))
    elif frequency is Frequency.YEARLY and draw(st.booleans()):
        nths = st.sampled_from(("1", "5", "-1") if parts["BYMONTH"] else ("1", "20", "53", "-1", "-30"))
    parts["BYDAY"] = draw(some(st.builds(lambda nth, day: f"{nth}{day}", nths, WEEKDAYS)))
    return ";".join(f"{name}={value}" for name, value in parts.items() if value != "")


@given(rules(), FIRST, st.integers(0, 3 * 366))
def test_an_event_comes_back_on_the_days_that_another_library_finds(text: str, first: date, ahead: int) -> None:
    start = datetime.combine(first, datetime.min.time())
    found = rrulestr(text, dtstart=start).between(start, start + timedelta(days=ahead), inc=True)
    rule = read_rule(vRecur.from_ical(text))
    days = (first + timedelta(days=number) for number in range(ahead + 1))
    assert [each.date() for each in found] == [day for day in days if rule.falls_on(day, first=first)]

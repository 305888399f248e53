from datetime import UTC, datetime

import pytest

from domain.escalation.condition import LabelMatch, SkipReason, StepCondition
from domain.shared.errors import InvalidValueError
from domain.shared.hours import Hours
from domain.shared.limits import CONDITION_LABELS, CONDITION_WINDOWS, LABEL_CHARACTERS
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import NOON, circumstances, only_for
from tests.support.oncall import weekly

OFFICE = Hours(time_zone="Europe/Berlin", windows=(weekly("monday 09:00", "monday 17:00"),))


def refused(condition: StepCondition, at: datetime = NOON, **more: object) -> tuple[SkipReason, str] | None:
    return condition.refusal(circumstances(**more), at=at)


def test_a_condition_on_severity_holds_for_each_that_it_names() -> None:
    condition = only_for(Severity.SEV1, Severity.SEV2)

    assert refused(condition, severity=Severity.SEV2) is None
    assert refused(condition, severity=Severity.SEV3) == (
        SkipReason.SEVERITY,
        "the severity is SEV3, not SEV1 or SEV2",
    )


def test_a_condition_on_priority_holds_for_each_that_it_names() -> None:
    condition = StepCondition(priorities=(Priority.P1, Priority.P2))

    assert refused(condition, priority=Priority.P2) is None
    assert refused(condition, priority=Priority.P3) == (SkipReason.PRIORITY, "the priority is P3, not P1 or P2")


def test_a_condition_names_each_priority_once() -> None:
    with pytest.raises(InvalidValueError, match="priorities: names one twice"):
        StepCondition(priorities=(Priority.P1, Priority.P1))


def test_a_condition_on_urgency_holds_for_that_urgency() -> None:
    condition = StepCondition(urgency=Urgency.LOW)

    assert refused(condition, urgency=Urgency.LOW) is None
    assert refused(condition) == (SkipReason.URGENCY, "the urgency is high, not low")


def test_a_label_has_exactly_the_value_or_is_there_at_all() -> None:
    condition = StepCondition(labels=(LabelMatch(name="region", value="north"), LabelMatch(name="rack")))

    assert refused(condition, labels={"region": "north", "rack": ""}) is None
    assert refused(condition, labels={"region": "northern", "rack": "1"}) == (
        SkipReason.LABELS,
        "the first alert has no label region=north",
    )
    assert refused(condition, labels={"region": "north"}) == (SkipReason.LABELS, "the first alert has no label rack")


def test_hours_are_on_the_wall_clock_of_their_zone() -> None:
    condition = StepCondition(hours=OFFICE)

    assert refused(condition, datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) is None  # 09:00 in Berlin, in winter
    assert refused(condition, datetime(2026, 7, 6, 7, 0, tzinfo=UTC)) is None  # and in summer
    assert refused(condition, datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == (
        SkipReason.HOURS,
        "it is outside of its hours in Europe/Berlin",
    )


def test_hours_may_run_over_midnight_and_over_the_weeks_end() -> None:
    weekend = Hours(time_zone="UTC", windows=(weekly("friday 17:00", "monday 09:00"),))

    assert weekend.contain(datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    assert weekend.contain(datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC))
    assert not weekend.contain(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


def test_hours_in_the_hour_that_is_skipped_are_not_met_and_in_the_one_that_comes_twice_are_met_once() -> None:
    night = Hours(time_zone="Europe/Berlin", windows=(weekly("sunday 02:15", "sunday 02:45"),))

    assert not any(night.contain(datetime(2026, 3, 29, hour, 20, tzinfo=UTC)) for hour in range(4))
    assert night.contain(datetime(2026, 10, 25, 0, 20, tzinfo=UTC))
    assert not night.contain(datetime(2026, 10, 25, 1, 20, tzinfo=UTC))


def test_every_part_of_a_condition_must_hold_and_the_first_that_does_not_is_told() -> None:
    condition = only_for(Severity.SEV1, urgency=Urgency.LOW, hours=OFFICE)

    assert refused(condition, urgency=Urgency.LOW) is None
    reason = refused(condition, severity=Severity.SEV5, at=NOON.replace(hour=3))
    assert reason is not None
    assert reason[0] is SkipReason.SEVERITY


def test_a_condition_asks_for_something() -> None:
    with pytest.raises(InvalidValueError, match="severities: has none, and nothing else is asked: name some"):
        StepCondition()


def test_a_condition_says_nothing_twice() -> None:
    with pytest.raises(InvalidValueError, match="severities: names one twice"):
        only_for(Severity.SEV1, Severity.SEV1)
    with pytest.raises(InvalidValueError, match="labels: asks for one label twice"):
        StepCondition(labels=(LabelMatch(name="rack"), LabelMatch(name="rack", value="1")))


def test_a_condition_has_labels_but_not_too_many() -> None:
    labels = tuple(LabelMatch(name=f"label-{number}") for number in range(CONDITION_LABELS + 1))
    assert StepCondition(labels=labels[1:]).labels == labels[1:]
    with pytest.raises(InvalidValueError, match=f"labels: has {CONDITION_LABELS + 1} entries, allowed are"):
        StepCondition(labels=labels)
    with pytest.raises(InvalidValueError, match="name: has 0 characters"):
        LabelMatch(name=" ")


@pytest.mark.parametrize("count", [0, CONDITION_WINDOWS + 1])
def test_hours_have_windows_but_not_too_many(count: int) -> None:
    with pytest.raises(InvalidValueError, match=f"windows: has {count} entries, allowed are 1 to {CONDITION_WINDOWS}"):
        Hours(time_zone="UTC", windows=OFFICE.windows * count)


def test_an_inverted_window_is_refused_with_what_would_do() -> None:
    with pytest.raises(InvalidValueError) as refusal:
        Hours(time_zone="UTC", windows=(*OFFICE.windows, weekly("monday 17:00", "monday 09:00")))
    assert refusal.value.field == "windows[1].ends_at"
    assert refusal.value.reason == (
        "is 09:00, before the start at 17:00 on the same monday; swap the two, or end on the next day"
    )


def test_an_unknown_zone_is_refused_with_one_that_would_do() -> None:
    with pytest.raises(InvalidValueError, match="time_zone: must be the name of an IANA time zone, such as"):
        Hours(time_zone="Europe/Atlantis", windows=OFFICE.windows)


def test_the_value_of_a_label_may_be_empty_but_not_endless() -> None:
    assert LabelMatch(name="rack", value="").value == ""
    with pytest.raises(InvalidValueError, match=f"value: has {LABEL_CHARACTERS + 1} characters"):
        LabelMatch(name="rack", value="x" * (LABEL_CHARACTERS + 1))

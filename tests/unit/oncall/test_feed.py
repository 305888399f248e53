from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.oncall.coverage import shifts
from domain.oncall.feed import (
    FEED_AHEAD,
    FEED_BACK,
    FEED_MARGIN,
    CalendarFeed,
    feed_shifts,
    feed_since,
)
from domain.oncall.rotation import RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CalendarFeedId, ScheduleId
from domain.shared.interval import Interval
from tests.support.oncall import ANN, BOB, CYD, a_layer, a_schedule, an_override, utc

NOON = utc("2026-11-23 12:00")
MIDNIGHT = utc("2026-11-23 00:00")
WEEKLY = a_schedule(a_layer(ANN, BOB, starts="2026-01-05 09:00", unit=RotationUnit.WEEK))


def uids(schedule: Schedule, at: datetime) -> dict[Interval, str]:
    return {each.shift.interval: each.uid for each in feed_shifts(schedule, at)}


def a_feed(**more: object) -> CalendarFeed:
    values = {"user_id": ANN, **more}
    return CalendarFeed(
        id=CalendarFeedId(UUID(int=7)),
        owner_id=ANN,
        token_hash=b"h" * 32,
        created_at=NOON,
        **values,  # type: ignore[arg-type]  # one of each kind
    )


def test_a_feed_has_the_shifts_from_two_weeks_back_to_26_weeks_ahead_whole() -> None:
    window = Interval(start=MIDNIGHT - FEED_BACK, end=MIDNIGHT + FEED_AHEAD)
    year = Interval(start=NOON - timedelta(days=300), end=NOON + timedelta(days=300))
    whole = [shift for shift in shifts(WEEKLY, year) if shift.interval.overlaps(window)]
    found = feed_shifts(WEEKLY, NOON)
    assert [each.shift for each in found] == whole
    assert found[0].shift.interval.start < window.start
    assert found[-1].shift.interval.end > window.end
    assert len(found) == 29


def test_a_feed_of_a_person_has_their_shifts_alone() -> None:
    found = feed_shifts(WEEKLY, NOON, user_id=BOB)
    assert found == tuple(each for each in feed_shifts(WEEKLY, NOON) if each.shift.user_id == BOB)
    assert feed_shifts(WEEKLY, NOON, user_id=CYD) == ()


def test_a_feed_is_the_same_all_day_and_moves_at_midnight() -> None:
    last = MIDNIGHT + timedelta(days=1) - timedelta.resolution
    daily = a_schedule(a_layer(ANN, BOB, starts="2026-01-05 09:00"))
    assert feed_shifts(daily, MIDNIGHT) == feed_shifts(daily, last)
    assert feed_shifts(daily, MIDNIGHT) != feed_shifts(daily, last + timedelta.resolution)


def test_the_same_shift_keeps_its_uid_as_time_goes_by() -> None:
    first = uids(WEEKLY, NOON)
    for days in range(1, 40):
        later = uids(WEEKLY, NOON + timedelta(days=days))
        assert {interval: later[interval] for interval in first.keys() & later.keys()} == {
            interval: first[interval] for interval in first.keys() & later.keys()
        }
    assert len(set(first.values())) == len(first)


def test_a_shift_keeps_its_uid_when_it_ends_earlier_and_another_s_has_another() -> None:
    covered = replace(WEEKLY, overrides=(an_override(1, CYD, "2026-11-25 08:00", "2026-11-26 08:00"),))
    before, after = feed_shifts(WEEKLY, NOON), feed_shifts(covered, NOON)
    cut = next(each for each in after if each.shift.interval.end == utc("2026-11-25 08:00"))
    assert cut.uid in {each.uid for each in before}
    assert len({each.uid for each in after}) == len(after) == len(before) + 2


def test_a_shift_that_has_gone_on_for_longer_than_a_quarter_keeps_its_uid_too() -> None:
    always = a_schedule(a_layer(ANN, starts="2020-01-01 00:00"))
    (today,), (tomorrow,) = feed_shifts(always, NOON), feed_shifts(always, NOON + timedelta(days=1))
    assert today.uid == tomorrow.uid
    assert today.shift.interval.start == feed_since(NOON) == MIDNIGHT - FEED_BACK - FEED_MARGIN


def test_a_stamp_is_when_the_schedule_or_the_override_was_made() -> None:
    made = datetime(2026, 3, 1, 10, tzinfo=UTC)
    schedule_id = ScheduleId(UUID(int=int(made.timestamp() * 1000) << 80))
    override = an_override(int((made.timestamp() + 3600) * 1000) << 80, CYD, "2026-11-25 08:00", "2026-11-26 08:00")
    found = feed_shifts(replace(WEEKLY, id=schedule_id, overrides=(override,)), NOON)
    stamps = {each.shift.source.layer is None: each.stamp for each in found}
    assert stamps == {False: made, True: made + timedelta(hours=1)}


def test_a_feed_is_of_a_person_or_of_a_schedule() -> None:
    for user_id, schedule_id in ((None, None), (ANN, WEEKLY.id)):
        with pytest.raises(InvalidValueError, match=r"^user_id: must be given, or else schedule_id, and not both$"):
            a_feed(user_id=user_id, schedule_id=schedule_id)


def test_a_feed_is_revoked_once() -> None:
    later = NOON + timedelta(hours=1)
    revoked = a_feed().revoke(at=NOON)
    assert revoked.revoked_at == revoked.revoke(at=later).revoked_at == NOON


def test_a_feed_does_not_show_its_hash() -> None:
    assert "hhhh" not in repr(a_feed())


def test_a_shift_is_known_by_when_it_begins_to_the_second_or_less() -> None:
    layer = a_layer(ANN, starts="2026-11-23 09:00")
    odd = an_override(1, BOB, "2026-11-24 10:00", "2026-11-24 12:00", replaces=ANN)
    odd = replace(odd, starts_at=odd.starts_at + timedelta(microseconds=500))
    schedule = a_schedule(layer, overrides=(odd,))
    found = {each.shift.user_id: each.uid for each in feed_shifts(schedule, NOON) if each.shift.user_id == BOB}
    assert found[BOB] == f"{schedule.id}-{BOB}-20261124T100000.000500Z@tocsin"
    whole = uids(schedule, NOON)
    assert f"{schedule.id}-{ANN}-20261123T080000Z@tocsin" in whole.values()


def test_a_shift_that_began_before_what_is_looked_at_has_one_name_whatever_the_day() -> None:
    always = a_schedule(a_layer(ANN, starts="2020-01-01 00:00"))
    assert list(uids(always, NOON).values()) == [f"{always.id}-{ANN}-before@tocsin"]

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.heartbeat.heartbeat import FOUND_LATE, Heartbeat, HeartbeatStatus, PingKind
from domain.shared.errors import InvalidValueError
from domain.shared.ids import HeartbeatId, IntegrationId
from tests.support.oncall import utc

NOON = utc("2026-11-25 12:00")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NEW, UP, DOWN, PAUSED = HeartbeatStatus


def a_heartbeat(**more: object) -> Heartbeat:
    """Every hour, with five minutes of grace."""
    values: dict[str, object] = {"period_seconds": 3600, "grace_seconds": 300, **more}
    return Heartbeat(
        id=HeartbeatId(UUID(int=1)),
        integration_id=IntegrationId(UUID(int=2)),
        name="backup",
        key_hash=b"k",
        **values,  # type: ignore[arg-type]
    )


UP_AT_NOON = a_heartbeat().ping(PingKind.SUCCESS, at=NOON)
DOWN_ONE = UP_AT_NOON.tick(at=NOON + HOUR + 5 * MINUTE)


def test_one_that_was_never_heard_is_not_waited_for() -> None:
    assert (a_heartbeat().status, a_heartbeat().next_deadline) == (NEW, None)


def test_the_first_ping_brings_it_up_and_the_next_is_expected_a_period_and_a_grace_later() -> None:
    assert (UP_AT_NOON.status, UP_AT_NOON.next_deadline) == (UP, NOON + HOUR + 5 * MINUTE)
    assert (UP_AT_NOON.last_ping_at, UP_AT_NOON.last_success_at) == (NOON, NOON)


def test_each_ping_moves_what_is_expected() -> None:
    again = UP_AT_NOON.ping(PingKind.SUCCESS, at=NOON + 30 * MINUTE)
    assert again.next_deadline == NOON + 95 * MINUTE


def test_one_that_is_not_heard_in_time_is_down_then_and_not_before() -> None:
    deadline = NOON + HOUR + 5 * MINUTE
    assert UP_AT_NOON.tick(at=deadline - timedelta.resolution) == UP_AT_NOON
    assert (DOWN_ONE.status, DOWN_ONE.next_deadline) == (DOWN, None)
    assert DOWN_ONE.tick(at=deadline + HOUR) == DOWN_ONE


def test_any_success_brings_it_up_again() -> None:
    for state in (DOWN_ONE, DOWN_ONE.pause(), a_heartbeat().ping(PingKind.FAIL, at=NOON)):
        assert state.ping(PingKind.SUCCESS, at=NOON + 9 * HOUR).status is UP


def test_a_failure_is_down_at_once() -> None:
    failed = UP_AT_NOON.ping(PingKind.FAIL, at=NOON + MINUTE)
    assert (failed.status, failed.next_deadline, failed.last_success_at) == (DOWN, None, NOON)


def test_a_run_that_began_has_to_end_within_the_grace() -> None:
    begun = UP_AT_NOON.ping(PingKind.START, at=NOON + 30 * MINUTE)
    assert begun.next_deadline == NOON + 35 * MINUTE
    assert begun.tick(at=NOON + 35 * MINUTE).status is DOWN
    ended = begun.ping(PingKind.SUCCESS, at=NOON + 34 * MINUTE)
    assert (ended.status, ended.started_at, ended.next_deadline) == (UP, None, NOON + 99 * MINUTE)


def test_a_run_that_begins_late_gains_no_time() -> None:
    begun = UP_AT_NOON.ping(PingKind.START, at=NOON + HOUR + 4 * MINUTE)
    assert begun.next_deadline == NOON + HOUR + 5 * MINUTE


def test_a_first_run_is_waited_for_from_its_start() -> None:
    begun = a_heartbeat().ping(PingKind.START, at=NOON)
    assert (begun.status, begun.next_deadline) == (UP, NOON + 5 * MINUTE)


def test_a_start_alone_does_not_bring_it_up() -> None:
    begun = DOWN_ONE.ping(PingKind.START, at=NOON + 2 * HOUR)
    assert (begun.status, begun.next_deadline, begun.started_at) == (DOWN, None, NOON + 2 * HOUR)


def test_a_log_changes_nothing_but_when_it_was_heard() -> None:
    assert UP_AT_NOON.ping(PingKind.LOG, at=NOON + MINUTE) == replace(UP_AT_NOON, last_ping_at=NOON + MINUTE)
    assert DOWN_ONE.ping(PingKind.LOG, at=NOON + 2 * HOUR).status is DOWN


def test_a_deadline_that_is_found_late_passed_while_nobody_could_have_heard() -> None:
    deadline = NOON + HOUR + 5 * MINUTE
    assert UP_AT_NOON.tick(at=deadline + FOUND_LATE).status is DOWN
    late = deadline + FOUND_LATE + timedelta.resolution
    forgiven = UP_AT_NOON.tick(at=late)
    assert (forgiven.status, forgiven.next_deadline) == (UP, late + 5 * MINUTE)
    assert forgiven.tick(at=late + 5 * MINUTE).status is DOWN


def test_a_pause_waits_for_nothing_and_is_ended_by_a_ping_or_by_hand() -> None:
    paused = UP_AT_NOON.pause()
    assert (paused.status, paused.next_deadline) == (PAUSED, None)
    assert paused.tick(at=NOON + 9 * HOUR) == paused
    assert paused.ping(PingKind.SUCCESS, at=NOON + HOUR).status is UP
    assert (paused.resume().status, paused.resume().next_deadline) == (NEW, None)
    assert UP_AT_NOON.resume() == UP_AT_NOON


def test_a_shorter_period_makes_nobody_late_for_the_past() -> None:
    shorter = replace(UP_AT_NOON, period_seconds=60).rescheduled(at=NOON + 30 * MINUTE)
    assert shorter.next_deadline == NOON + 35 * MINUTE
    longer = replace(UP_AT_NOON, period_seconds=7200).rescheduled(at=NOON + 30 * MINUTE)
    assert longer.next_deadline == NOON + 2 * HOUR + 5 * MINUTE
    assert DOWN_ONE.rescheduled(at=NOON + 2 * HOUR) == DOWN_ONE


def test_one_of_cron_is_expected_at_its_next_time_in_its_zone() -> None:
    nightly = a_heartbeat(period_seconds=None, cron="30 3 * * *", time_zone="Europe/Berlin")
    assert nightly.ping(PingKind.SUCCESS, at=NOON).next_deadline == utc("2026-11-26 02:35")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("period_seconds", {"period_seconds": None}),
        ("period_seconds", {"cron": "* * * * *"}),
        ("period_seconds", {"period_seconds": 9}),
        ("period_seconds", {"period_seconds": 366 * 86400 + 1}),
        ("grace_seconds", {"grace_seconds": 9}),
        ("grace_seconds", {"grace_seconds": 30 * 86400 + 1}),
        ("time_zone", {"time_zone": "Berlin"}),
        ("cron", {"period_seconds": None, "cron": "soon"}),
    ],
)
def test_what_is_expected_has_limits(field: str, changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError) as refused:
        a_heartbeat(**changed)
    assert refused.value.field == field


def test_a_success_that_is_heard_of_late_counts_as_of_then_and_the_next_is_waited_for_from_now() -> None:
    late = UP_AT_NOON.ping(PingKind.SUCCESS, at=NOON + HOUR, heard_at=NOON + 3 * HOUR)
    assert (late.status, late.last_ping_at, late.last_success_at) == (UP, NOON + HOUR, NOON + HOUR)
    assert late.next_deadline == NOON + 3 * HOUR + 5 * MINUTE
    soon = UP_AT_NOON.ping(PingKind.SUCCESS, at=NOON + HOUR, heard_at=NOON + HOUR + MINUTE)
    assert soon.next_deadline == NOON + 2 * HOUR + 5 * MINUTE


def test_it_brings_up_what_was_taken_for_missing_meanwhile() -> None:
    assert DOWN_ONE.ping(PingKind.SUCCESS, at=NOON + HOUR, heard_at=NOON + 2 * HOUR).status is UP


def test_a_start_that_is_heard_of_late_leaves_time_for_its_end() -> None:
    late = UP_AT_NOON.ping(PingKind.START, at=NOON + HOUR, heard_at=NOON + 3 * HOUR)
    assert (late.started_at, late.next_deadline) == (NOON + HOUR, NOON + 3 * HOUR + 5 * MINUTE)


def test_a_start_that_was_too_late_when_it_was_given_gains_no_time_by_being_heard_of_later() -> None:
    deadline = NOON + HOUR + 5 * MINUTE
    late = UP_AT_NOON.ping(PingKind.START, at=deadline, heard_at=deadline + MINUTE)
    assert late.next_deadline == deadline


@pytest.mark.parametrize("kind", list(PingKind))
def test_what_was_given_before_a_success_that_was_heard_says_nothing_any_more(kind: PingKind) -> None:
    assert UP_AT_NOON.ping(kind, at=NOON - MINUTE, heard_at=NOON + MINUTE) == UP_AT_NOON


def test_a_failure_counts_although_something_later_that_is_no_success_was_heard_before_it() -> None:
    begun = UP_AT_NOON.ping(PingKind.START, at=NOON + 30 * MINUTE)
    failed = begun.ping(PingKind.FAIL, at=NOON + 20 * MINUTE, heard_at=NOON + 31 * MINUTE)
    assert (failed.status, failed.started_at, failed.last_ping_at) == (DOWN, NOON + 30 * MINUTE, NOON + 30 * MINUTE)


def test_a_success_counts_although_something_later_was_heard_before_it() -> None:
    logged = UP_AT_NOON.ping(PingKind.LOG, at=NOON + 50 * MINUTE)
    late = logged.ping(PingKind.SUCCESS, at=NOON + 40 * MINUTE, heard_at=NOON + HOUR)
    assert (late.last_success_at, late.next_deadline) == (NOON + 40 * MINUTE, NOON + 105 * MINUTE)
    assert late.last_ping_at == NOON + 50 * MINUTE
    failed = logged.ping(PingKind.FAIL, at=NOON + 51 * MINUTE)
    assert failed.ping(PingKind.SUCCESS, at=NOON + 50 * MINUTE, heard_at=NOON + HOUR).status is DOWN

"""Which events of bodies that came before are done now."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.alert.replay_plan import Plan, ReadBody, planned
from application.alert.verdict import Verdict, VerdictOutcome
from application.ports.kept_bodies import KeptBody
from domain.alert.alert_event import AlertAction, AlertEvent
from tests.support.builders import MINUTE, NOON, an_event

NOW = NOON + timedelta(hours=1)
TRIGGER, ACKNOWLEDGE, RESOLVE = AlertAction.TRIGGER, AlertAction.ACKNOWLEDGE, AlertAction.RESOLVE


def a_body(
    number: int,
    *events: AlertEvent,
    outcome: VerdictOutcome | None = VerdictOutcome.DROPPED,
    refusal: str | None = None,
    body: bytes | None = None,
) -> ReadBody:
    """With the same outcome for each of its events, if it had any."""
    verdicts = (
        ()
        if outcome is None or refusal is not None
        else tuple(Verdict(dedup_key=event.dedup_key, action=event.action, outcome=outcome) for event in events)
    )
    raw = b"body %d" % number if body is None else body
    kept = KeptBody(UUID(int=number), NOON + number * MINUTE, "native", raw, verdicts, refusal)
    return ReadBody(kept, events)


def wanted(plan: Plan) -> list[tuple[int, str, AlertAction]]:
    return [(each.kept.id.int, each.event.dedup_key, each.event.action) for each in plan.wanted]


@pytest.mark.parametrize("outcome", [VerdictOutcome.DROPPED, VerdictOutcome.OVERFLOWED])
def test_what_a_rule_dropped_or_there_was_no_room_for_is_done_now(outcome: VerdictOutcome) -> None:
    assert wanted(planned([a_body(1, an_event("disk"), outcome=outcome)], at=NOW)) == [(1, "disk", TRIGGER)]


@pytest.mark.parametrize(
    "outcome", sorted(set(VerdictOutcome) - {VerdictOutcome.DROPPED, VerdictOutcome.OVERFLOWED, VerdictOutcome.IGNORED})
)
def test_what_was_taken_as_it_is_read_today_is_left_alone(outcome: VerdictOutcome) -> None:
    assert planned([a_body(1, an_event("disk"), outcome=outcome)], at=NOW) == Plan((), taken=1, over=0)


def test_what_is_read_differently_today_was_not_taken() -> None:
    read = a_body(1, an_event("disk"), outcome=VerdictOutcome.OPENED)
    renamed = read._replace(events=(an_event("db-3/disk"),))
    assert wanted(planned([renamed], at=NOW)) == [(1, "db-3/disk", TRIGGER)]


def test_what_was_set_aside_and_can_be_read_today_is_done_now() -> None:
    assert wanted(planned([a_body(1, an_event("disk"), refusal="no mapping")], at=NOW)) == [(1, "disk", TRIGGER)]


def test_of_a_body_that_was_taken_in_part_what_was_set_aside_is_not_read_twice() -> None:
    taken = a_body(2, an_event("disk"), outcome=VerdictOutcome.OPENED, body=b"both")
    aside = a_body(1, an_event("disk"), refusal="an item says nothing", body=b"both")
    assert planned([aside, taken], at=NOW) == Plan((), taken=1, over=0)


def test_a_condition_that_the_bodies_end_opens_nothing() -> None:
    ended = a_body(2, an_event("disk", RESOLVE), outcome=VerdictOutcome.CLEARED)
    assert planned([a_body(1, an_event("disk")), ended], at=NOW) == Plan((), taken=1, over=1)


def test_of_a_condition_that_ends_and_begins_again_all_reports_are_done_and_no_end() -> None:
    bodies = [a_body(1, an_event("disk")), a_body(2, an_event("disk", RESOLVE)), a_body(3, an_event("disk"))]
    plan = planned(bodies, at=NOW)
    assert wanted(plan) == [(1, "disk", TRIGGER), (3, "disk", TRIGGER)]
    assert plan.over == 1


def test_a_report_that_was_good_until_before_now_opens_nothing() -> None:
    expired = replace(an_event("disk"), expires_at=NOW)
    good = replace(an_event("cpu"), expires_at=NOW + MINUTE)
    plan = planned([a_body(1, expired, good)], at=NOW)
    assert (wanted(plan), plan.over) == ([(1, "cpu", TRIGGER)], 1)


def test_an_end_that_was_missed_is_done_now() -> None:
    assert wanted(planned([a_body(1, an_event("disk", RESOLVE), refusal="no mapping")], at=NOW)) == [
        (1, "disk", RESOLVE)
    ]


def test_nobody_has_what_somebody_had_then() -> None:
    assert planned([a_body(1, an_event("disk", ACKNOWLEDGE))], at=NOW) == Plan((), taken=0, over=1)


def test_an_event_of_a_body_has_one_name_however_often_it_is_replayed() -> None:
    (first,) = planned([a_body(1, an_event("disk"))], at=NOW).wanted
    (again,) = planned([a_body(1, an_event("disk"))], at=NOW + MINUTE).wanted
    (other,) = planned([a_body(2, an_event("disk"))], at=NOW).wanted
    assert first.handled_key == again.handled_key != other.handled_key

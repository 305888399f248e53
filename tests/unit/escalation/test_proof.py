"""What the proof of a policy says where it fails, and where exactly it begins to. The rule itself is a property."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.escalation.condition import StepCondition
from domain.escalation.policy import EscalationPolicy, StepMode, Target
from domain.escalation.proof import Gap, Reach, first_reach, gaps
from domain.shared.hours import Hours
from domain.shared.interval import Interval
from domain.shared.severity import Severity
from domain.shared.step_function import StepFunction
from tests.support.builders import ADA, BEN, CAT, MINUTE, NOON, a_policy, a_step, circumstances, only_for, to_user
from tests.support.oncall import weekly

WEEK = Interval(start=NOON, end=NOON + timedelta(days=7))  # from a Monday at 12:00 UTC
WITHIN = 10 * MINUTE
NOBODY = Reach(None, ("nobody is on call",))
AT_ONCE = Reach(timedelta())
OFFICE = StepCondition(hours=Hours(time_zone="Europe/Berlin", windows=(weekly("monday 09:00", "monday 17:00"),)))


def found(
    policy: EscalationPolicy,
    reaches: dict[Target, Reach],
    *,
    last_resort: Sequence[Target] = (),
    within: timedelta = WITHIN,
) -> StepFunction[Reach]:
    looked_at = Interval(start=WEEK.start, end=WEEK.end + within)
    constant = {target: StepFunction.constant(reach, looked_at) for target, reach in reaches.items()}
    return first_reach(policy, circumstances(), constant, last_resort=last_resort, interval=WEEK, within=within)


def reasons(reach: StepFunction[Reach]) -> list[tuple[datetime, tuple[str, ...]]]:
    return [(gap.interval.start, gap.reasons) for gap in gaps(reach, within=WITHIN)]


def test_a_gap_names_each_step_that_was_waited_for_and_the_end_of_the_policy() -> None:
    policy = a_policy(a_step(to_user(ADA)), a_step(to_user(BEN)))
    never = found(policy, {to_user(ADA): NOBODY, to_user(BEN): Reach(None, ("has no contact",))})
    assert reasons(never) == [(NOON, ("step 1: nobody is on call", "step 2: has no contact", "the policy ends"))]


def test_a_gap_names_the_last_resort_when_it_reaches_nobody_either() -> None:
    never = found(
        a_policy(a_step(to_user(ADA))), {to_user(ADA): NOBODY, to_user(BEN): NOBODY}, last_resort=[to_user(BEN)]
    )
    assert reasons(never) == [(NOON, ("step 1: nobody is on call", "the last resort: nobody is on call"))]


def test_a_gap_names_a_step_whose_condition_does_not_hold() -> None:
    policy = a_policy(a_step(to_user(ADA), condition=only_for(Severity.SEV5)))
    assert reasons(found(policy, {to_user(ADA): AT_ONCE})) == [(NOON, ("step 1 does not apply", "the policy ends"))]


def test_a_step_that_comes_too_late_is_told_with_the_time_that_there_was() -> None:
    policy = a_policy(a_step(to_user(ADA), delay=11 * MINUTE), a_step(to_user(BEN)))
    late = found(policy, {to_user(ADA): NOBODY, to_user(BEN): AT_ONCE})
    assert reasons(late) == [(NOON, ("step 1: nobody is on call", "no further step within 10 minutes"))]


def test_where_targets_take_turns_each_that_cannot_be_told_has_its_reason() -> None:
    step = a_step(to_user(ADA), to_user(BEN), to_user(CAT), mode=StepMode.ROUND_ROBIN)
    reaches = {to_user(ADA): NOBODY, to_user(BEN): AT_ONCE, to_user(CAT): Reach(None, ("has no contact",))}
    assert reasons(found(a_policy(step), reaches)) == [
        (NOON, ("step 1: nobody is on call", "step 1: has no contact", "the policy ends"))
    ]


def test_whoever_is_told_exactly_in_time_is_told_in_time() -> None:
    policy = a_policy(a_step(to_user(ADA), delay=WITHIN), a_step(to_user(BEN)))
    just = found(policy, {to_user(ADA): NOBODY, to_user(BEN): AT_ONCE})
    assert just.at(NOON) == Reach(WITHIN)
    assert list(gaps(just, within=WITHIN)) == []


def test_whoever_is_told_later_is_a_gap_that_says_how_late() -> None:
    late = found(a_policy(a_step(to_user(ADA))), {to_user(ADA): Reach(WITHIN + MINUTE)})
    assert list(gaps(late, within=WITHIN)) == [Gap(interval=WEEK, after=WITHIN + MINUTE, reasons=())]


def test_a_step_with_hours_leaves_gaps_exactly_outside_of_them() -> None:
    """It is winter: Monday 17:00 in Berlin is 16:00 UTC, and the next Monday 09:00 is 08:00 UTC."""
    covered = found(a_policy(a_step(to_user(ADA), condition=OFFICE)), {to_user(ADA): AT_ONCE})
    (gap,) = gaps(covered, within=WITHIN)
    assert gap.interval == Interval(start=NOON.replace(hour=16), end=NOON.replace(hour=8) + timedelta(days=7))
    assert gap.reasons == ("step 1 does not apply", "the policy ends")


def test_hours_begin_in_the_week_of_their_own_zone_whatever_day_it_is_in_utc() -> None:
    """Monday 01:00 in Kiritimati, fourteen hours ahead, is Sunday 11:00 UTC: within a week from Monday noon."""
    kiritimati = Hours(time_zone="Pacific/Kiritimati", windows=(weekly("monday 01:00", "monday 02:00"),))
    policy = a_policy(a_step(to_user(ADA), condition=StepCondition(hours=kiritimati)))
    sunday = NOON + timedelta(days=5, hours=23)
    (before, after) = gaps(found(policy, {to_user(ADA): AT_ONCE}), within=WITHIN)
    assert (before.interval.end, after.interval.start) == (sunday, sunday + timedelta(hours=1))


def test_the_end_of_a_policy_that_comes_after_what_is_looked_at_is_still_told() -> None:
    """The last resort may be told just before the end of the interval, when the policy has no step left."""
    policy = a_policy(a_step(to_user(ADA), delay=5 * MINUTE))
    told = found(policy, {to_user(ADA): NOBODY, to_user(BEN): AT_ONCE}, last_resort=[to_user(BEN)])
    assert list(told.pieces()) == [(WEEK, Reach(5 * MINUTE))]

"""The proof of a policy agrees with what a run would do, whenever it begins; and its arithmetic is exact."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.escalation.condition import Circumstances, Hours, StepCondition
from domain.escalation.plan import timetable
from domain.escalation.policy import EscalationPolicy, Step, StepMode, Target
from domain.escalation.proof import Reach, Reaches, first_reach, gaps, step_reach
from domain.shared.interval import Interval
from domain.shared.severity import Severity
from domain.shared.step_function import StepFunction, combined
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.builders import ADA, BEN, CAT, MINUTE, NOON, a_policy, to_user

DAYS = Interval(start=NOON, end=NOON + timedelta(days=4))
WITHIN = timedelta(hours=3)
LOOKED_AT = Interval(start=DAYS.start, end=DAYS.end + WITHIN)
TARGETS = to_user(ADA), to_user(BEN), to_user(CAT)

instants = st.integers(0, int(DAYS.duration.total_seconds()) - 1).map(lambda second: NOON + timedelta(seconds=second))
spans = st.integers(1, 120).map(lambda minutes: minutes * MINUTE)
reach_values = st.one_of(
    st.sampled_from([0, 5, 30, 200]).map(lambda minutes: Reach(minutes * MINUTE)), st.just(Reach(None, ("nobody",)))
)


@st.composite
def functions[T](draw: st.DrawFn, values: st.SearchStrategy[T]) -> StepFunction[T]:
    seconds = int(LOOKED_AT.duration.total_seconds())
    edges = sorted(draw(st.sets(st.integers(1, seconds - 1), max_size=6)))
    instants_ = [NOON, *(NOON + timedelta(seconds=edge) for edge in edges), LOOKED_AT.end]
    pieces = [(Interval(start=start, end=end), draw(values)) for start, end in pairwise(instants_)]
    return StepFunction.of(pieces, LOOKED_AT, otherwise=pieces[0][1])


@st.composite
def conditions(draw: st.DrawFn) -> StepCondition:
    day = draw(st.sampled_from(Weekday))
    hours = Hours(
        time_zone=draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu"))),
        windows=(
            WeeklyWindow(
                starts_on=day, starts_at=time(8), ends_on=day, ends_at=draw(st.sampled_from((time(9), time(20))))
            ),
        ),
    )
    return draw(
        st.sampled_from(
            (
                StepCondition(hours=hours),
                StepCondition(severities=(Severity.SEV1,)),
                StepCondition(severities=(Severity.SEV1,), hours=hours),
                StepCondition(urgency=Urgency.LOW),
            )
        )
    )


steps = st.builds(
    Step,
    targets=st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True).map(tuple),
    delay=spans,
    mode=st.sampled_from(StepMode),
    condition=st.none() | conditions(),
)


@st.composite
def policies(draw: st.DrawFn) -> EscalationPolicy:
    made = draw(st.lists(steps, min_size=1, max_size=4))
    return a_policy(*made, repeats=draw(st.integers(0, 3)), repeat_from=draw(st.integers(0, len(made) - 1)))


reaches_ = st.fixed_dictionaries({target: functions(reach_values) for target in TARGETS})
circumstances_ = st.builds(Circumstances, severity=st.sampled_from(Severity), urgency=st.just(Urgency.HIGH))


def brute_force(
    policy: EscalationPolicy,
    circumstances: Circumstances,
    reaches: Reaches,
    at: datetime,
    last_resort: Sequence[Target] = (),
) -> timedelta | None:
    """Follow one run step by step, as the worker would."""
    found: timedelta | None = None
    for moment in timetable(policy, start=at, circumstances=circumstances):
        if moment.at - at > WITHIN:
            break
        step = None if moment.look.reached is None else policy.steps[moment.look.reached.step]
        targets = last_resort if moment.look.is_exhausted else () if step is None else step.targets
        takes_turns = step is not None and step.takes_turns
        each = [reaches[target].at(moment.at).after for target in targets]
        reached = [after for after in each if after is not None]
        if not reached or (takes_turns and len(reached) < len(each)):
            continue
        after = moment.at - at + (max(reached) if takes_turns else min(reached))
        found = after if found is None else min(found, after)
    return found if found is not None and found <= WITHIN else None


last_resorts = st.lists(st.sampled_from(TARGETS), max_size=2, unique=True)


@given(policies(), circumstances_, reaches_, instants, last_resorts)
def test_the_proof_says_of_every_instant_what_a_run_that_begins_then_would_do(
    policy: EscalationPolicy,
    circumstances: Circumstances,
    reaches: dict[Target, StepFunction[Reach]],
    at: datetime,
    last_resort: list[Target],
) -> None:
    reach = first_reach(policy, circumstances, reaches, last_resort=last_resort, interval=DAYS, within=WITHIN)
    proved = reach.at(at).after
    in_time = proved if proved is not None and proved <= WITHIN else None
    assert in_time == brute_force(policy, circumstances, reaches, at, last_resort)


@given(policies(), circumstances_, reaches_, last_resorts)
def test_gaps_are_exactly_the_instants_from_which_nobody_is_told_in_time_and_each_has_a_reason(
    policy: EscalationPolicy,
    circumstances: Circumstances,
    reaches: dict[Target, StepFunction[Reach]],
    last_resort: list[Target],
) -> None:
    reach = first_reach(policy, circumstances, reaches, last_resort=last_resort, interval=DAYS, within=WITHIN)
    found = list(gaps(reach, within=WITHIN))
    for gap in found:
        assert brute_force(policy, circumstances, reaches, gap.interval.start, last_resort) is None
        assert gap.after is not None or gap.reasons
    for covered in DAYS.subtract(gap.interval for gap in found):
        assert brute_force(policy, circumstances, reaches, covered.start, last_resort) is not None


@given(steps, reaches_, instants)
def test_a_step_reaches_the_soonest_of_its_targets_or_in_turns_the_latest(
    step: Step, reaches: dict[Target, StepFunction[Reach]], at: datetime
) -> None:
    each = [reaches[target].at(at).after for target in step.targets]
    told = [after for after in each if after is not None]
    worst = max(told) if len(told) == len(each) else None
    expected = worst if step.takes_turns else min(told, default=None)
    assert step_reach(step, reaches, DAYS).at(at).after == expected


@given(functions(st.integers(0, 3)), functions(st.integers(0, 3)), instants)
def test_functions_combine_at_every_instant(first: StepFunction[int], second: StepFunction[int], at: datetime) -> None:
    assert combined(first, second, lambda a, b: 10 * a + b).at(at) == 10 * first.at(at) + second.at(at)


@given(functions(st.integers(0, 3)), spans, instants)
def test_a_function_ahead_has_the_value_that_comes_later(
    function: StepFunction[int], span: timedelta, at: datetime
) -> None:
    ahead = function.ahead(span, beyond=-1)
    assert ahead.at(at) == (function.at(at + span) if at + span < LOOKED_AT.end else -1)
    assert ahead.interval == LOOKED_AT


@given(functions(st.integers(0, 3)))
def test_pieces_are_the_whole_interval_and_as_long_as_they_can_be(function: StepFunction[int]) -> None:
    pieces = list(function.pieces())
    assert pieces[0][0].start == LOOKED_AT.start
    assert pieces[-1][0].end == LOOKED_AT.end
    for (before, value), (after, other) in pairwise(pieces):
        assert before.end == after.start
        assert value != other

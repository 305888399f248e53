"""Whether a policy reaches somebody in time, whenever it begins: exactly, for every instant of an interval.

Built from the end: if it is known how soon the rest of a policy reaches somebody when it begins at any instant, then so
it is for one step more. Each answer is a step function of time, so nothing is sampled; where the answer is no, there is
an interval to show, and the reason of each step in it.

The same rules decide as in `plan.look`: conditions, delays, rounds, and a round that is waited out when no step of it
applies. A property test holds the two together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, NamedTuple

from domain.escalation.condition import Circumstances, Hours, StepCondition
from domain.escalation.plan import FIRST, Position, duration_of, following
from domain.escalation.policy import EscalationPolicy, Step, Target
from domain.shared.interval import Interval
from domain.shared.local_time import (
    WEEK_SECONDS,
    from_local_seconds,
    latest_local,
    to_instant,
    to_local_seconds,
    zone_named,
)
from domain.shared.step_function import StepFunction, combined

REASONS: Final = 8  # what one answer tells at most: enough for every step that anybody waits for


class Reach(NamedTuple):
    """How soon somebody is told, from an instant on; None: nobody is, and why not, in the order of the steps."""

    after: timedelta | None
    reasons: tuple[str, ...] = ()


# Whom a target means at each instant, and how soon that reaches them.
type Reaches = Mapping[Target, StepFunction[Reach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """When the policy begins in this interval, nobody is told in time."""

    interval: Interval
    after: timedelta | None  # somebody is, but so late
    reasons: tuple[str, ...]


class _State(NamedTuple):
    """Where a run is, and whether any step of this round has applied."""

    position: Position
    has_applied: bool


def first_reach(
    policy: EscalationPolicy,
    circumstances: Circumstances,
    reaches: Reaches,
    *,
    last_resort: Sequence[Target] = (),
    interval: Interval,
    within: timedelta,
) -> StepFunction[Reach]:
    """How soon a run reaches somebody who can be told, for every instant of the interval at which it may begin.

    `last_resort` is told when the policy is exhausted. Answers that are later than `within` may be None: what comes
    after that is not looked at. The functions in `reaches` hold for the interval and for `within` after it.
    """
    looked_at = Interval(start=interval.start, end=interval.end + within)
    too_late = Reach(None, (f"no further step within {_minutes(within)}",))
    answers: dict[_State | None, StepFunction[Reach]] = {None: _exhausted(last_resort, reaches, looked_at)}
    for state in reversed(_states(policy, circumstances, within)):
        answers[state] = _answer(policy, circumstances, reaches, state, answers, looked_at, too_late)
    found = answers[_State(FIRST, has_applied=False)]
    return StepFunction.of(found.pieces(), interval, otherwise=too_late)


def gaps(reach: StepFunction[Reach], *, within: timedelta) -> Iterator[Gap]:
    """The intervals that disprove it, oldest first."""
    for interval, (after, reasons) in reach.pieces():
        if after is None or after > within:
            yield Gap(interval=interval, after=after, reasons=reasons)


def step_reach(step: Step, reaches: Reaches, interval: Interval) -> StepFunction[Reach]:
    """How soon a step that applies tells somebody. Of targets that take turns the worst counts: it may be its turn."""
    return _of_targets(step.targets, reaches, interval, _worse if step.takes_turns else _better)


def _of_targets(
    targets: Sequence[Target], reaches: Reaches, interval: Interval, choose: Callable[[Reach, Reach], Reach]
) -> StepFunction[Reach]:
    functions = [StepFunction.of(reaches[target].pieces(), interval, otherwise=_UNKNOWN) for target in targets]
    return reduce(lambda first, second: combined(first, second, choose), functions)


def _exhausted(last_resort: Sequence[Target], reaches: Reaches, interval: Interval) -> StepFunction[Reach]:
    """What comes when no step is left, seen from that instant."""
    if not last_resort:
        return StepFunction.constant(Reach(None, ("the policy ends",)), interval)
    told = _of_targets(last_resort, reaches, interval, _better)
    return told.map(lambda reach: _named("the last resort", reach))


_UNKNOWN: Final = Reach(None, ("it is not known whom this target means then",))


def _states(policy: EscalationPolicy, circumstances: Circumstances, within: timedelta) -> list[_State]:
    """Every state that a run may come to in time, in the order of its positions."""
    found: list[_State] = []
    open_states = {_State(FIRST, has_applied=False): timedelta()}  # with the least time that it takes to get there
    while open_states:
        state = min(open_states)
        elapsed = open_states.pop(state)
        if elapsed > within:
            continue
        found.append(state)
        for successor, takes in _successors(policy, circumstances, state):
            if successor is not None:
                open_states[successor] = min(open_states.get(successor, within * 2), elapsed + takes)
    return found


def _successors(
    policy: EscalationPolicy, circumstances: Circumstances, state: _State
) -> Iterator[tuple[_State | None, timedelta]]:
    step = policy.steps[state.position.step]
    if _may_apply(step.condition, circumstances):
        yield _next(policy, state, applied=True), step.delay
    if step.condition is not None:
        yield _next(policy, state, applied=False), _wait_after_skip(policy, state)


def _next(policy: EscalationPolicy, state: _State, *, applied: bool) -> _State | None:
    upcoming = following(policy, state.position)
    if upcoming is None:
        return None
    same_round = upcoming.round == state.position.round
    return _State(upcoming, has_applied=same_round and (applied or state.has_applied))


def _wait_after_skip(policy: EscalationPolicy, state: _State) -> timedelta:
    """Nothing, unless this was the last step of a round of which none applied, and another round follows."""
    upcoming = following(policy, state.position)
    is_last = upcoming is not None and upcoming.round > state.position.round
    return duration_of(policy, state.position.round) if is_last and not state.has_applied else timedelta()


def _answer(
    policy: EscalationPolicy,
    circumstances: Circumstances,
    reaches: Reaches,
    state: _State,
    answers: Mapping[_State | None, StepFunction[Reach]],
    interval: Interval,
    too_late: Reach,
) -> StepFunction[Reach]:
    step = policy.steps[state.position.step]

    def rest(*, applied: bool, wait: timedelta) -> StepFunction[Reach]:
        """What comes after this step, seen from the instant at which it is due."""
        successor = _next(policy, state, applied=applied)
        if successor not in answers:
            return StepFunction.constant(too_late, interval)
        found = answers[successor]
        # Beyond what is looked at the end of a policy comes too late, whatever it is.
        beyond = found.values[-1] if successor is None else too_late
        return found.ahead(wait, beyond=beyond).map(_later_by(wait))

    name = f"step {state.position.step + 1}"
    told = step_reach(step, reaches, interval).map(lambda reach: _named(name, reach))
    applied = combined(told, rest(applied=True, wait=step.delay), _first_of)
    if step.condition is None:
        return applied
    skipped = rest(applied=False, wait=_wait_after_skip(policy, state)).map(
        lambda reach: _first_of(Reach(None, (f"{name} does not apply",)), reach)
    )
    holds = _holds(step.condition, circumstances, interval)
    both = combined(applied, skipped, lambda first, second: (first, second))
    return combined(holds, both, lambda applies, pair: pair[0] if applies else pair[1])


def _may_apply(condition: StepCondition | None, circumstances: Circumstances) -> bool:
    """Whatever the clock shows."""
    return condition is None or condition.holds_at_some_time(circumstances)


def _holds(condition: StepCondition, circumstances: Circumstances, interval: Interval) -> StepFunction[bool]:
    """When it holds in the interval."""
    edges = [interval.start, *_clock_edges(condition.hours, interval)]
    pieces = [
        (Interval(start=start, end=end), condition.refusal(circumstances, at=start) is None)
        for start, end in zip(edges, [*edges[1:], interval.end], strict=True)
    ]
    return StepFunction.of(pieces, interval, otherwise=False)


def _clock_edges(hours: Hours | None, interval: Interval) -> list[datetime]:
    """When its windows open and close within the interval, each instant once and in order."""
    if hours is None:
        return []
    zone = zone_named("time_zone", hours.time_zone)
    first = to_local_seconds(latest_local(interval.start, zone)) // WEEK_SECONDS * WEEK_SECONDS - WEEK_SECONDS
    last = to_local_seconds(latest_local(interval.end, zone))
    found = {
        to_instant(from_local_seconds(week + second), zone)
        for week in range(first, last + 1, WEEK_SECONDS)
        for window in hours.windows
        for second in (window.starts, window.ends)
    }
    return sorted(edge for edge in found if interval.start < edge < interval.end)


def _later_by(wait: timedelta) -> Callable[[Reach], Reach]:
    def later(reach: Reach) -> Reach:
        return reach if reach.after is None else Reach(reach.after + wait)

    return later


def _named(name: str, reach: Reach) -> Reach:
    return reach if reach.after is not None else Reach(None, tuple(f"{name}: {reason}" for reason in reach.reasons))


def _first_of(first: Reach, rest: Reach) -> Reach:
    """Whichever is sooner; nobody by either, with the reasons of both."""
    if first.after is None and rest.after is None:
        return Reach(None, tuple(dict.fromkeys((*first.reasons, *rest.reasons)))[:REASONS])
    return _better(first, rest)


def _better(first: Reach, second: Reach) -> Reach:
    """One of the two is enough."""
    times = [each.after for each in (first, second) if each.after is not None]
    return Reach(min(times)) if times else Reach(None, (*first.reasons, *second.reasons)[:REASONS])


def _worse(first: Reach, second: Reach) -> Reach:
    """Either of the two may be the one that counts."""
    if first.after is None or second.after is None:
        return Reach(None, (*first.reasons, *second.reasons)[:REASONS])
    return Reach(max(first.after, second.after))


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} minutes"

"""Where a run goes on when it moves from one version of its policy to another."""

from collections.abc import Sequence

from domain.escalation.plan import Position, first_step_of
from domain.escalation.policy import EscalationPolicy, Step


def moved(position: Position | None, *, before: EscalationPolicy, after: EscalationPolicy) -> Position | None:
    """What a run that waited for `position` of the one version waits for in the other; its deadline stays.

    It is the same step, or else the nearest that follows: the one after the last step before it that is still there,
    or else the step of the same number; after the last step of a round it is the first of the next. None: there is no
    further step, and the deadline is the last step's. A round that has begun is finished, even when the other version
    has fewer of them; a round that it does not have is not begun.
    """
    round_number, step = position or Position(before.repeats, len(before.steps))
    has_begun = step > first_step_of(before, round_number)
    if round_number > after.repeats and not has_begun:
        return None
    number = _number_in(after.steps, step, before=before.steps)
    if number < len(after.steps):
        return Position(round_number, number)
    if round_number < after.repeats:
        return Position(round_number + 1, after.repeat_from)
    return None


def _number_in(steps: Sequence[Step], number: int, *, before: Sequence[Step]) -> int:
    if number < len(before) and before[number] in steps:
        return _nearest(steps, before[number], number)
    for earlier in reversed(range(number)):
        if before[earlier] in steps:
            return _nearest(steps, before[earlier], earlier) + 1
    return number


def _nearest(steps: Sequence[Step], wanted: Step, number: int) -> int:
    """Of the places of equal steps the one that is nearest to the number, the later one of two."""
    places = (place for place, step in enumerate(steps) if step == wanted)
    return min(places, key=lambda place: (abs(place - number), -place))

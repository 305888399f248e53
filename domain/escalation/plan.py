"""What follows what in a policy, and what one look at the clock finds due.

The run and the simulation ask the same functions: `look` for one instant, `timetable` for all that follow when nobody
answers.

A step whose condition does not hold is passed over in the same look. So a look may pass over several steps, and from
the end of one round into the next. It never passes over two rounds: **a round of which no step applied is waited out**,
for as long as its steps would have taken, before the next one begins. Hence each look passes over fewer than two
rounds, and between two looks at least the shortest delay goes by.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.escalation.condition import Circumstances, SkipReason
from domain.escalation.policy import EscalationPolicy


class Position(NamedTuple):
    """A step of a round, both counted from 0. Positions order as they are reached."""

    round: int
    step: int


FIRST = Position(0, 0)


class Skipped(NamedTuple):
    """A step that was passed over, and why."""

    position: Position
    reason: SkipReason
    detail: str


class Look(NamedTuple):
    """What one look at the clock decides about a run that is due."""

    skipped: tuple[Skipped, ...]
    reached: Position | None  # the step whose targets are told now; None: no step is
    upcoming: Position | None  # what the next look is for; None: the last step waits for its answer, or all is over
    next_look_at: datetime | None  # None: the policy is exhausted

    @property
    def is_exhausted(self) -> bool:
        return self.next_look_at is None


class Moment(NamedTuple):
    at: datetime
    look: Look


def first_step_of(policy: EscalationPolicy, round_number: int) -> int:
    """The first round begins at the beginning, the others with the step that is repeated from."""
    return 0 if round_number == 0 else policy.repeat_from


def following(policy: EscalationPolicy, position: Position) -> Position | None:
    """The position after this one; None after the last step of the last round."""
    if position.step + 1 < len(policy.steps):
        return Position(position.round, position.step + 1)
    if position.round < policy.repeats:
        return Position(position.round + 1, policy.repeat_from)
    return None


def deadline_after(policy: EscalationPolicy, position: Position, *, reached_at: datetime) -> datetime:
    """When to look again after a step was reached: its own delay, counted from the moment it really was.

    Counting from then, not from when it was due, keeps a late worker from rushing through the steps that it missed.
    """
    return reached_at + policy.steps[position.step].delay


def duration_of(policy: EscalationPolicy, round_number: int) -> timedelta:
    """How long a round takes in which every step applies."""
    return sum((step.delay for step in policy.steps[first_step_of(policy, round_number) :]), timedelta())


def look(policy: EscalationPolicy, position: Position | None, circumstances: Circumstances, *, at: datetime) -> Look:
    """What happens when the position is due; None: the last step had its delay.

    The first step from there on that applies is reached, whatever was missed; those before it are passed over. Without
    one the policy is exhausted at once, unless a whole round was passed over and another one follows.
    """
    skipped: list[Skipped] = []
    while position is not None:
        refusal = policy.steps[position.step].refusal(circumstances, at=at)
        upcoming = following(policy, position)
        if refusal is None:
            return Look(tuple(skipped), position, upcoming, deadline_after(policy, position, reached_at=at))
        skipped.append(Skipped(position, *refusal))
        ends_a_round = upcoming is not None and upcoming.round > position.round
        if ends_a_round and _is_whole_round(policy, skipped, position.round):
            return Look(tuple(skipped), None, upcoming, at + duration_of(policy, position.round))
        position = upcoming
    return Look(tuple(skipped), None, None, None)


def timetable(
    policy: EscalationPolicy, *, start: datetime, circumstances: Circumstances, position: Position | None = FIRST
) -> Iterator[Moment]:
    """Every look at a run that nobody answers, and when it comes if nothing is late. The last one is the exhaustion."""
    at: datetime | None = start
    while at is not None:
        found = look(policy, position, circumstances, at=at)
        yield Moment(at, found)
        position, at = found.upcoming, found.next_look_at


def _is_whole_round(policy: EscalationPolicy, skipped: list[Skipped], round_number: int) -> bool:
    """Whether what was passed over begins with the round, or before it."""
    return skipped[0].position <= Position(round_number, first_step_of(policy, round_number))

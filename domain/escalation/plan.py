"""What follows what in a policy. Pure arithmetic on positions; nothing here knows an incident."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from domain.escalation.policy import EscalationPolicy


class Position(NamedTuple):
    """A step of a round, both counted from 0. Positions order as they are reached."""

    round: int
    step: int


FIRST = Position(0, 0)


def following(policy: EscalationPolicy, position: Position) -> Position | None:
    """The position after this one; None after the last step of the last round."""
    if position.step + 1 < len(policy.steps):
        return Position(position.round, position.step + 1)
    if position.round < policy.repeats:
        return Position(position.round + 1, 0)
    return None


def deadline_after(policy: EscalationPolicy, position: Position, *, reached_at: datetime) -> datetime:
    """When to look again after a step was reached: its own delay, counted from the moment it really was.

    Counting from then, not from when it was due, keeps a late worker from rushing through the steps that it missed.
    """
    return reached_at + policy.steps[position.step].delay


def timetable(policy: EscalationPolicy, *, start: datetime) -> Iterator[tuple[Position, datetime]]:
    """Every position of a run that nobody answers, and when it is reached if nothing is late."""
    position: Position | None = FIRST
    at = start
    while position is not None:
        yield position, at
        at = deadline_after(policy, position, reached_at=at)
        position = following(policy, position)

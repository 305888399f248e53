"""Whom to tell, in which order, how long to wait for an answer before telling the next, and what if there is none.

A policy names people, schedules, teams and destinations, never another policy: so it cannot go in a circle.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.escalation.condition import Circumstances, Refusal, StepCondition
from domain.shared.errors import InvalidValueError
from domain.shared.ids import PolicyId, TeamId
from domain.shared.limits import (
    ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MAX,
    ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MIN,
    NAME_CHARACTERS,
    POLICY_REPEATS,
    POLICY_STEPS,
    STEP_DELAY_SECONDS_MAX,
    STEP_DELAY_SECONDS_MIN,
    STEP_TARGETS,
)
from domain.shared.text import require_length


class TargetKind(StrEnum):
    USER = "user"
    SCHEDULE = "schedule"  # whoever is on call when the step is reached
    TEAM = "team"  # every member
    CHANNEL = "channel"  # a destination that people watch: a Slack channel, an ntfy topic
    WEBHOOK = "webhook"  # a destination that is a server


# What is told, and is nobody who could answer
DESTINATIONS: Final = frozenset({TargetKind.CHANNEL, TargetKind.WEBHOOK})


class StepMode(StrEnum):
    """Which of a step's targets are told when it is reached."""

    EVERYONE = "everyone"  # all of them at once
    ROUND_ROBIN = "round_robin"  # one of them in turn, whichever incident it is for


class WhenExhausted(StrEnum):
    """What happens when the last step of the last round had its delay, and nobody answered."""

    STAY = "stay"  # the incident stays open, and says that its escalation is exhausted
    RESOLVE = "resolve"  # the system resolves it as unanswered
    FALL_BACK = "fall_back"  # the fall-back of last resort is paged once; the incident stays open


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    kind: TargetKind
    id: UUID


def require_targets(targets: tuple[Target, ...]) -> None:
    """Raises `InvalidValueError` unless there are as many as a step may have, each once."""
    if not 1 <= len(targets) <= STEP_TARGETS:
        raise InvalidValueError("targets", f"has {len(targets)} entries, allowed are 1 to {STEP_TARGETS}")
    if len(set(targets)) != len(targets):
        twice = next(target for place, target in enumerate(targets) if target in targets[:place])
        raise InvalidValueError(
            "targets", f"names the {twice.kind} {twice.id} twice; name each target once, as everyone is told once"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Its targets are told when it is reached; without an acknowledgement the next step follows after `delay`.

    A step whose condition does not hold when it is reached is passed over at once.
    """

    targets: tuple[Target, ...]
    delay: timedelta
    mode: StepMode = StepMode.EVERYONE
    condition: StepCondition | None = None

    def __post_init__(self) -> None:
        require_targets(self.targets)
        _require_seconds("delay", self.delay, STEP_DELAY_SECONDS_MIN, STEP_DELAY_SECONDS_MAX)

    @property
    def takes_turns(self) -> bool:
        """Whether it depends on a turn whom it tells."""
        return self.mode is StepMode.ROUND_ROBIN and len(self.targets) > 1

    def told(self, *, turn: int = 0) -> tuple[Target, ...]:
        """The targets that are told by its nth reach, counted from 0 over all incidents."""
        return (self.targets[turn % len(self.targets)],) if self.takes_turns else self.targets

    def refusal(self, circumstances: Circumstances, *, at: datetime) -> Refusal | None:
        """Why it is passed over; None: it applies."""
        return None if self.condition is None else self.condition.refusal(circumstances, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """Ordered steps. `repeats` counts the rounds after the first, which begin with the step `repeat_from`.

    Two repeats mean exactly three rounds.

    Raises:
        InvalidValueError: a field is outside its limit; it names the field, the limit, and what would do.
    """

    id: PolicyId
    team_id: TeamId
    name: str
    steps: tuple[Step, ...]
    repeats: int = 0
    repeat_from: int = 0  # counted from 0
    acknowledgement_timeout: timedelta | None = None  # None: who has taken an incident keeps it until it is resolved
    when_exhausted: WhenExhausted = WhenExhausted.STAY
    version: int = 0  # each save makes a new one, and a run keeps the one it began with

    @property
    def asks_for_labels(self) -> bool:
        """Whether any condition of it needs to know them."""
        return any(step.condition is not None and step.condition.labels for step in self.steps)

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if not 1 <= len(self.steps) <= POLICY_STEPS:
            raise InvalidValueError("steps", f"has {len(self.steps)} entries, allowed are 1 to {POLICY_STEPS}")
        if not 0 <= self.repeats <= POLICY_REPEATS:
            raise InvalidValueError("repeats", f"is {self.repeats}, allowed are 0 to {POLICY_REPEATS}")
        if not 0 <= self.repeat_from < len(self.steps):
            raise InvalidValueError(
                "repeat_from",
                f"is step {self.repeat_from + 1}, allowed are 1 to {len(self.steps)}, the steps that there are;"
                " 1 repeats all of them",
            )
        if self.acknowledgement_timeout is not None:
            _require_seconds(
                "acknowledgement_timeout",
                self.acknowledgement_timeout,
                ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MIN,
                ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MAX,
            )


def _require_seconds(field: str, span: timedelta, least: int, most: int) -> None:
    if not least <= span.total_seconds() <= most:
        raise InvalidValueError(field, f"is {span.total_seconds():g} seconds, allowed are {least} to {most} seconds")

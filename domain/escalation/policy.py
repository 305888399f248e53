"""Whom to tell, in which order, and how long to wait for an answer before telling the next."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from domain.shared.errors import InvalidValueError
from domain.shared.ids import PolicyId, TeamId
from domain.shared.limits import (
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    kind: TargetKind
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Everyone in `targets` is told at once; without an acknowledgement the next step follows after `delay`."""

    targets: tuple[Target, ...]
    delay: timedelta

    def __post_init__(self) -> None:
        if not 1 <= len(self.targets) <= STEP_TARGETS:
            raise InvalidValueError("targets", f"has {len(self.targets)} entries, allowed are 1 to {STEP_TARGETS}")
        if not STEP_DELAY_SECONDS_MIN <= self.delay.total_seconds() <= STEP_DELAY_SECONDS_MAX:
            limits = f"{STEP_DELAY_SECONDS_MIN} to {STEP_DELAY_SECONDS_MAX} seconds"
            raise InvalidValueError("delay", f"is {self.delay.total_seconds():g} seconds, allowed are {limits}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """Ordered steps. `repeats` counts the rounds after the first: 2 means exactly three rounds."""

    id: PolicyId
    team_id: TeamId
    name: str
    steps: tuple[Step, ...]
    repeats: int = 0
    version: int = 0  # each save makes a new one, and a run keeps the one it began with

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if not 1 <= len(self.steps) <= POLICY_STEPS:
            raise InvalidValueError("steps", f"has {len(self.steps)} entries, allowed are 1 to {POLICY_STEPS}")
        if not 0 <= self.repeats <= POLICY_REPEATS:
            raise InvalidValueError("repeats", f"is {self.repeats}, allowed are 0 to {POLICY_REPEATS}")

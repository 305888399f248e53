"""When a step applies: what the incident is like, and what the clock shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.shared.errors import InvalidValueError
from domain.shared.limits import CONDITION_LABELS, CONDITION_WINDOWS, LABEL_CHARACTERS
from domain.shared.local_time import latest_local, to_local_seconds, zone_named
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.text import require_length
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import WeeklyWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What conditions are asked about: the incident as it is when its step is reached."""

    severity: Severity
    urgency: Urgency
    priority: Priority
    labels: Mapping[str, str] = field(default_factory=dict)  # of its first alert; none when a person declared it


class SkipReason(StrEnum):
    """Which part of a condition did not hold; the first one, in this order."""

    SEVERITY = "severity"
    PRIORITY = "priority"
    URGENCY = "urgency"
    LABELS = "labels"
    HOURS = "hours"


class Refusal(NamedTuple):
    """Why a step does not apply. `detail` says it to people: what is, and what was wanted."""

    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMatch:
    """A label that has exactly this value, or that is there at all."""

    name: str
    value: str | None = None  # None: any value will do

    def __post_init__(self) -> None:
        require_length("name", self.name, most=LABEL_CHARACTERS)
        if self.value is not None:
            require_length("value", self.value, least=0, most=LABEL_CHARACTERS)

    def holds(self, labels: Mapping[str, str]) -> bool:
        return self.name in labels if self.value is None else labels.get(self.name) == self.value

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Windows of the week on the wall clock of a zone, by the rules of `domain.shared.local_time`.

    Raises:
        InvalidValueError: the zone is unknown, there are no windows or too many, or one ends before it starts.
    """

    time_zone: str
    windows: tuple[WeeklyWindow, ...]

    def __post_init__(self) -> None:
        zone_named("time_zone", self.time_zone)
        if not 1 <= len(self.windows) <= CONDITION_WINDOWS:
            raise InvalidValueError(
                "windows",
                f"has {len(self.windows)} entries, allowed are 1 to {CONDITION_WINDOWS}, such as monday 09:00 to"
                " monday 17:00",
            )
        for number, window in enumerate(self.windows):
            _require_forward(f"windows[{number}].ends_at", window)

    def contain(self, at: datetime) -> bool:
        """Whether the instant lies in one of the windows."""
        second = to_local_seconds(latest_local(at, zone_named("time_zone", self.time_zone)))
        return any(window.contains(second) for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCondition:
    """Every part that is set must hold. A part that is not set is not asked.

    Raises:
        InvalidValueError: nothing is set, or a part is outside its limit or says something twice.
    """

    severities: tuple[Severity, ...] = ()  # one of these
    priorities: tuple[Priority, ...] = ()  # one of these
    urgency: Urgency | None = None
    labels: tuple[LabelMatch, ...] = ()  # all of these
    hours: Hours | None = None

    def __post_init__(self) -> None:
        if not (self.severities or self.priorities or self.urgency or self.labels or self.hours):
            raise InvalidValueError(
                "severities",
                'has none, and nothing else is asked: name some, such as ["SEV1"]',
            )
        if len(set(self.severities)) != len(self.severities):
            raise InvalidValueError("severities", 'names one twice; name each once, such as ["SEV1", "SEV2"]')
        if len(set(self.priorities)) != len(self.priorities):
            raise InvalidValueError("priorities", 'names one twice; name each once, such as ["P1", "P2"]')
        if len(self.labels) > CONDITION_LABELS:
            raise InvalidValueError("labels", f"has {len(self.labels)} entries, allowed are {CONDITION_LABELS}")
        if len({match.name for match in self.labels}) != len(self.labels):
            raise InvalidValueError("labels", "asks for one label twice; ask for each once, such as region=north")

    def refusal(self, circumstances: Circumstances, *, at: datetime) -> Refusal | None:
        """Why it does not hold; None: it does."""
        refusal = self._refusal_at_any_time(circumstances)
        if refusal is None and self.hours is not None and not self.hours.contain(at):
            return Refusal(SkipReason.HOURS, f"it is outside of its hours in {self.hours.time_zone}")
        return refusal

    def holds_at_some_time(self, circumstances: Circumstances) -> bool:
        """Whether the clock alone decides."""
        return self._refusal_at_any_time(circumstances) is None

    def _refusal_at_any_time(self, circumstances: Circumstances) -> Refusal | None:
        if self.severities and circumstances.severity not in self.severities:
            wanted = " or ".join(self.severities)
            return Refusal(SkipReason.SEVERITY, f"the severity is {circumstances.severity}, not {wanted}")
        if self.priorities and circumstances.priority not in self.priorities:
            wanted = " or ".join(self.priorities)
            return Refusal(SkipReason.PRIORITY, f"the priority is {circumstances.priority}, not {wanted}")
        if self.urgency is not None and circumstances.urgency is not self.urgency:
            return Refusal(SkipReason.URGENCY, f"the urgency is {circumstances.urgency}, not {self.urgency}")
        for match in self.labels:
            if not match.holds(circumstances.labels):
                return Refusal(SkipReason.LABELS, f"the first alert has no label {match}")
        return None


def _require_forward(field: str, window: WeeklyWindow) -> None:
    """A window on one day that ends before it starts was meant otherwise: as it stands it is nearly the whole week."""
    if window.starts_on is window.ends_on and window.ends_at < window.starts_at:
        raise InvalidValueError(
            field,
            f"is {window.ends_at:%H:%M}, before the start at {window.starts_at:%H:%M} on the same {window.starts_on};"
            " swap the two, or end on the next day",
        )

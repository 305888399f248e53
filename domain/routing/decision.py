"""What the rules say of one event, and which of them said it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.routing.index import MatcherIndex
from domain.routing.matcher import CompilePatterns
from domain.routing.route import NOTHING, Effect, Routing


class StepOutcome(StrEnum):
    APPLIED = "applied"
    OUTSIDE_HOURS = "outside_hours"  # its matchers hold, its hours do not


class Step(NamedTuple):
    """One rule that was not passed over, by name, with the version that it is of."""

    owner_id: UUID  # the integration's, the team's or the organisation's
    version: int
    rule: str
    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class Decision:
    """The effect of all rules that applied, and how it came about, in order."""

    effect: Effect = NOTHING
    steps: tuple[Step, ...] = ()


class CompiledRouting:
    """A version of a routing, made ready to be asked many times. Raises `InvalidValueError` when a pattern is none."""

    def __init__(self, routing: Routing, compile_patterns: CompilePatterns) -> None:
        self.routing = routing
        self._index = MatcherIndex([rule.matchers for rule in routing.rules], compile_patterns)

    @property
    def version(self) -> int:
        return self.routing.version

    def dropping(self, labels: Mapping[str, str]) -> str | None:
        """The first rule that drops an event with these labels at some hour, by its name; None: none ever does."""
        for place in self._index.matching(labels):
            rule = self.routing.rules[place]
            if rule.effect.is_dropped:
                return rule.name
            if rule.hours is None and not rule.goes_on:
                return None
        return None

    def ask(self, labels: Mapping[str, str], at: datetime, before: Decision) -> tuple[Decision, bool]:
        """The decision with what these rules add to it, and whether later ones are to be asked."""
        effect, steps = before.effect, list(before.steps)
        for place in self._index.matching(labels):
            rule = self.routing.rules[place]
            is_now = rule.hours is None or rule.hours.contain(at)
            outcome = StepOutcome.APPLIED if is_now else StepOutcome.OUTSIDE_HOURS
            steps.append(Step(self.routing.owner_id, self.routing.version, rule.name, outcome))
            if not is_now:
                continue
            effect = effect.then(rule.effect)
            if effect.is_dropped or not rule.goes_on:
                return Decision(effect, tuple(steps)), False
        return Decision(effect, tuple(steps)), True


def decide(routings: Sequence[CompiledRouting], labels: Mapping[str, str], *, at: datetime) -> Decision:
    """Ask them in order. The first rule that applies ends it, unless it says to go on."""
    decision = Decision()
    for routing in routings:
        decision, goes_on = routing.ask(labels, at, decision)
        if not goes_on:
            break
    return decision

"""Every rule there is at one moment, made ready to be asked: what a process keeps in its memory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.routing.decision import CompiledRouting, Decision, decide
from domain.routing.dependency import Dependencies
from domain.routing.index import MatcherIndex
from domain.routing.inhibition import Inhibiting
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.matcher import CompilePatterns
from domain.routing.route import ORGANISATION
from domain.routing.silence import Silence
from domain.shared.ids import IntegrationId, ServiceId, TeamId


class Quiet(NamedTuple):
    """What makes an alert silent, and until when."""

    by: Silence | MaintenanceWindow
    until: datetime


class Quieting:
    """All silences and maintenance windows, made ready to be asked.

    Raises:
        InvalidValueError: a pattern is none.
    """

    def __init__(self, each: Sequence[Silence | MaintenanceWindow], compile_patterns: CompilePatterns) -> None:
        self.each = each
        self._index = MatcherIndex([one.matchers for one in each], compile_patterns)

    def __bool__(self) -> bool:
        return bool(self.each)

    def quieted(
        self, labels: Mapping[str, str], *, team_id: TeamId, service_id: ServiceId, at: datetime
    ) -> Quiet | None:
        """By what an alert is silent that fires now: of several, by the one that ends last."""
        found: Quiet | None = None
        for place in self._index.matching(labels):
            one = self.each[place]
            until = one.end_at(at, team_id=team_id, service_id=service_id)
            if until is not None and (found is None or until > found.until):
                found = Quiet(one, until)
        return found


class Rulebook:
    """Immutable, so that whoever is at work with it is not disturbed by the next one."""

    def __init__(
        self,
        routings: Iterable[CompiledRouting] = (),
        quieting: Quieting | None = None,
        inhibiting: Inhibiting | None = None,
        dependencies: Dependencies | None = None,
    ) -> None:
        self._routings = {each.routing.owner_id: each for each in routings}
        self._quieting = quieting
        self.inhibiting = inhibiting or Inhibiting()
        self.dependencies = dependencies or Dependencies()

    def replacing(self, routing: CompiledRouting) -> "Rulebook":
        """The same with other rules of one owner."""
        others = [each for owner, each in self._routings.items() if owner != routing.routing.owner_id]
        return Rulebook([*others, routing], self._quieting, self.inhibiting, self.dependencies)

    def quieter(self, silence: Silence, compile_patterns: CompilePatterns) -> "Rulebook":
        """The same with one more silence. Raises `InvalidValueError` when a pattern is none."""
        others = () if self._quieting is None else self._quieting.each
        quieting = Quieting([*others, silence], compile_patterns)
        return Rulebook(self._routings.values(), quieting, self.inhibiting, self.dependencies)

    @property
    def is_empty(self) -> bool:
        return not self._routings and not self._quieting and not self.inhibiting and not self.dependencies

    @property
    def leads_to(self) -> frozenset[ServiceId]:
        """The services that any rule names."""
        effects = (rule.effect for each in self._routings.values() for rule in each.routing.rules)
        return frozenset(effect.service_id for effect in effects if effect.service_id is not None)

    def decide(
        self, labels: Mapping[str, str], *, integration_id: IntegrationId, team_id: TeamId, at: datetime
    ) -> Decision:
        """What the rules say: first those of the integration, then its team's, then the organisation's."""
        asked = (self._routings.get(owner) for owner in (integration_id, team_id, ORGANISATION))
        return decide([each for each in asked if each is not None], labels, at=at)

    def quieted(
        self, labels: Mapping[str, str], *, team_id: TeamId, service_id: ServiceId, at: datetime
    ) -> Quiet | None:
        """What makes an alert of a team's service silent now."""
        if not self._quieting:
            return None
        return self._quieting.quieted(labels, team_id=team_id, service_id=service_id, at=at)

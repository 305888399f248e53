"""Alerts that say it all: while one fires, others that only follow from it page nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.routing.grouping import grouped_by
from domain.routing.index import MatcherIndex
from domain.routing.matcher import CompilePatterns, Matcher, require_few
from domain.shared.errors import InvalidValueError
from domain.shared.ids import InhibitionId, TeamId
from domain.shared.limits import GROUP_LABELS, LABEL_CHARACTERS, NAME_CHARACTERS
from domain.shared.text import require_length


class InhibitionKey(NamedTuple):
    """One rule, and one combination of values of the labels that must be equal."""

    inhibition_id: InhibitionId
    equal: str

    def __str__(self) -> str:
        return f"{self.inhibition_id}/{self.equal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While a source fires, targets whose `equal` labels have the same values are muted; all are alerts of one team.

    What could be a source is no target of the same rule, so that nothing mutes itself.

    Raises:
        InvalidValueError: a part is outside its limit.
    """

    id: InhibitionId
    team_id: TeamId
    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        for field, matchers in (("source", self.source), ("target", self.target)):
            if not matchers:
                raise InvalidValueError(field, 'must have a matcher, such as alertname="HostDown"')
            require_few(matchers)
        if len(self.equal) > GROUP_LABELS:
            raise InvalidValueError("equal", f"has {len(self.equal)} entries, allowed are at most {GROUP_LABELS}")
        for name in self.equal:
            require_length("equal", name, most=LABEL_CHARACTERS)

    def key_of(self, labels: Mapping[str, str]) -> InhibitionKey:
        return InhibitionKey(self.id, grouped_by(self.equal, labels))


class Inhibiting:
    """All inhibitions, made ready to be asked. Raises `InvalidValueError` when a pattern is none."""

    def __init__(self, inhibitions: Sequence[Inhibition] = (), compile_patterns: CompilePatterns | None = None) -> None:
        self._inhibitions = inhibitions
        if inhibitions:
            assert compile_patterns is not None, "there are patterns to be compiled"
            self._sources = MatcherIndex([each.source for each in inhibitions], compile_patterns)
            self._targets = MatcherIndex([each.target for each in inhibitions], compile_patterns)

    def __bool__(self) -> bool:
        return bool(self._inhibitions)

    def as_source(self, labels: Mapping[str, str], *, team_id: TeamId) -> tuple[Inhibition, ...]:
        """Those by which an alert mutes others."""
        return self._of_team(self._sources, labels, team_id) if self else ()

    def as_target(self, labels: Mapping[str, str], *, team_id: TeamId) -> tuple[Inhibition, ...]:
        """Those by which others may mute it."""
        if not self:
            return ()
        sources = self.as_source(labels, team_id=team_id)
        return tuple(each for each in self._of_team(self._targets, labels, team_id) if each not in sources)

    def _of_team(self, index: MatcherIndex, labels: Mapping[str, str], team_id: TeamId) -> tuple[Inhibition, ...]:
        found = (self._inhibitions[place] for place in index.matching(labels))
        return tuple(each for each in found if each.team_id == team_id)

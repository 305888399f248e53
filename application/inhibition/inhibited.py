"""Which alerts others mute now, and what happens when those others clear."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.incident.end_mutes import end_mutes
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionSources
from application.routing.rules import CurrentRules
from domain.incident.mute import Mute, MuteKind
from domain.routing.inhibition import Inhibiting, Inhibition, InhibitionKey
from domain.routing.looks import next_look
from domain.shared.ids import AlertId, TeamId


class Candidate(NamedTuple):
    """An alert, as far as inhibitions ask about it."""

    labels: Mapping[str, str]
    team_id: TeamId
    since: datetime  # when its incident was triggered


def targeting[K](inhibiting: Inhibiting, candidates: Mapping[K, Candidate]) -> Mapping[K, tuple[Inhibition, ...]]:
    """By which rules others may mute each of these."""
    return {key: inhibiting.as_target(each.labels, team_id=each.team_id) for key, each in candidates.items()}


def sources_by(inhibiting: Inhibiting, candidate: Candidate) -> set[InhibitionKey]:
    """What an alert is a source of while it fires."""
    rules = inhibiting.as_source(candidate.labels, team_id=candidate.team_id)
    return {rule.key_of(candidate.labels) for rule in rules}


def muted_by_sources[K](
    wanted: Mapping[K, tuple[Inhibition, ...]],
    candidates: Mapping[K, Candidate],
    active: Collection[InhibitionKey],
    *,
    at: datetime,
) -> Mapping[K, Mute]:
    """What mutes each of those that something does, when these have a source that fires."""
    muted = {}
    for key, rules in wanted.items():
        rule = next((each for each in rules if each.key_of(candidates[key].labels) in active), None)
        if rule is not None:
            muted[key] = _mute(rule, candidates[key], at)
    return muted


@dataclass(frozen=True, slots=True)
class FindInhibited:
    """What mutes each of some alerts, by the alerts that fire in storage and by those that begin with them."""

    sources: InhibitionSources

    async def __call__[K](
        self, inhibiting: Inhibiting, candidates: Mapping[K, Candidate], *, beginning: bool, at: datetime
    ) -> Mapping[K, Mute]:
        """One question to the storage for all of them, and none where no rule is about them.

        `beginning`: they begin to fire together, so that one of them mutes the others too.
        """
        wanted = targeting(inhibiting, candidates)
        keys = {rule.key_of(candidates[key].labels) for key, rules in wanted.items() for rule in rules}
        if not keys:
            return {}
        active = set(await self.sources.active(keys))
        if beginning:
            for each in candidates.values():
                active |= sources_by(inhibiting, each)
        return muted_by_sources(wanted, candidates, active, at=at)


@dataclass(frozen=True, slots=True)
class EndInhibitions:
    """Alerts have cleared, in the caller's transaction: what only they muted is looked at anew."""

    sources: InhibitionSources
    incidents: IncidentRepository
    current_rules: CurrentRules

    async def __call__(self, cleared: Collection[AlertId], *, at: datetime) -> None:
        if not cleared or not (await self.current_rules()).inhibiting:
            return
        for key in sorted(await self.sources.take_cleared(cleared)):
            await end_mutes(self.incidents, str(key), until=at, at=at)


def _mute(rule: Inhibition, muted: Candidate, at: datetime) -> Mute:
    """Until it is looked at again, or the last source clears if that is sooner."""
    equal = ", ".join(f"{name}={muted.labels.get(name, '')}" for name in rule.equal)
    reason = f"inhibited by {rule.name}" + (f" ({equal})" if equal else "")
    until = next_look(muted.since, at=at)
    return Mute(kind=MuteKind.INHIBITED, by=str(rule.key_of(muted.labels)), reason=reason, until=until)

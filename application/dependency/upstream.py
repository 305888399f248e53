"""Which services suffer from an incident of one that they need, and what happens when that is over."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.incident.end_mutes import end_mutes
from application.ports.dependencies import Asked, Broken, DependencyRepository
from application.ports.incidents import IncidentRepository
from application.routing.rules import CurrentRules
from domain.incident.mute import Mute, MuteKind, is_heard
from domain.routing.dependency import Dependencies, Dependency
from domain.routing.looks import next_look
from domain.shared.ids import ServiceId
from domain.shared.severity import Severity


class Upstream(NamedTuple):
    """What a service needs, and what is broken of it."""

    dependency: Dependency
    service_name: str
    incident: Broken | None  # None: it begins now, and has no number yet

    def mute(self, triggered_at: datetime, *, at: datetime) -> Mute:
        """Until it is looked at again, or the incident upstream is resolved if that is sooner."""
        which = "an incident that began with it" if self.incident is None else f"INC-{self.incident.number}"
        return Mute(
            kind=MuteKind.DEPENDENCY,
            by=str(self.dependency.upstream_id),
            reason=f"its service needs {self.service_name}, which has {which}",
            until=next_look(triggered_at, at=at),
        )


class Suffering(NamedTuple):
    """Of one service: what may be the cause of what happens to it, and what mutes it meanwhile, if anything."""

    suspected: Upstream
    muting: Upstream | None


def asked_about(needs: Mapping[ServiceId, Sequence[Dependency]]) -> set[Asked]:
    """What is to be known of services that others need."""
    return {(each.upstream_id, each.least_severity) for of in needs.values() for each in of}


def worst_beginning(
    beginning: Iterable[tuple[ServiceId, Severity, Mute | None]],
) -> Mapping[ServiceId, Severity]:
    """Of each service, the worst severity of what begins there and is heard of; each with its mute."""
    worst: dict[ServiceId, Severity] = {}
    for service_id, severity, muted in beginning:
        if is_heard(muted):
            worst[service_id] = min(severity, worst.get(service_id, severity))
    return worst


def suffering_of(
    needs: Mapping[ServiceId, Sequence[Dependency]],
    broken: Mapping[Asked, Broken],
    names: Mapping[ServiceId, str],
    beginning: Mapping[ServiceId, Severity],
) -> Mapping[ServiceId, Suffering]:
    """Of services with what they need, those of which something is broken, or breaks now."""
    found = {}
    for service_id, of in needs.items():
        upstream = [
            Upstream(each, names[each.upstream_id], broken.get((each.upstream_id, each.least_severity)))
            for each in of
            if (each.upstream_id, each.least_severity) in broken or _begins(each, beginning)
        ]
        if upstream:
            muting = next((each for each in upstream if each.dependency.mutes), None)
            found[service_id] = Suffering(upstream[0], muting)
    return found


@dataclass(frozen=True, slots=True)
class FindSuffering:
    """Of some services, those that need one which has an incident. Direct dependencies alone."""

    repository: DependencyRepository

    async def __call__(
        self,
        dependencies: Dependencies,
        service_ids: Iterable[ServiceId],
        *,
        beginning: Mapping[ServiceId, Severity],
    ) -> Mapping[ServiceId, Suffering]:
        """One question to the storage for all of them, and none where nothing is needed.

        `beginning`: the worst severity of incidents that begin with what is asked about, as far as they page.
        """
        needs = {each: dependencies.of(each) for each in dict.fromkeys(service_ids)}
        asked = asked_about(needs)
        if not asked:
            return {}
        broken = await self.repository.broken(asked)
        names = await self._names({upstream_id for upstream_id, _ in asked} & beginning.keys(), broken.values())
        return suffering_of(needs, broken, names, beginning)

    async def _names(self, beginning: Collection[ServiceId], broken: Collection[Broken]) -> Mapping[ServiceId, str]:
        known = {each.service_id: each.service_name for each in broken}
        unknown = beginning - known.keys()
        return {**known, **await self.repository.names(unknown)} if unknown else known


@dataclass(frozen=True, slots=True)
class EndSuffering:
    """Incidents have ended, or weigh less, in the caller's transaction: what they muted is looked at anew."""

    incidents: IncidentRepository
    current_rules: CurrentRules

    async def __call__(self, service_ids: Collection[ServiceId], *, at: datetime) -> None:
        """Of these services."""
        if not service_ids:
            return
        dependencies = (await self.current_rules()).dependencies
        upstream = sorted(str(each) for each in set(service_ids) if dependencies.mutes_others(each))
        await end_mutes(self.incidents, *upstream, until=at, at=at)


def _begins(dependency: Dependency, beginning: Mapping[ServiceId, Severity]) -> bool:
    severity = beginning.get(dependency.upstream_id)
    return severity is not None and dependency.concerns(severity)

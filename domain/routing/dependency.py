"""Which services need which others to work: a graph without circles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from domain.shared.limits import DEPENDENCIES
from domain.shared.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One service needs another, which is upstream of it.

    An incident of the other one that is at least so severe may be the cause of what happens to it.
    """

    service_id: ServiceId
    upstream_id: ServiceId
    least_severity: Severity = Severity.SEV2
    mutes: bool = False  # meanwhile what begins pages nobody

    def concerns(self, severity: Severity) -> bool:
        """Whether an incident upstream is severe enough. The grades sort by their names, the worst first."""
        return severity <= self.least_severity


def require_sound(service_id: ServiceId, dependencies: Sequence[Dependency]) -> None:
    """What one service needs, before it is held against what the others do.

    Raises:
        InvalidValueError: there are too many, or one is named twice.
    """
    if len(dependencies) > DEPENDENCIES:
        reason = f"has {len(dependencies)} entries, allowed are at most {DEPENDENCIES}"
        raise InvalidValueError("dependencies", reason)
    seen: set[ServiceId] = set()
    for number, each in enumerate(dependencies):
        assert each.service_id == service_id, "they are of one service"
        if each.upstream_id in seen:
            raise InvalidValueError(f"dependencies[{number}].service_id", "is named by an earlier entry too")
        seen.add(each.upstream_id)


class Dependencies:
    """All of them. Immutable, so that whoever is at work with it is not disturbed by the next one."""

    def __init__(self, each: Iterable[Dependency] = ()) -> None:
        self._of: dict[ServiceId, list[Dependency]] = defaultdict(list)
        for dependency in each:
            self._of[dependency.service_id].append(dependency)
        self._mute_others = {one.upstream_id for of in self._of.values() for one in of if one.mutes}

    @property
    def count(self) -> int:
        return sum(map(len, self._of.values()))

    def __bool__(self) -> bool:
        return bool(self._of)

    def of(self, service_id: ServiceId) -> Sequence[Dependency]:
        """What a service needs itself, in its order."""
        return self._of.get(service_id, ())

    def mutes_others(self, service_id: ServiceId) -> bool:
        """Whether incidents of it can mute those of services that need it."""
        return service_id in self._mute_others

    def replacing(self, service_id: ServiceId, dependencies: Iterable[Dependency]) -> "Dependencies":
        """The same with what one service needs."""
        others = [one for owner, of in self._of.items() if owner != service_id for one in of]
        return Dependencies([*others, *dependencies])

    def circle_through(self, service_id: ServiceId) -> Sequence[ServiceId]:
        """The shortest way from a service up to itself, with it at both ends; empty: there is none."""
        level: list[tuple[ServiceId, ...]] = [(service_id,)]
        seen: set[ServiceId] = set()
        while level:
            above: list[tuple[ServiceId, ...]] = []
            for way in level:
                for each in self.of(way[-1]):
                    if each.upstream_id == service_id:
                        return (*way, service_id)
                    if each.upstream_id not in seen:
                        seen.add(each.upstream_id)
                        above.append((*way, each.upstream_id))
            level = above
        return ()

    def causes(self, service_id: ServiceId, open_: Mapping[ServiceId, Severity]) -> Sequence[Sequence[ServiceId]]:
        """The ways up to the nearest services with an incident that may be the cause; `open_` has the worst of each.

        What is further up is not told when something nearer is there: it is told of that one.
        """
        level: list[tuple[ServiceId, ...]] = [(service_id,)]
        seen = {service_id}
        while level:
            found: dict[ServiceId, Sequence[ServiceId]] = {}
            above: dict[ServiceId, tuple[ServiceId, ...]] = {}
            for way in level:
                for each in self.of(way[-1]):
                    upstream_id = each.upstream_id
                    if upstream_id in seen:
                        continue
                    above.setdefault(upstream_id, (*way, upstream_id))
                    severity = open_.get(upstream_id)
                    if severity is not None and each.concerns(severity):
                        found.setdefault(upstream_id, (*way, upstream_id))
            if found:
                return list(found.values())
            seen |= above.keys()
            level = list(above.values())
        return ()

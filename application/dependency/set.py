from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.record import RecordAudit
from application.authorize import require
from application.dependency.get import ShownDependencies
from application.expectation import require_version
from application.incident.end_mutes import end_mutes
from application.ports.clock import Clock
from application.ports.dependencies import DependencyRepository
from application.ports.incidents import IncidentRepository
from application.ports.references import Reference, ReferenceKind, References
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.dependency import Dependencies, Dependency, require_sound
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from domain.shared.limits import DEPENDENCIES_IN_ALL


@dataclass(frozen=True, slots=True)
class SetDependencies:
    """A team says which services one of its own needs, all of them. They are a part of the service's version."""

    services: ServiceRepository
    dependencies: DependencyRepository
    references: References
    incidents: IncidentRepository
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, service_id: ServiceId, wanted: Sequence[Dependency], *, version: int | None = None, actor: Actor
    ) -> ShownDependencies:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.READ)
        require_sound(service_id, wanted)
        async with self.transaction:
            service = await self.services.get(service_id)
            require(actor, Permission.CONFIGURE, team_id=service.team_id)
            require_version("service", service_id, expected=version, stored=service.version)
            await require_known(self.references, _named(wanted))
            graph = await self.dependencies.graph()
            before = graph.of(service_id)
            await self._require_fit(service_id, wanted, graph)
            stored = await self.services.save(service)
            await self.dependencies.replace(service_id, wanted)
            at = self.clock.now()
            await self._look_again(before, wanted, at)
            await self.record_audit(
                "service.set_dependencies",
                service_id,
                actor=actor,
                at=at,
                before={"dependencies": _described(before)},
                after={"dependencies": _described(wanted)},
            )
            shown = ShownDependencies(stored, await self.dependencies.of(service_id))
        self.cache.forget()
        return shown

    async def _require_fit(self, service_id: ServiceId, wanted: Sequence[Dependency], graph: Dependencies) -> None:
        """Raises `InvalidValueError` when there would be a circle, which is told by the names along it, or too many."""
        after = graph.replacing(service_id, wanted)
        if after.count > DEPENDENCIES_IN_ALL:
            reason = f"would make {after.count} in all, allowed are at most {DEPENDENCIES_IN_ALL}"
            raise InvalidValueError("dependencies", reason)
        circle = after.circle_through(service_id)
        if circle:
            names = await self.dependencies.names(set(circle))
            number = next(place for place, each in enumerate(wanted) if each.upstream_id == circle[1])
            way = " → ".join(names[each] for each in circle)
            raise InvalidValueError(f"dependencies[{number}].service_id", f"would need itself: {way}")

    async def _look_again(self, before: Sequence[Dependency], wanted: Sequence[Dependency], at: datetime) -> None:
        """What a dependency mutes that is there no more, or is another one, is looked at anew."""
        changed = [str(each.upstream_id) for each in before if each.mutes and each not in wanted]
        await end_mutes(self.incidents, *changed, until=at, at=at)


def _named(wanted: Sequence[Dependency]) -> Iterable[NamedReference]:
    for number, each in enumerate(wanted):
        yield NamedReference(f"dependencies[{number}].service_id", Reference(ReferenceKind.SERVICE, each.upstream_id))


def _described(dependencies: Sequence[Dependency]) -> list[dict[str, object]]:
    return [
        {"service_id": str(each.upstream_id), "least_severity": each.least_severity, "mutes": each.mutes}
        for each in dependencies
    ]

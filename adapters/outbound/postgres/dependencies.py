from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.rulebook import revise
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.tables import service_dependencies, services
from application.ports.dependencies import Asked, Broken, DependencyRepository, NamedDependency
from application.ports.page import Page, PageRequest
from domain.incident.mute import WAITING_FOR_ANOTHER
from domain.routing.dependency import Dependencies, Dependency
from domain.shared.ids import IncidentId, ServiceId
from domain.shared.severity import Severity

ALL: Final = "SELECT * FROM service_dependencies ORDER BY service_id, place"
_FORGET: Final = "DELETE FROM service_dependencies WHERE service_id = $1"
_ADD: Final = """
INSERT INTO service_dependencies (service_id, upstream_id, least_severity, mutes, place)
SELECT $1, n.upstream_id, n.least_severity, n.mutes, n.place
FROM unnest($2::uuid[], $3::text[], $4::boolean[]) WITH ORDINALITY AS n (upstream_id, least_severity, mutes, place)
"""
_OF: Final = """
SELECT d.*, s.name FROM service_dependencies d JOIN services s ON s.id = d.upstream_id
WHERE d.service_id = $1 ORDER BY d.place
"""
_DEPENDENTS = (
    select(service_dependencies, services.c.name)
    .join(services, services.c.id == service_dependencies.c.service_id)
    .where(service_dependencies.c.upstream_id == bindparam("upstream", None, type_=services.c.id.type))
)
_NAMES: Final = "SELECT id, name FROM services WHERE id = ANY($1::uuid[])"
# One look for each service, which ends at the first incident that counts. The braces hold constants, never a value.
_BROKEN: Final = f"""
SELECT k.service_id, k.least, s.name, i.id, i.number
FROM unnest($1::uuid[], $2::text[]) AS k (service_id, least) JOIN services s ON s.id = k.service_id
CROSS JOIN LATERAL (
  SELECT n.id, n.number FROM incidents n
  WHERE n.service_id = k.service_id AND n.status <> 'resolved' AND n.severity <= k.least
    AND (n.muted IS NULL OR n.status <> 'triggered'
      OR n.muted ->> 'kind' IN ({", ".join(f"'{kind}'" for kind in sorted(WAITING_FOR_ANOTHER))}))
  LIMIT 1
) i
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class PostgresDependencyRepository(DependencyRepository):
    session: PostgresSession

    async def graph(self) -> Dependencies:
        await revise(self.session)  # the row of all rules: whoever changes any of them waits for it
        return Dependencies(map(dependency_of, await self.session.fetch(ALL)))

    async def replace(self, service_id: ServiceId, dependencies: Sequence[Dependency]) -> None:
        await self.session.connection.execute(_FORGET, service_id)
        await self.session.connection.execute(
            _ADD,
            service_id,
            [each.upstream_id for each in dependencies],
            [each.least_severity for each in dependencies],
            [each.mutes for each in dependencies],
        )
        await revise(self.session)

    async def of(self, service_id: ServiceId) -> Sequence[NamedDependency]:
        rows = await self.session.fetch(_OF, service_id)
        return [NamedDependency(dependency_of(row), ServiceId(row["upstream_id"]), row["name"]) for row in rows]

    async def dependents(self, service_id: ServiceId, page: PageRequest) -> Page[NamedDependency]:
        rows, has_more = await named.page_rows(self.session, _DEPENDENTS, services, page, {"upstream": service_id})
        found = (NamedDependency(dependency_of(row), ServiceId(row["service_id"]), row["name"]) for row in rows)
        return Page(tuple(found), has_more)

    async def names(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, str]:
        rows = await self.session.fetch(_NAMES, sorted(service_ids))
        return {ServiceId(row["id"]): row["name"] for row in rows}

    async def broken(self, asked: Collection[Asked]) -> Mapping[Asked, Broken]:
        ordered = sorted(asked)
        rows = await self.session.fetch(_BROKEN, [each for each, _ in ordered], [least for _, least in ordered])
        return {
            (ServiceId(row["service_id"]), Severity(row["least"])): Broken(
                IncidentId(row["id"]), row["number"], ServiceId(row["service_id"]), row["name"]
            )
            for row in rows
        }


def dependency_of(row: Row) -> Dependency:
    return Dependency(
        service_id=ServiceId(row["service_id"]),
        upstream_id=ServiceId(row["upstream_id"]),
        least_severity=Severity(row["least_severity"]),
        mutes=row["mutes"],
    )

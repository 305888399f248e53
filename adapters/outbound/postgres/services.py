from dataclasses import asdict, dataclass, fields, replace

import msgspec
from sqlalchemy import select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import services
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.services import ServiceRepository
from domain.service.service import Service, UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.ids import ServiceId, TeamId

_COLUMNS = tuple(field.name for field in fields(Service))
_QUERY = select(*(services.c[column] for column in _COLUMNS))
_GET = named.one_of(services, _QUERY, is_held=True)
_READ = named.one_of(services, _QUERY)
_INSERT = named.inserting(services, *_COLUMNS)
_UPDATE = named.updating(services, *(column for column in _COLUMNS if column != "id"))


@dataclass(frozen=True, slots=True)
class PostgresServiceRepository(ServiceRepository):
    session: PostgresSession

    async def get(self, service_id: ServiceId) -> Service:
        return await self._one(_GET, service_id)

    async def look_up(self, service_id: ServiceId) -> Service:
        return await self._one(_READ, service_id)

    async def save(self, service: Service) -> Service:
        stored = replace(service, version=service.version + 1)
        await named.save(self.session, "service", _INSERT, _UPDATE, asdict(stored))
        await named.hint_configuration(self.session)
        return stored

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Service]:
        rows, has_more = await named.page_rows(self.session, _QUERY, services, page, team_id=team_id)
        return Page(tuple(map(_service_from, rows)), has_more)

    async def _one(self, statement: Statement, service_id: ServiceId) -> Service:
        row = await self.session.row(statement, key=service_id)
        if row is None:
            raise NotFoundError("service", service_id)
        return _service_from(row)


def _service_from(row: Row) -> Service:
    support_hours = msgspec.convert(row["support_hours"], SupportHours | None)
    return Service(**{**row, "urgency_rule": UrgencyRule(row["urgency_rule"]), "support_hours": support_hours})

from dataclasses import asdict, dataclass, fields, replace

import msgspec
from sqlalchemy import bindparam, select, update

from adapters.outbound.postgres import named
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import integrations
from application.errors import NotFoundError
from application.ports.integrations import IntegrationRepository
from application.ports.page import Page, PageRequest
from domain.service.integration import GroupingMode, Integration, IntegrationKind, WhenSilent
from domain.service.mapping import EventMapping
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IntegrationId, ServiceId, TeamId

_COLUMNS = tuple(field.name for field in fields(Integration))
_QUERY = select(*(integrations.c[column] for column in _COLUMNS))
_GET = named.one_of(integrations, _QUERY, is_held=True)
_READ = named.one_of(integrations, _QUERY)
_INSERT = named.inserting(integrations, *_COLUMNS)
_UPDATE = named.updating(integrations, *(column for column in _COLUMNS if column != "id"))
_HAND_OVER = Statement(
    update(integrations)
    .where(integrations.c.service_id == bindparam("of_service", None))
    .values(team_id=named.parameter(integrations, "team_id"), version=integrations.c.version + 1)
)


@dataclass(frozen=True, slots=True)
class PostgresIntegrationRepository(IntegrationRepository):
    session: PostgresSession

    async def get(self, integration_id: IntegrationId) -> Integration:
        return await self._one(_GET, integration_id)

    async def look_up(self, integration_id: IntegrationId) -> Integration:
        return await self._one(_READ, integration_id)

    async def save(self, integration: Integration) -> Integration:
        stored = replace(integration, version=integration.version + 1)
        await named.save(self.session, "integration", _INSERT, _UPDATE, asdict(stored))
        await named.hint_configuration(self.session)
        return stored

    async def hand_over(self, service_id: ServiceId, *, team_id: TeamId) -> None:
        await self.session.execute(_HAND_OVER, of_service=service_id, team_id=team_id)
        await named.hint_configuration(self.session)

    async def list(
        self, page: PageRequest, *, service_id: ServiceId | None = None, team_id: TeamId | None = None
    ) -> Page[Integration]:
        filters = {"service_id": service_id, "team_id": team_id}
        rows, has_more = await named.page_rows(self.session, _QUERY, integrations, page, **filters)
        return Page(tuple(map(_integration_from, rows)), has_more)

    async def _one(self, statement: Statement, integration_id: IntegrationId) -> Integration:
        row = await self.session.row(statement, key=integration_id)
        if row is None:
            raise NotFoundError("integration", integration_id)
        return _integration_from(row)


def _integration_from(row: Row) -> Integration:
    typed = {
        "kind": IntegrationKind(row["kind"]),
        "grouping": GroupingMode(row["grouping"]),
        "group_window": msgspec.convert(row["group_window"], GroupWindow | None),
        "when_silent": WhenSilent(row["when_silent"]),
        "topic_arns": tuple(row["topic_arns"]),
        "mapping": msgspec.convert(row["mapping"], EventMapping | None),
    }
    return Integration(**{**row, **typed})

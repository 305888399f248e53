"""Whose rules they are: the organisation's, a team's or an integration's."""

from typing import NamedTuple
from uuid import UUID

from application.errors import NotFoundError
from application.ports.integrations import IntegrationRepository
from application.ports.references import Reference, ReferenceKind, References
from domain.routing.route import ORGANISATION
from domain.shared.ids import IntegrationId, TeamId


class RoutingOwner(NamedTuple):
    team_id: TeamId | None = None  # None: the organisation
    integration_id: IntegrationId | None = None

    @property
    def id(self) -> UUID:
        return self.integration_id or self.team_id or ORGANISATION


async def owner_that_is_there(
    owner: RoutingOwner, *, integrations: IntegrationRepository, references: References
) -> RoutingOwner:
    """The same, with the team that an integration belongs to. Raises `NotFoundError`."""
    if owner.integration_id is not None:
        integration = await integrations.look_up(owner.integration_id)
        return RoutingOwner(integration.team_id, integration.id)
    if owner.team_id is not None and await references.missing({Reference(ReferenceKind.TEAM, owner.team_id)}):
        raise NotFoundError("team", owner.team_id)
    return owner

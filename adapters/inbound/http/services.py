from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at, value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Description, Name, TeamFilter, TimeZone, Url, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    IdsFilter,
    Limit,
    NameFilter,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.weekly_window import WeeklyWindowBody, window_of
from application.service.create_service import CreateService
from application.service.get_service import GetService
from application.service.list_services import ListServices
from application.service.update_service import UpdateService
from domain.identity.actor import Actor
from domain.service.service import Service, UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.ids import PolicyId, ServiceId, TeamId
from domain.shared.limits import ACKNOWLEDGEMENTS_REQUIRED, LAYER_RESTRICTIONS, SERVICE_TIERS

Tier = Annotated[int, Meta(ge=1, le=SERVICE_TIERS, description="How much depends on it; 1 is the most.")]
Required = Annotated[int, Meta(ge=1, le=ACKNOWLEDGEMENTS_REQUIRED, description="By so many different people.")]


class SupportHoursBody(msgspec.Struct, forbid_unknown_fields=True):
    """When somebody looks after it anyway: hours of the week on the wall clock of a zone."""

    time_zone: TimeZone
    windows: Annotated[list[WeeklyWindowBody], Meta(min_length=1, max_length=LAYER_RESTRICTIONS)]

    @classmethod
    def of(cls, hours: SupportHours) -> Self:
        windows = [
            WeeklyWindowBody(
                starts_on=each.starts_on, starts_at=each.starts_at, ends_on=each.ends_on, ends_at=each.ends_at
            )
            for each in hours.windows
        ]
        return cls(hours.time_zone, windows)

    def hours(self) -> SupportHours:
        """Raises `InvalidValueError`."""
        with at("support_hours"):
            return SupportHours(time_zone=self.time_zone, windows=tuple(map(window_of, self.windows)))


class ServiceBody(msgspec.Struct):
    """What can break, who owns it, and which policy pages."""

    id: UUID
    team_id: UUID
    policy_id: UUID
    name: str
    description: str
    runbook_url: str | None
    urgency_rule: UrgencyRule
    tier: int | None
    support_hours: SupportHoursBody | None
    acknowledgements_required: int
    version: Version

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls(
            id=service.id,
            team_id=service.team_id,
            policy_id=service.policy_id,
            name=service.name,
            description=service.description,
            runbook_url=service.runbook_url,
            urgency_rule=service.urgency_rule,
            tier=service.tier,
            support_hours=None if service.support_hours is None else SupportHoursBody.of(service.support_hours),
            acknowledgements_required=service.acknowledgements_required,
            version=service.version,
        )


class CreateServiceBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    policy_id: UUID
    name: Name
    description: Description = ""
    runbook_url: Url | None = None
    urgency_rule: UrgencyRule = UrgencyRule.BY_SEVERITY
    tier: Tier | None = None
    support_hours: SupportHoursBody | None = None
    acknowledgements_required: Required = 1


class PatchServiceBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; null removes."""

    team_id: UUID | UnsetType = UNSET
    policy_id: UUID | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    runbook_url: Url | UnsetType | None = UNSET
    urgency_rule: UrgencyRule | UnsetType = UNSET
    tier: Tier | UnsetType | None = UNSET
    support_hours: SupportHoursBody | UnsetType | None = UNSET
    acknowledgements_required: Required | UnsetType = UNSET


class ServiceController(Controller):
    path = "/v1/services"
    tags = ("services",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_services: FromDishka[ListServices],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[ServiceBody]]:
        """Services by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids)
        found = await list_services(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        return page_response(
            request, cursors, found, body=ServiceBody.of, key=lambda service: (service.name, service.id)
        )

    @post("/")
    async def create(
        self, data: JSONBody[CreateServiceBody], create_service: FromDishka[CreateService], actor: FromDishka[Actor]
    ) -> Response[ServiceBody]:
        """Make a service of a team, paged by a policy."""
        service = await create_service(
            team_id=TeamId(data.team_id),
            policy_id=PolicyId(data.policy_id),
            name=data.name,
            description=data.description,
            runbook_url=data.runbook_url,
            urgency_rule=data.urgency_rule,
            tier=data.tier,
            support_hours=None if data.support_hours is None else data.support_hours.hours(),
            acknowledgements_required=data.acknowledgements_required,
            actor=actor,
        )
        return created(ServiceBody.of(service), location=f"/v1/services/{service.id}", tag=version_tag(service.version))

    @get("/{service_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        service_id: FromPath[UUID],
        get_service: FromDishka[GetService],
        actor: FromDishka[Actor],
    ) -> Response[ServiceBody]:
        """One service."""
        service = await get_service(ServiceId(service_id), actor=actor)
        return tagged(request, ServiceBody.of(service), tag=version_tag(service.version))

    @patch("/{service_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        service_id: FromPath[UUID],
        data: JSONBody[PatchServiceBody],
        get_service: FromDishka[GetService],
        update_service: FromDishka[UpdateService],
        actor: FromDishka[Actor],
    ) -> Response[ServiceBody]:
        """Change some of a service."""
        old = await get_service(ServiceId(service_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        service = await update_service(
            old.id,
            team_id=TeamId(value(data.team_id, old.team_id)),
            policy_id=PolicyId(value(data.policy_id, old.policy_id)),
            name=value(data.name, old.name),
            description=value(data.description, old.description),
            runbook_url=value(data.runbook_url, old.runbook_url),
            urgency_rule=value(data.urgency_rule, old.urgency_rule),
            tier=value(data.tier, old.tier),
            support_hours=value(_hours(data.support_hours), old.support_hours),
            acknowledgements_required=value(data.acknowledgements_required, old.acknowledgements_required),
            version=old.version,
            actor=actor,
        )
        return tagged(request, ServiceBody.of(service), tag=version_tag(service.version))


def _hours(given: SupportHoursBody | UnsetType | None) -> SupportHours | UnsetType | None:
    return given.hours() if isinstance(given, SupportHoursBody) else given

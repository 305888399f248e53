"""Maintenance windows: planned times in which what a team runs pages nobody."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import LocalDateTime, Name, TeamFilter, TimeZone, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.routings import MatchersText
from application.maintenance.create import CreateMaintenance
from application.maintenance.end import EndMaintenance
from application.maintenance.get import GetMaintenance
from application.maintenance.list import ListMaintenance
from application.ports.clock import Clock
from application.ports.ending import EndKey
from domain.identity.actor import Actor
from domain.routing.maintenance import FOREVER, MaintenanceWindow
from domain.routing.matcher import matchers_text, parse_matchers
from domain.routing.recurrence import parse_recurrence
from domain.shared.ids import MaintenanceId, ServiceId, TeamId
from domain.shared.limits import MAINTENANCE_SECONDS_MAX, MAINTENANCE_SECONDS_MIN, MAINTENANCE_SERVICES

Duration = Annotated[int, Meta(ge=MAINTENANCE_SECONDS_MIN, le=MAINTENANCE_SECONDS_MAX)]
RecurrenceText = Annotated[
    str,
    Meta(
        max_length=200,
        description="In a part of iCalendar's syntax, such as FREQ=WEEKLY;INTERVAL=2;BYDAY=SU. FREQ is DAILY, WEEKLY or"
        " MONTHLY; INTERVAL, BYDAY, BYMONTHDAY and UNTIL, a date, may follow. null: once.",
    ),
]
ServiceIds = Annotated[list[UUID], Meta(max_length=MAINTENANCE_SERVICES, description="None: all services of the team.")]


class MaintenanceBody(msgspec.Struct):
    """From `starts_at`, on the wall clock of the zone, what is meant pages nobody for so long; what lasts does then."""

    id: UUID
    team_id: UUID
    name: str
    time_zone: str
    starts_at: datetime
    duration_seconds: int
    recurrence: str | None
    service_ids: list[UUID]
    matchers: str
    burns_error_budget: bool
    holds_until: datetime | None  # set while it does
    over_at: datetime | None  # null: it comes back without end
    version: Version

    @classmethod
    def of(cls, window: MaintenanceWindow, at: datetime) -> Self:
        return cls(
            id=window.id,
            team_id=window.team_id,
            name=window.name,
            time_zone=window.time_zone,
            starts_at=window.starts_at,
            duration_seconds=round(window.duration.total_seconds()),
            recurrence=None if window.recurrence is None else str(window.recurrence),
            service_ids=list(window.service_ids),
            matchers=matchers_text(window.matchers),
            burns_error_budget=window.burns_error_budget,
            holds_until=window.holds_until(at),
            over_at=None if window.over_at == FOREVER else window.over_at,
            version=window.version,
        )


class CreateMaintenanceBody(msgspec.Struct, forbid_unknown_fields=True):
    """`burns_error_budget` has no default: it is a choice."""

    team_id: UUID
    name: Name
    time_zone: TimeZone
    starts_at: LocalDateTime
    duration_seconds: Duration
    burns_error_budget: bool
    recurrence: RecurrenceText | None = None
    service_ids: ServiceIds = []
    matchers: MatchersText = ""


class MaintenanceController(Controller):
    path = "/v1/maintenance"
    tags = ("maintenance",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_maintenance: FromDishka[ListMaintenance],
        clock: FromDishka[Clock],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[MaintenanceBody]]:
        """Maintenance windows that are not over, by when they are over for good."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await list_maintenance(
            team_id=None if team_id is None else TeamId(team_id),
            limit=asked.limit,
            after=None if asked.after is None else _key(*asked.after),
            actor=actor,
        )
        at = clock.now()
        return page_response(
            request,
            cursors,
            found,
            body=lambda each: MaintenanceBody.of(each, at),
            key=lambda each: (each.over_at.isoformat(), each.id),
        )

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateMaintenanceBody],
        create_maintenance: FromDishka[CreateMaintenance],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> Response[MaintenanceBody]:
        """Plan when services page nobody, once or again and again."""
        window = await create_maintenance(
            team_id=TeamId(data.team_id),
            name=data.name,
            time_zone=data.time_zone,
            starts_at=data.starts_at,
            duration=timedelta(seconds=data.duration_seconds),
            burns_error_budget=data.burns_error_budget,
            recurrence=None if data.recurrence is None else parse_recurrence(data.recurrence),
            service_ids=tuple(ServiceId(each) for each in data.service_ids),
            matchers=parse_matchers(data.matchers),
            actor=actor,
        )
        return created(MaintenanceBody.of(window, clock.now()), location=f"/v1/maintenance/{window.id}")

    @get("/{maintenance_id:uuid}")
    async def read(
        self,
        maintenance_id: FromPath[UUID],
        get_maintenance: FromDishka[GetMaintenance],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> MaintenanceBody:
        """One maintenance window, over or not."""
        return MaintenanceBody.of(await get_maintenance(MaintenanceId(maintenance_id), actor=actor), clock.now())

    @post("/{maintenance_id:uuid}/end", status_code=200)
    async def end(
        self,
        maintenance_id: FromPath[UUID],
        end_maintenance: FromDishka[EndMaintenance],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> MaintenanceBody:
        """End it for good, now: what still fires pages."""
        return MaintenanceBody.of(await end_maintenance(MaintenanceId(maintenance_id), actor=actor), clock.now())


def _key(over_at: str, maintenance_id: UUID) -> EndKey:
    """From a cursor that we sealed ourselves."""
    return EndKey(datetime.fromisoformat(over_at).astimezone(UTC), maintenance_id)

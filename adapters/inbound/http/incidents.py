import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from adapters.inbound.http.etag import content_tag, created, tagged
from adapters.inbound.http.fields import InstantQuery, ServiceFilter, TeamFilter, query_instant
from adapters.inbound.http.incident_bodies import (
    AlertBody,
    ChangeBody,
    DeliveryBody,
    IncidentBody,
    IncidentDetailBody,
    StalledIncidentBody,
    TimelineEntryBody,
)
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.problem import FieldProblem, RequestError
from adapters.inbound.http.stream import position_text, read_position
from application.errors import NotFoundError
from application.incident.alerts import ListAlerts
from application.incident.annotate import AnnotateIncident
from application.incident.changes import ListChanges
from application.incident.deliveries import ListDeliveries
from application.incident.find import FindIncident
from application.incident.get import GetIncident
from application.incident.list import ListIncidents
from application.incident.list_stalled import ListStalled
from application.incident.timeline import ReadTimeline
from application.incident.trigger import TriggerIncident
from application.ports.page import Page, PageRequest
from application.ports.readers import (
    IncidentFilter,
    IncidentQuery,
    IncidentReader,
    IncidentRef,
    OldestFirst,
    TimeKey,
)
from domain.identity.actor import Actor
from domain.incident.incident import IncidentStatus
from domain.shared.ids import IncidentId, ServiceId, TeamId, UserId
from domain.shared.severity import Severity

_NUMBER: Final = re.compile(r"(?:INC-)?([0-9]{1,18})", re.IGNORECASE)
_OPEN: Final = "open"  # everything that is not resolved


Ref = FromPath[str]
Names = Annotated[str | None, QueryParameter(max_length=200, description="One or several, separated by commas.")]
Order = Annotated[Literal["-triggered_at", "triggered_at"], QueryParameter(description="A minus: newest first.")]
UserFilter = Annotated[UUID | None, QueryParameter(description="Only what this user has.")]


class TriggerBody(msgspec.Struct, forbid_unknown_fields=True):
    service_id: UUID
    title: str
    severity: Severity


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    note: str


def incident_ref(text: str) -> IncidentRef:
    """`INC-123`, `123` or an id. Raises `NotFoundError` for anything else, since nothing has such a name."""
    if match := _NUMBER.fullmatch(text):
        return int(match[1])
    try:
        return IncidentId(UUID(text))
    except ValueError:
        raise NotFoundError("incident", text[:80]) from None


class IncidentController(Controller):
    path = "/v1/incidents"
    tags = ("incidents",)

    @get()
    async def list_incidents(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[ListIncidents],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        status: Names = None,
        severity: Names = None,
        service_id: ServiceFilter = None,
        team_id: TeamFilter = None,
        since: InstantQuery = None,
        until: InstantQuery = None,
        acknowledged_by: UserFilter = None,
        sort: Order = "-triggered_at",
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[IncidentBody]]:
        """Incidents, newest first unless `sort=triggered_at`. `status=open` is every one that is not resolved."""
        wanted = IncidentFilter(
            statuses=_statuses(status),
            severities=_members(Severity, "severity", severity, str.upper),
            service_id=None if service_id is None else ServiceId(service_id),
            team_id=None if team_id is None else TeamId(team_id),
            since=query_instant("since", since),
            until=query_instant("until", until),
            acknowledged_by=None if acknowledged_by is None else UserId(acknowledged_by),
        )
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        after = None if asked.after is None else TimeKey(datetime.fromisoformat(asked.after[0]), asked.after[1])
        query = IncidentQuery(filter=wanted, oldest_first=sort == "triggered_at", limit=limit, after=after)
        page = await use_case(query, actor=actor)
        return page_response(
            request,
            cursors,
            page,
            body=IncidentBody.of,
            key=lambda incident: (incident.triggered_at.isoformat(), incident.id),
        )

    @post()
    async def trigger(
        self,
        data: JSONBody[TriggerBody],
        use_case: FromDishka[TriggerIncident],
        incidents: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
    ) -> Response[IncidentDetailBody]:
        """Declare an incident: its service's escalation policy pages at once."""
        incident = await use_case(ServiceId(data.service_id), title=data.title, severity=data.severity, actor=actor)
        shown = IncidentDetailBody.of_detail(await incidents.get(incident.id))
        return created(shown, location=f"/v1/incidents/{incident.id}")

    @get("/stalled")
    async def list_stalled(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[ListStalled],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[StalledIncidentBody]]:
        """Incidents that nothing will happen to, oldest first, and why. There should be none."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        after = None if asked.after is None else TimeKey(datetime.fromisoformat(asked.after[0]), asked.after[1])
        page = await use_case(limit=limit, after=after, actor=actor)
        return page_response(
            request,
            cursors,
            page,
            body=StalledIncidentBody.of_stalled,
            key=lambda stalled: (stalled.incident.triggered_at.isoformat(), stalled.incident.id),
        )

    @get("/{ref:str}")
    async def get_incident(
        self, request: Request[Any, Any, Any], ref: Ref, use_case: FromDishka[GetIncident], actor: FromDishka[Actor]
    ) -> Response[IncidentDetailBody]:
        """One incident, by its id or its number."""
        shown = IncidentDetailBody.of_detail(await use_case(incident_ref(ref), actor=actor))
        # Of all that is shown: names and the next escalation change without a new version of the incident.
        return tagged(request, shown, tag=content_tag(shown))

    @get("/{ref:str}/timeline")
    async def timeline(
        self,
        request: Request[Any, Any, Any],
        ref: Ref,
        use_case: FromDishka[ReadTimeline],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[TimelineEntryBody]]:
        """What happened, oldest first."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        after = None if asked.after is None else read_position(asked.after[0])
        timeline = await use_case(incident_ref(ref), after=after, limit=limit, actor=actor)
        return page_response(
            request,
            cursors,
            Page(timeline.events, timeline.has_more),
            body=lambda logged: TimelineEntryBody.of(logged, timeline.names, timeline.destinations),
            key=lambda logged: (position_text(logged.position), _NOBODY),
        )

    @get("/{ref:str}/alerts")
    async def alerts(
        self,
        request: Request[Any, Any, Any],
        ref: Ref,
        use_case: FromDishka[ListAlerts],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[AlertBody]]:
        """The alerts that joined it, oldest first."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        page = await use_case(incident_ref(ref), _oldest_first(asked), actor=actor)
        return page_response(request, cursors, page, body=AlertBody.of, key=lambda alert: ("", alert.id))

    @get("/{ref:str}/deliveries")
    async def deliveries(
        self,
        request: Request[Any, Any, Any],
        ref: Ref,
        use_case: FromDishka[ListDeliveries],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[DeliveryBody]]:
        """Who was told, when, how, and what became of it: every notification with its attempts, oldest first."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        page = await use_case(incident_ref(ref), _oldest_first(asked), actor=actor)
        return page_response(
            request, cursors, page, body=DeliveryBody.of, key=lambda record: ("", record.notification.id)
        )

    @get("/{ref:str}/changes")
    async def changes(self, ref: Ref, use_case: FromDishka[ListChanges], actor: FromDishka[Actor]) -> list[ChangeBody]:
        """What changed in its service from a day before it began until an hour after, newest first, 50 at most."""
        return [ChangeBody.of(change) for change in await use_case(incident_ref(ref), actor=actor)]

    @post("/{ref:str}/notes")
    async def annotate(
        self,
        ref: Ref,
        data: JSONBody[NoteBody],
        find: FromDishka[FindIncident],
        use_case: FromDishka[AnnotateIncident],
        incidents: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
    ) -> IncidentDetailBody:
        """Add a note to the timeline."""
        incident_id = await find(incident_ref(ref), actor=actor)
        await use_case(incident_id, data.note, actor=actor)
        return IncidentDetailBody.of_detail(await incidents.get(incident_id))


_NOBODY: Final = UUID(int=0)  # a position needs nothing beside it to be unique


def _oldest_first(asked: PageRequest) -> OldestFirst:
    return OldestFirst(limit=asked.limit, after=None if asked.after is None else asked.after[1])


def _statuses(given: str | None) -> frozenset[IncidentStatus]:
    names = [] if given is None else given.split(",")
    spread = [each for name in names for each in (_open_statuses() if name.strip().lower() == _OPEN else [name])]
    return _members(IncidentStatus, "status", ",".join(spread) if spread else None, str.lower)


def _open_statuses() -> list[str]:
    return [status for status in IncidentStatus if status is not IncidentStatus.RESOLVED]


def _members[E: StrEnum](
    kind: type[E], parameter: str, given: str | None, spelled: Callable[[str], str]
) -> frozenset[E]:
    """Raises `RequestError` 422, which names what is possible."""
    if given is None:
        return frozenset()
    try:
        return frozenset(kind(spelled(name.strip())) for name in given.split(","))
    except ValueError:
        raise _refused(parameter, f"must be one or several of {', '.join(kind)}") from None


def _refused(parameter: str, reason: str) -> RequestError:
    problem = FieldProblem(parameter=parameter, code="invalid_value", detail=reason)
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", "1 value is not valid.", errors=[problem])

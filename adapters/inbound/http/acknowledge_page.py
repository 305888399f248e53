"""The page behind the link in a message: one incident, one user, a button.

Mail scanners and link previews open links, so looking changes nothing; only the button's POST does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import structlog
from dishka.integrations.litestar import FromDishka
from litestar import Controller, HttpMethod, Request, Response, post, route
from litestar.params import FromPath

from adapters.inbound.http.auth import PUBLIC, address_of
from adapters.inbound.http.page import form_field, page, refused_page
from adapters.inbound.http.request_context import remember_actor, request_id_of
from adapters.plain_text import one_line, web_link
from application.errors import ApplicationError, ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from application.identity.recognize import RecognizeLink
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.get import GetIncident
from application.incident.resolve import ResolveIncident
from application.ports.clock import Clock
from application.ports.errors import PortError
from application.ports.readers import IncidentDetail, IncidentReader, IncidentSummary
from domain.escalation.run import RunStatus
from domain.identity.actor import Actor
from domain.incident.incident import IncidentStatus
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import IncidentId

_ACKNOWLEDGE: Final = "acknowledge"
_RESOLVE: Final = "resolve"
_LINK_CHARACTERS: Final = 2048

_log = structlog.get_logger()


class _Button(NamedTuple):
    value: str
    label: str
    kind: str


class AcknowledgePageController(Controller):
    path = "/a"
    opt = PUBLIC  # the signed link lets in
    include_in_schema = False

    @route("/{token:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def show(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        recognize: FromDishka[RecognizeLink],
        get_incident: FromDishka[GetIncident],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
    ) -> Response[str]:
        """What broke, since when, and who has it. Changes nothing."""
        try:
            incident_id, actor = await _recognized(request, token, recognize)
            detail = await get_incident(incident_id, actor=actor)
            return await _incident_page(detail, actor, reader, clock.now())
        except (ApplicationError, PortError) as error:
            return _refusal(error)

    @post("/{token:str}", status_code=HTTPStatus.OK)
    async def act(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        recognize: FromDishka[RecognizeLink],
        get_incident: FromDishka[GetIncident],
        acknowledge: FromDishka[AcknowledgeIncident],
        resolve: FromDishka[ResolveIncident],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
    ) -> Response[str]:
        """The button: acknowledges, or resolves, as the user whom the link was made for."""
        try:
            incident_id, actor = await _recognized(request, token, recognize)
            action = form_field(await request.body(), "action")  # none of ours does nothing
            notice = None
            if action == _RESOLVE:
                await resolve(incident_id, actor=actor)
                notice = "It is resolved."
            elif action == _ACKNOWLEDGE:
                notice = await _acknowledge(incident_id, actor, acknowledge)
            detail = await get_incident(incident_id, actor=actor)
            return await _incident_page(detail, actor, reader, clock.now(), notice=notice)
        except (ApplicationError, PortError) as error:
            return _refusal(error)


async def _recognized(
    request: Request[Any, Any, Any], token: str, recognize: RecognizeLink
) -> tuple[IncidentId, Actor]:
    if len(token) > _LINK_CHARACTERS:
        raise UnauthenticatedError
    incident_id, actor = await recognize(token, address=address_of(request), request_id=request_id_of(request.scope))
    remember_actor(request.scope, actor.user_id)
    return incident_id, actor


async def _acknowledge(incident_id: IncidentId, actor: Actor, acknowledge: AcknowledgeIncident) -> str:
    try:
        await acknowledge(incident_id, actor=actor)
    except IllegalTransitionError:
        return "It was resolved already; nothing was changed."
    return "You have it. No further pages will be sent for it."


async def _incident_page(
    detail: IncidentDetail, actor: Actor, reader: IncidentReader, now: datetime, *, notice: str | None = None
) -> Response[str]:
    incident = detail.summary
    names = await reader.user_names({actor.user_id})
    return page(
        "acknowledge.html",
        page_title=f"INC-{incident.number}",
        notice=notice,
        severity=incident.severity,
        reference=f"INC-{incident.number}",
        title=one_line(incident.title),
        service=one_line(incident.service_name),
        team=one_line(incident.team_name),
        since=f"{incident.triggered_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        since_iso=incident.triggered_at.isoformat(),
        age=f"{duration_text(now - incident.triggered_at)} ago",
        status_text=_status_text(incident, actor),
        next_text=_next_text(incident, now),
        runbook_url=web_link(detail.runbook_url),
        buttons=list(_buttons(incident, actor)),
        user_name=one_line(names.get(actor.user_id, "")),
    )


def _buttons(incident: IncidentSummary, actor: Actor) -> Iterator[_Button]:
    if incident.status is IncidentStatus.TRIGGERED:
        yield _Button(_ACKNOWLEDGE, "Acknowledge", "main")
    elif incident.status is IncidentStatus.ACKNOWLEDGED and incident.acknowledged_by != actor.user_id:
        yield _Button(_ACKNOWLEDGE, "Take it over", "main")
    if incident.status is not IncidentStatus.RESOLVED:
        yield _Button(_RESOLVE, "Resolve", "other")


def _status_text(incident: IncidentSummary, actor: Actor) -> str:
    match incident.status:
        case IncidentStatus.TRIGGERED:
            return "Triggered: nobody has it yet"
        case IncidentStatus.ACKNOWLEDGED:
            is_own = incident.acknowledged_by == actor.user_id
            return (
                f"Acknowledged by {_who(incident.acknowledged_by_name, is_own=is_own)}{_at(incident.acknowledged_at)}"
            )
        case IncidentStatus.RESOLVED:
            who = _who(incident.resolved_by_name, is_own=incident.resolved_by == actor.user_id)
            return f"Resolved by {who}{_at(incident.resolved_at)}"


def _who(name: str | None, *, is_own: bool) -> str:
    if name is None:
        return "the sender"
    return f"you ({one_line(name)})" if is_own else one_line(name)


def _at(instant: datetime | None) -> str:
    return "" if instant is None else f" at {instant.astimezone(UTC):%H:%M:%S} UTC"


def _next_text(incident: IncidentSummary, now: datetime) -> str | None:
    """What happens if nobody does anything."""
    if incident.status is not IncidentStatus.TRIGGERED:
        return None
    if incident.next_escalation_at is not None:
        if incident.next_escalation_at <= now:
            return "The next step of the escalation is due now"
        return f"The next step of the escalation follows in {duration_text(incident.next_escalation_at - now)}"
    return (
        "The escalation is exhausted: nobody else will be paged" if incident.escalation is RunStatus.EXHAUSTED else None
    )


def duration_text(span: timedelta) -> str:
    """The two largest units, as people say it."""
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[:2])


def _refusal(error: ApplicationError | PortError) -> Response[str]:
    match error:
        case UnauthenticatedError():
            status, title = HTTPStatus.GONE, "This link does not work any more"
            explanation = (
                "It has expired, or it is not complete. Nothing was changed. Open the newest message about the "
                "incident, or log in."
            )
        case NotFoundError():
            status, title = HTTPStatus.NOT_FOUND, "There is no such incident"
            explanation = "It is not there any more. Nothing was changed."
        case ForbiddenError():
            status, title = HTTPStatus.FORBIDDEN, "Your role does not permit this"
            explanation = "It takes a responder to acknowledge or resolve. Nothing was changed. Ask an admin."
        case ConflictError():
            status, title = HTTPStatus.CONFLICT, "Somebody was faster"
            explanation = "The incident was changed at the same moment. Go back and open the link again."
        case _:
            _log.warning("acknowledge_page_failed", reason=type(error).__name__)
            status, title = HTTPStatus.SERVICE_UNAVAILABLE, "This did not work just now"
            explanation = "It is not sure whether anything was changed. Try again in a moment."
    return refused_page(status, title, explanation)

"""The page behind the link in a test page: one button that says that it arrived. Looking changes nothing."""

from http import HTTPStatus
from typing import Any, Final

import structlog
from dishka.integrations.litestar import FromDishka
from litestar import Controller, HttpMethod, Request, Response, post, route
from litestar.params import FromPath

from adapters.inbound.http.auth import PUBLIC, address_of
from adapters.inbound.http.page import page, refused_page
from adapters.inbound.http.request_context import remember_actor, request_id_of
from adapters.plain_text import one_line
from application.errors import ApplicationError, NotFoundError, UnauthenticatedError
from application.identity.recognize import RecognizeDrillLink
from application.notification.confirm_drill import ConfirmDrill, GetDrill
from application.ports.errors import PortError
from domain.identity.actor import Actor
from domain.notification.notification import Notification
from domain.shared.ids import NotificationId

_LINK_CHARACTERS: Final = 2048

_log = structlog.get_logger()


class DrillPageController(Controller):
    path = "/d"
    opt = PUBLIC  # the signed link lets in
    include_in_schema = False

    @route("/{token:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def show(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        recognize: FromDishka[RecognizeDrillLink],
        get_drill: FromDishka[GetDrill],
    ) -> Response[str]:
        """Which contact is tested. Changes nothing: mail scanners open links too."""
        try:
            notification_id, actor = await _recognized(request, token, recognize)
            return _drill_page(await get_drill(notification_id, actor=actor), is_confirmed=False)
        except (ApplicationError, PortError) as error:
            return _refusal(error)

    @post("/{token:str}", status_code=HTTPStatus.OK)
    async def confirm(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        recognize: FromDishka[RecognizeDrillLink],
        confirm_drill: FromDishka[ConfirmDrill],
    ) -> Response[str]:
        """The button."""
        try:
            notification_id, actor = await _recognized(request, token, recognize)
            return _drill_page(await confirm_drill(notification_id, actor=actor), is_confirmed=True)
        except (ApplicationError, PortError) as error:
            return _refusal(error)


async def _recognized(
    request: Request[Any, Any, Any], token: str, recognize: RecognizeDrillLink
) -> tuple[NotificationId, Actor]:
    if len(token) > _LINK_CHARACTERS:
        raise UnauthenticatedError
    recognized = await recognize(token, address=address_of(request), request_id=request_id_of(request.scope))
    remember_actor(request.scope, recognized[1].user_id)
    return recognized


def _drill_page(drill: Notification, *, is_confirmed: bool) -> Response[str]:
    return page(
        "drill.html",
        page_title="Test page",
        channel=drill.channel,
        address=one_line(drill.address),
        is_confirmed=is_confirmed,
    )


def _refusal(error: ApplicationError | PortError) -> Response[str]:
    match error:
        case UnauthenticatedError():
            status, title = HTTPStatus.GONE, "This link does not work any more"
            explanation = "It has expired, or it is not complete. Nothing was changed. Ask for another drill."
        case NotFoundError():
            status, title = HTTPStatus.NOT_FOUND, "There is no such test page"
            explanation = "It is gone, or what it tested is no contact of yours any more. Nothing was changed."
        case _:
            _log.warning("drill_page_failed", reason=type(error).__name__)
            status, title = HTTPStatus.SERVICE_UNAVAILABLE, "This did not work just now"
            explanation = "It is not sure whether anything was changed. Try again in a moment."
    return refused_page(status, title, explanation)

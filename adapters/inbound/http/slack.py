"""Button presses in Slack. Slack, "Handling user interaction": answered within three seconds, and never repeated."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, MediaType, Request, Response, post
from litestar.background_tasks import BackgroundTask

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.problem import RequestError
from adapters.inbound.http.request_context import header, remember_actor, request_id_of
from adapters.inbound.slack.interactivity import ButtonPress, read_button_press
from adapters.inbound.slack.press import AnswerPress
from adapters.inbound.slack.signature import is_from_slack
from application.identity.recognize import RecognizeSlackMember
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.resolve import ResolveIncident
from application.ports.chat_replies import ChatReplies
from application.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class SlackSigning:
    """The secrets that Slack may sign with: two while one replaces the other, none when Slack is not set up."""

    secrets: tuple[str, ...] = field(default=(), repr=False)


class EphemeralBody(msgspec.Struct):
    """Shown to the one who pressed, and to nobody else."""

    text: str
    response_type: str = "ephemeral"
    replace_original: bool = False


class SlackController(Controller):
    path = "/slack"
    tags = ("slack",)
    opt = PUBLIC  # the signature lets in

    @post("/interactivity", status_code=HTTPStatus.OK)
    async def interact(
        self,
        request: Request[Any, Any, Any],
        signing: FromDishka[SlackSigning],
        clock: FromDishka[Clock],
        recognize: FromDishka[RecognizeSlackMember],
        acknowledge: FromDishka[AcknowledgeIncident],
        resolve: FromDishka[ResolveIncident],
        replies: FromDishka[ChatReplies],
    ) -> Response[bytes]:
        """Slack's interactivity request URL. Only requests that Slack signed are read."""
        press = await _signed_press(request, signing, clock)
        if press is None:
            return Response(b"", media_type=MediaType.TEXT)
        answer_press = AnswerPress(recognize, acknowledge, resolve)
        refusal, user_id = await answer_press(press, request_id=request_id_of(request.scope))
        if user_id is not None:
            remember_actor(request.scope, user_id)
        return _answer(refusal, press, replies)


def _answer(refusal: str | None, press: ButtonPress, replies: ChatReplies) -> Response[bytes]:
    """Slack takes 200 for "seen", and does not show the body of it for a press: what there is to say goes after it."""
    if refusal is None:
        return Response(b"", media_type=MediaType.TEXT)
    task = None if press.response_url is None else BackgroundTask(replies.reply, press.response_url, refusal)
    return Response(msgspec.json.encode(EphemeralBody(refusal)), media_type=MediaType.JSON, background=task)


async def _signed_press(request: Request[Any, Any, Any], signing: SlackSigning, clock: Clock) -> ButtonPress | None:
    """Raises `RequestError`: 404 when Slack is not set up, 401 when it was not Slack; `InvalidValueError`."""
    if not signing.secrets:
        raise RequestError(HTTPStatus.NOT_FOUND, "not_found", "Slack is not set up.")
    body = await request.body()
    is_signed = is_from_slack(
        body,
        timestamp=header(request.scope, b"x-slack-request-timestamp"),
        signature=header(request.scope, b"x-slack-signature"),
        secrets=signing.secrets,
        now=clock.now(),
    )
    if not is_signed:
        raise RequestError(HTTPStatus.UNAUTHORIZED, "unauthenticated", "Slack did not sign this.")
    return read_button_press(body)

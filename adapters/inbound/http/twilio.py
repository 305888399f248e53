"""What Twilio brings: answers to text messages, keys that were pressed in a call, and what became of both.

A number in `From` can be made up in the telephone network, so that a text message can answer nothing but what this very
number was told of. A pressed key comes to the signed link of its own call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import structlog
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, post
from litestar.params import FromPath
from litestar.types import Scope

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.problem import RequestError
from adapters.inbound.http.request_context import header, remember_actor, request_id_of
from adapters.inbound.twilio.reply import Word, read_reply
from adapters.inbound.twilio.signature import is_from_twilio
from adapters.inbound.twilio.status import read_status
from adapters.twiml import message, response, say
from application.errors import ApplicationError, ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from application.identity.recognize import RecognizeDrillLink, RecognizeLink, RecognizeTexter
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.resolve import ResolveIncident
from application.notification.confirm_drill import ConfirmDrill
from application.notification.take_receipt import TakeReceipt
from application.notification.text_back import ConfirmTexts, StopTexts
from application.ports.errors import PortError
from application.ports.texted_pages import TextedPage
from domain.identity.actor import Actor
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import NotificationId

_KEY: Final = "1"
_FORM_BYTES: Final = 16_384  # a message has 1,600 characters at most, and Twilio says thirty things about it
_FIELDS: Final = 100
_LINK_CHARACTERS: Final = 2048
_NOTHING_WAITS: Final = "Nothing that this number was told of waits for an answer."
_USAGE: Final = "Answer ACK or RESOLVE with the number of an incident, as in ACK 123."
_WRONG_KEY: Final = "That key does nothing. Goodbye."
_LATER: Final = "Tocsin could not do this just now. Try again, or use the link in a message."

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TwilioSigning:
    """The tokens that Twilio may sign with, none when it is not set up, and how its requests' addresses begin."""

    base_url: str  # as Twilio was told it, without a slash at its end
    auth_tokens: tuple[str, ...] = field(default=(), repr=False)


class TwilioController(Controller):
    opt = PUBLIC  # the signature lets in
    include_in_schema = False

    @post("/twilio/sms", status_code=HTTPStatus.OK)
    async def text(
        self,
        request: Request[Any, Any, Any],
        signing: FromDishka[TwilioSigning],
        recognize: FromDishka[RecognizeTexter],
        acknowledge: FromDishka[AcknowledgeIncident],
        resolve: FromDishka[ResolveIncident],
        confirm_texts: FromDishka[ConfirmTexts],
        stop_texts: FromDishka[StopTexts],
    ) -> Response[str]:
        """A text message came: `ack` or `resolve` with an incident's number, or `stop`."""
        fields = await _signed_fields(request, signing)
        address, reply = _first(fields, "From"), read_reply(_first(fields, "Body"))
        request_id = request_id_of(request.scope)
        try:
            match reply.word:
                case Word.STOP:  # Twilio itself answers, and lets nothing more of ours through
                    await stop_texts(address, request_id=request_id)
                    return _xml()
                case Word.PASSED_OVER:
                    return _xml()
                case Word.UNKNOWN:
                    return _xml(message(_USAGE))
                case Word.ACKNOWLEDGE | Word.RESOLVE:
                    await confirm_texts(address)
                    page, actor = await recognize(address, number=reply.number, request_id=request_id)
                    remember_actor(request.scope, actor.user_id)
                    act = acknowledge if reply.word is Word.ACKNOWLEDGE else resolve
                    return _xml(message(await _acted(act, page, actor)))
        except (UnauthenticatedError, NotFoundError):
            return _xml(message(_NOTHING_WAITS))
        except PortError as error:
            _log.warning("twilio_text_failed", reason=type(error).__name__)
            return _xml(message(_LATER))

    @post("/twilio/receipts/{notification_id:uuid}/{attempt:int}", status_code=HTTPStatus.NO_CONTENT)
    async def receipt(
        self,
        request: Request[Any, Any, Any],
        notification_id: FromPath[UUID],
        attempt: FromPath[int],
        signing: FromDishka[TwilioSigning],
        take_receipt: FromDishka[TakeReceipt],
    ) -> None:
        """What became of the message or the call of an attempt, of which Twilio was told this address."""
        fields = await _signed_fields(request, signing)
        found = read_status({name: values[0] for name, values in fields.items()})
        if found is not None:
            await take_receipt(NotificationId(notification_id), found, attempt=attempt)

    @post("/a/{token:str}/key", status_code=HTTPStatus.OK)
    async def acknowledge_by_key(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        signing: FromDishka[TwilioSigning],
        recognize: FromDishka[RecognizeLink],
        acknowledge: FromDishka[AcknowledgeIncident],
    ) -> Response[str]:
        """A key was pressed in a call that paged."""
        if not _is_key(await _signed_fields(request, signing)):
            return _xml(say(_WRONG_KEY))
        try:
            incident_id, actor = await recognize(_link(token), request_id=request_id_of(request.scope))
            remember_actor(request.scope, actor.user_id)
            await acknowledge(incident_id, actor=actor)
        except IllegalTransitionError:
            return _xml(say("It was resolved already. Nothing was changed. Goodbye."))
        except (ApplicationError, PortError) as error:
            return _xml(say(_refusal(error)))
        return _xml(say("You have it. No further pages will be sent to you for it. Goodbye."))

    @post("/d/{token:str}/key", status_code=HTTPStatus.OK)
    async def confirm_by_key(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        signing: FromDishka[TwilioSigning],
        recognize: FromDishka[RecognizeDrillLink],
        confirm_drill: FromDishka[ConfirmDrill],
    ) -> Response[str]:
        """A key was pressed in a call that was a drill."""
        if not _is_key(await _signed_fields(request, signing)):
            return _xml(say(_WRONG_KEY))
        try:
            notification_id, actor = await recognize(_link(token), request_id=request_id_of(request.scope))
            remember_actor(request.scope, actor.user_id)
            await confirm_drill(notification_id, actor=actor)
        except (ApplicationError, PortError) as error:
            return _xml(say(_refusal(error)))
        return _xml(say("Thank you. It is proven that calls reach you. Goodbye."))


async def _signed_fields(request: Request[Any, Any, Any], signing: TwilioSigning) -> Mapping[str, Sequence[str]]:
    """Raises `RequestError`: 404 when Twilio is not set up, 403 when it was not Twilio, which then tries no more."""
    if not signing.auth_tokens:
        raise RequestError(HTTPStatus.NOT_FOUND, "not_found", "Twilio is not set up.")
    fields = _fields(await request.body())
    signature = header(request.scope, b"x-twilio-signature")
    url = signing.base_url + _target(request.scope)
    if not is_from_twilio(url, fields, signature=signature, auth_tokens=signing.auth_tokens):
        raise RequestError(HTTPStatus.FORBIDDEN, "forbidden", "Twilio did not sign this.")
    return fields


def _target(scope: Scope) -> str:
    """Path and query as they were asked for, escapes and all."""
    path, query = scope["raw_path"].partition(b"?")[0], scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _fields(body: bytes) -> Mapping[str, Sequence[str]]:
    """Of a form; none when it is too long or no form, which no signature fits."""
    if len(body) > _FORM_BYTES:
        return {}
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        return {}


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return fields.get(name, ("",))[0]


def _is_key(fields: Mapping[str, Sequence[str]]) -> bool:
    return _first(fields, "Digits") == _KEY


def _link(token: str) -> str:
    """Raises `UnauthenticatedError`."""
    if len(token) > _LINK_CHARACTERS:
        raise UnauthenticatedError
    return token


async def _acted(act: AcknowledgeIncident | ResolveIncident, page: TextedPage, actor: Actor) -> str:
    """What to answer. Raises `NotFoundError`, `PortError`."""
    name = f"INC-{page.number}"
    try:
        incident = await act(page.incident_id, actor=actor)
    except IllegalTransitionError:
        return f"{name} was resolved already; nothing was changed."
    except ForbiddenError:
        return "Your role does not permit this: it takes a responder. Ask an admin."
    except ConflictError:
        return f"Somebody else changed {name} at the same moment. Answer again if it is still needed."
    return f"{name} is {incident.status.value}. No further pages will be sent to you for it."


def _refusal(error: ApplicationError | PortError) -> str:
    match error:
        case UnauthenticatedError() | NotFoundError():
            return "This call is too old to answer. Nothing was changed. Goodbye."
        case ForbiddenError():
            return "Your role does not permit this. Ask an admin. Goodbye."
        case _:
            _log.warning("twilio_key_failed", reason=type(error).__name__)
            return "This did not work just now. Please use another way. Goodbye."


def _xml(*verbs: str) -> Response[str]:
    return Response(response(*verbs), media_type="application/xml; charset=utf-8")

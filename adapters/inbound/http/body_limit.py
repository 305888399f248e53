"""No request may fill the memory."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from adapters.inbound.http.asgi import App, Message, Receive, Scope, Send
from adapters.inbound.http.problem import RequestError
from adapters.inbound.http.request_context import header

BODY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Reading more than the limit raises `RequestError` 413 in the handler, at once when the length is announced."""

    app: App
    limit_bytes: int = BODY_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = header(scope, b"content-length")
        is_too_long = announced is not None and announced.isdecimal() and int(announced) > self.limit_bytes
        seen = 0

        async def receive_bounded() -> Message:
            nonlocal seen
            if is_too_long:
                raise self._too_long()
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.limit_bytes:
                    raise self._too_long()
            return message

        await self.app(scope, receive_bounded, send)

    def _too_long(self) -> RequestError:
        detail = f"The body is too long; allowed are {self.limit_bytes} bytes."
        # What is left of the body is not read, so the connection cannot be used again.
        headers = {"Connection": "close"}
        return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_long", detail, headers=headers)

from base64 import b64encode
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get

from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from application.dead_letter.list import ListDeadLetters
from application.ports.readers import DeadLetterRecord, NewestFirst
from domain.identity.actor import Actor


class DeadLetterBody(msgspec.Struct):
    """A message that could not be used, kept for people."""

    id: UUID
    integration_id: UUID | None
    integration_name: str | None
    received_at: datetime
    source: str
    reason: str
    body: str  # as it came
    body_encoding: str  # utf-8, or base64 for what is no text

    @classmethod
    def of(cls, letter: DeadLetterRecord) -> Self:
        body, encoding = _text(letter.body)
        return cls(
            id=letter.id,
            integration_id=letter.integration_id,
            integration_name=letter.integration_name,
            received_at=letter.received_at,
            source=letter.source,
            reason=letter.reason,
            body=body,
            body_encoding=encoding,
        )


class DeadLetterController(Controller):
    path = "/v1/dead-letters"
    tags = ("dead letters",)

    @get()
    async def list_dead_letters(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[ListDeadLetters],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[DeadLetterBody]]:
        """Messages that were set aside, newest first, with the reason and the body."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        before = None if asked.after is None else asked.after[1]
        page = await use_case(NewestFirst(limit=limit, before=before), actor=actor)
        return page_response(request, cursors, page, body=DeadLetterBody.of, key=lambda letter: ("", letter.id))


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return b64encode(body).decode("ascii"), "base64"

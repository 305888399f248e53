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
from application.mailbox.list import ListMailbox
from application.ports.mailbox import MailboxMessage
from application.ports.readers import NewestFirst
from domain.identity.actor import Actor


class MailboxMessageBody(msgspec.Struct):
    """A message that would have been sent if its channel were set up."""

    id: UUID
    sent_at: datetime
    channel: str
    address: str
    title: str
    body: str
    notification_id: UUID
    incident_id: UUID | None  # null: about none
    acknowledge_url: str | None

    @classmethod
    def of(cls, message: MailboxMessage) -> Self:
        return cls(
            id=message.id,
            sent_at=message.sent_at,
            channel=message.channel,
            address=message.address,
            title=message.title,
            body=message.body,
            notification_id=message.notification_id,
            incident_id=message.incident_id,
            acknowledge_url=message.acknowledge_url,
        )


class MailboxController(Controller):
    path = "/v1/mailbox"
    tags = ("mailbox",)

    @get()
    async def list_messages(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[ListMailbox],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[MailboxMessageBody]]:
        """Messages of channels that are not set up, newest first."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        before = None if asked.after is None else asked.after[1]
        page = await use_case(NewestFirst(limit=limit, before=before), actor=actor)
        return page_response(request, cursors, page, body=MailboxMessageBody.of, key=lambda message: ("", message.id))

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get
from litestar.params import QueryParameter

from adapters.inbound.http.incident_bodies import NamedBody
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from application.audit.list import ListAuditEntries
from application.ports.readers import AuditRecord, NewestFirst
from domain.identity.actor import Actor

NounFilter = Annotated[UUID | None, QueryParameter(description="Only what was done to the thing with this id.")]


class AuditEntryBody(msgspec.Struct):
    """Who did what to which, when, from where."""

    id: UUID
    at: datetime
    action: str  # noun.verb
    noun: str
    noun_id: UUID
    actor: NamedBody | None  # null: a sender or the system
    via: str
    credential: str
    address: str
    request_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        entry = record.entry
        return cls(
            id=entry.id,
            at=entry.at,
            action=entry.action,
            noun=entry.noun,
            noun_id=entry.noun_id,
            actor=None if entry.actor_id is None else NamedBody(entry.actor_id, record.actor_name or ""),
            via=entry.via,
            credential=entry.credential,
            address=entry.address,
            request_id=entry.request_id,
            before=None if entry.before is None else dict(entry.before),
            after=None if entry.after is None else dict(entry.after),
        )


class AuditController(Controller):
    path = "/v1/audit"
    tags = ("audit",)

    @get()
    async def list_entries(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[ListAuditEntries],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        noun_id: NounFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[AuditEntryBody]]:
        """The audit trail, newest first."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        before = None if asked.after is None else asked.after[1]
        page = await use_case(NewestFirst(limit=limit, before=before), noun_id=noun_id, actor=actor)
        return page_response(request, cursors, page, body=AuditEntryBody.of, key=lambda record: ("", record.entry.id))

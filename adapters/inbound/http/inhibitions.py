"""Inhibitions: alerts that say it all mute those that only follow from them."""

from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import Name, TeamFilter
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
from application.inhibition.create import CreateInhibition
from application.inhibition.get import GetInhibition
from application.inhibition.list import ListInhibitions
from application.inhibition.remove import RemoveInhibition
from domain.identity.actor import Actor
from domain.routing.inhibition import Inhibition
from domain.routing.matcher import Matcher, matchers_text, parse_matchers
from domain.shared.errors import InvalidValueError
from domain.shared.ids import InhibitionId, TeamId
from domain.shared.limits import GROUP_LABELS, LABEL_CHARACTERS

EqualLabels = Annotated[
    Sequence[Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]],
    Meta(max_length=GROUP_LABELS, description="Labels that both must have with the same value."),
]


class InhibitionBody(msgspec.Struct):
    """While an alert of the team that `source` holds for fires, those that `target` holds for page nobody."""

    id: UUID
    team_id: UUID
    name: str
    source: str
    target: str
    equal: Sequence[str]

    @classmethod
    def of(cls, inhibition: Inhibition) -> Self:
        return cls(
            id=inhibition.id,
            team_id=inhibition.team_id,
            name=inhibition.name,
            source=matchers_text(inhibition.source),
            target=matchers_text(inhibition.target),
            equal=list(inhibition.equal),
        )


class CreateInhibitionBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    name: Name
    source: MatchersText
    target: MatchersText
    equal: EqualLabels = ()


class InhibitionController(Controller):
    path = "/v1/inhibitions"
    tags = ("inhibitions",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_inhibitions: FromDishka[ListInhibitions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[InhibitionBody]]:
        """Inhibitions by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await list_inhibitions(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        return page_response(request, cursors, found, body=InhibitionBody.of, key=lambda each: (each.name, each.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateInhibitionBody],
        create_inhibition: FromDishka[CreateInhibition],
        actor: FromDishka[Actor],
    ) -> Response[InhibitionBody]:
        """Say which alerts say it all. It is for alerts that begin to fire from now on."""
        inhibition = await create_inhibition(
            team_id=TeamId(data.team_id),
            name=data.name,
            source=_matchers("source", data.source),
            target=_matchers("target", data.target),
            equal=tuple(data.equal),
            actor=actor,
        )
        return created(InhibitionBody.of(inhibition), location=f"/v1/inhibitions/{inhibition.id}")

    @get("/{inhibition_id:uuid}")
    async def read(
        self, inhibition_id: FromPath[UUID], get_inhibition: FromDishka[GetInhibition], actor: FromDishka[Actor]
    ) -> InhibitionBody:
        """One inhibition."""
        return InhibitionBody.of(await get_inhibition(InhibitionId(inhibition_id), actor=actor))

    @delete("/{inhibition_id:uuid}", status_code=204)
    async def remove(
        self, inhibition_id: FromPath[UUID], remove_inhibition: FromDishka[RemoveInhibition], actor: FromDishka[Actor]
    ) -> None:
        """Take one back: what it mutes pages, if it still fires."""
        await remove_inhibition(InhibitionId(inhibition_id), actor=actor)


def _matchers(field: str, text: str) -> tuple[Matcher, ...]:
    try:
        return parse_matchers(text)
    except InvalidValueError as error:
        raise InvalidValueError(field, error.reason) from None

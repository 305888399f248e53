"""Silences: labels whose alerts page nobody for a while."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import Instant, TeamFilter, Version, in_utc
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.rehearsals import RehearsedBody, RehearsedDays
from adapters.inbound.http.routings import MatchersText
from application.ports.clock import Clock
from application.ports.ending import EndKey
from application.routing.rehearse import TrySilence
from application.silence.change import ChangeSilence
from application.silence.create import CreateSilence
from application.silence.get import GetSilence
from application.silence.list import ListSilences
from domain.identity.actor import Actor
from domain.routing.matcher import matchers_text, parse_matchers
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId, TeamId
from domain.shared.limits import SILENCE_COMMENT_CHARACTERS

Comment = Annotated[str, Meta(min_length=1, max_length=SILENCE_COMMENT_CHARACTERS)]


class SilenceState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    OVER = "over"


class SilenceBody(msgspec.Struct):
    """Alerts that the matchers hold for page nobody from `starts_at` until `ends_at`; what still fires pages then."""

    id: UUID
    team_id: UUID | None  # null: everyone's alerts
    matchers: str
    comment: str
    author_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: SilenceState
    version: Version

    @classmethod
    def of(cls, silence: Silence, at: datetime) -> Self:
        return cls(
            id=silence.id,
            team_id=silence.team_id,
            matchers=matchers_text(silence.matchers),
            comment=silence.comment,
            author_id=silence.author_id,
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
            state=_state(silence, at),
            version=silence.version,
        )


class CreateSilenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """Begins now without `starts_at`."""

    matchers: MatchersText
    comment: Comment
    ends_at: Instant
    starts_at: Instant | None = None
    team_id: UUID | None = None


class TrySilenceBody(msgspec.Struct, forbid_unknown_fields=True):
    matchers: MatchersText
    team_id: UUID | None = None
    days: RehearsedDays = 7


class PatchSilenceBody(msgspec.Struct, forbid_unknown_fields=True):
    ends_at: Instant | UnsetType = UNSET
    comment: Comment | UnsetType = UNSET


class SilenceController(Controller):
    path = "/v1/silences"
    tags = ("silences",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_silences: FromDishka[ListSilences],
        clock: FromDishka[Clock],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[SilenceBody]]:
        """Silences that are not over, by their end."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await list_silences(
            team_id=None if team_id is None else TeamId(team_id),
            limit=asked.limit,
            after=None if asked.after is None else _key(*asked.after),
            actor=actor,
        )
        at = clock.now()
        return page_response(
            request,
            cursors,
            found,
            body=lambda each: SilenceBody.of(each, at),
            key=lambda each: (each.ends_at.isoformat(), each.id),
        )

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateSilenceBody],
        create_silence: FromDishka[CreateSilence],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> Response[SilenceBody]:
        """Keep alerts from paging for a while. Incidents that are open already go on."""
        silence = await create_silence(
            parse_matchers(data.matchers),
            comment=data.comment,
            ends_at=in_utc(data.ends_at),
            starts_at=None if data.starts_at is None else in_utc(data.starts_at),
            team_id=None if data.team_id is None else TeamId(data.team_id),
            actor=actor,
        )
        body = SilenceBody.of(silence, clock.now())
        return created(body, location=f"/v1/silences/{silence.id}", tag=version_tag(silence.version))

    @post("/try", status_code=200)
    async def rehearse(
        self, data: JSONBody[TrySilenceBody], try_silence: FromDishka[TrySilence], actor: FromDishka[Actor]
    ) -> RehearsedBody:
        """What a silence would have kept from paging in the last days. Nothing is stored."""
        team_id = None if data.team_id is None else TeamId(data.team_id)
        found = await try_silence(parse_matchers(data.matchers), team_id=team_id, days=data.days, actor=actor)
        return RehearsedBody.of(found)

    @get("/{silence_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        silence_id: FromPath[UUID],
        get_silence: FromDishka[GetSilence],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> Response[SilenceBody]:
        """One silence, over or not."""
        return _shown(request, await get_silence(SilenceId(silence_id), actor=actor), clock)

    @patch("/{silence_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        silence_id: FromPath[UUID],
        data: JSONBody[PatchSilenceBody],
        get_silence: FromDishka[GetSilence],
        change_silence: FromDishka[ChangeSilence],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> Response[SilenceBody]:
        """Let it end at another time, or say something else of it."""
        old = await get_silence(SilenceId(silence_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        silence = await change_silence(
            old.id,
            ends_at=old.ends_at if isinstance(data.ends_at, UnsetType) else in_utc(data.ends_at),
            comment=value(data.comment, old.comment),
            version=old.version,
            actor=actor,
        )
        return _shown(request, silence, clock)

    @post("/{silence_id:uuid}/expire", status_code=200)
    async def expire(
        self,
        request: Request[Any, Any, Any],
        silence_id: FromPath[UUID],
        change_silence: FromDishka[ChangeSilence],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> Response[SilenceBody]:
        """End it now: what still fires pages."""
        return _shown(request, await change_silence(SilenceId(silence_id), ends_at=None, actor=actor), clock)


def _shown(request: Request[Any, Any, Any], silence: Silence, clock: Clock) -> Response[SilenceBody]:
    body = SilenceBody.of(silence, clock.now())
    # Its state changes by time alone, so a version is not enough to say that nothing has.
    return tagged(request, body, tag=warned_tag(silence.version, (body.state,)))


def _state(silence: Silence, at: datetime) -> SilenceState:
    if silence.ends_at <= at:
        return SilenceState.OVER
    return SilenceState.PENDING if at < silence.starts_at else SilenceState.ACTIVE


def _key(ends_at: str, silence_id: UUID) -> EndKey:
    """From a cursor that we sealed ourselves."""
    return EndKey(datetime.fromisoformat(ends_at).astimezone(UTC), silence_id)

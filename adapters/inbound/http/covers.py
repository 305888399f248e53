from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from adapters.inbound.http.body import at
from adapters.inbound.http.etag import created
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
from application.oncall.accept_cover import AcceptCover
from application.oncall.decline_cover import DeclineCover
from application.oncall.get_cover import GetCover
from application.oncall.list_covers import ListCovers
from application.oncall.request_cover import RequestCover
from application.oncall.withdraw_cover import WithdrawCover
from application.ports.covers import CoverKey, CoverQuery
from domain.identity.actor import Actor
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.shared.errors import InvalidValueError
from domain.shared.ids import CoverRequestId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import COVER_ASKED, COVER_NOTE_CHARACTERS

Note = Annotated[str, Meta(max_length=COVER_NOTE_CHARACTERS)]
AskedOf = Annotated[list[UUID], Meta(max_length=COVER_ASKED, description="Empty: anyone in the schedule's team.")]
PersonFilter = Annotated[
    UUID | None, QueryParameter(description="Only what is about this user's time, or asks them by name.")
]
ScheduleFilter = Annotated[UUID | None, QueryParameter(description="Only what is about this schedule.")]
_OPEN: Final = "open"  # how a cursor says that its row was
_DECIDED: Final = "decided"


class SpanBody(msgspec.Struct, forbid_unknown_fields=True):
    """From `starts_at` up to, and not including, `ends_at`."""

    starts_at: Instant
    ends_at: Instant

    @classmethod
    def of(cls, interval: Interval) -> Self:
        return cls(starts_at=interval.start, ends_at=interval.end)


class CoverRequestBody(msgspec.Struct):
    """Somebody asks that others be on call in their place, in exchange for what it `offers`, or for nothing."""

    id: UUID
    schedule_id: UUID
    team_id: UUID
    user_id: UUID
    requested_by: UUID
    requested_at: datetime
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    asked_of: list[UUID]
    offers: SpanBody | None
    note: str
    absence_id: UUID | None
    status: CoverStatus
    declined_by: list[UUID]
    accepted_by: UUID | None
    override_ids: list[UUID]
    decided_at: datetime | None
    version: Version

    @classmethod
    def of(cls, request: CoverRequest) -> Self:
        return cls(
            id=request.id,
            schedule_id=request.schedule_id,
            team_id=request.team_id,
            user_id=request.user_id,
            requested_by=request.requested_by,
            requested_at=request.requested_at,
            starts_at=request.interval.start,
            ends_at=request.interval.end,
            expires_at=request.expires_at,
            asked_of=list(request.asked_of),
            offers=None if request.offers is None else SpanBody.of(request.offers),
            note=request.note,
            absence_id=request.absence_id,
            status=request.status,
            declined_by=list(request.declined_by),
            accepted_by=request.accepted_by,
            override_ids=list(request.override_ids),
            decided_at=request.decided_at,
            version=request.version,
        )


class RequestCoverBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without `user_id` it is about one's own time."""

    schedule_id: UUID
    starts_at: Instant
    ends_at: Instant
    user_id: UUID | None = None
    asked_of: AskedOf = []
    offers: SpanBody | None = None
    expires_at: Instant | None = None
    note: Note = ""


class CoverController(Controller):
    path = "/v1/cover-requests"
    tags = ("cover requests",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_covers: FromDishka[ListCovers],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        user_id: PersonFilter = None,
        schedule_id: ScheduleFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[CoverRequestBody]]:
        """Requests for cover: open ones first, then the newest."""
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        query = CoverQuery(
            user_id=None if user_id is None else UserId(user_id),
            schedule_id=None if schedule_id is None else ScheduleId(schedule_id),
            team_id=None if team_id is None else TeamId(team_id),
            limit=asked.limit,
            after=None if asked.after is None else CoverKey(asked.after[0] == _OPEN, asked.after[1]),
        )
        found = await list_covers(query, actor=actor)
        return page_response(
            request,
            cursors,
            found,
            body=CoverRequestBody.of,
            key=lambda each: (_OPEN if each.is_open else _DECIDED, each.id),
        )

    @post("/")
    async def create(
        self,
        data: JSONBody[RequestCoverBody],
        request_cover: FromDishka[RequestCover],
        actor: FromDishka[Actor],
    ) -> Response[CoverRequestBody]:
        """Ask that somebody be on call in one's place; managers also for the people of their teams."""
        made = await request_cover(
            ScheduleId(data.schedule_id),
            user_id=actor.user_id if data.user_id is None else UserId(data.user_id),
            interval=span(data.starts_at, data.ends_at),
            asked_of=users(data.asked_of),
            offers=_offers(data.offers),
            expires_at=None if data.expires_at is None else in_utc(data.expires_at),
            note=data.note,
            actor=actor,
        )
        return created(CoverRequestBody.of(made), location=f"/v1/cover-requests/{made.id}")

    @get("/{request_id:uuid}")
    async def read(
        self, request_id: FromPath[UUID], get_cover: FromDishka[GetCover], actor: FromDishka[Actor]
    ) -> CoverRequestBody:
        """One request for cover."""
        return CoverRequestBody.of(await get_cover(CoverRequestId(request_id), actor=actor))

    @post("/{request_id:uuid}/accept", status_code=200)
    async def accept(
        self, request_id: FromPath[UUID], accept_cover: FromDishka[AcceptCover], actor: FromDishka[Actor]
    ) -> CoverRequestBody:
        """Take the time over, which puts an override on the schedule, or two for a swap."""
        return CoverRequestBody.of(await accept_cover(CoverRequestId(request_id), actor=actor))

    @post("/{request_id:uuid}/decline", status_code=200)
    async def decline(
        self, request_id: FromPath[UUID], decline_cover: FromDishka[DeclineCover], actor: FromDishka[Actor]
    ) -> CoverRequestBody:
        """Say that one will not. When all who were asked have, the request is declined."""
        return CoverRequestBody.of(await decline_cover(CoverRequestId(request_id), actor=actor))

    @post("/{request_id:uuid}/withdraw", status_code=200)
    async def withdraw(
        self, request_id: FromPath[UUID], withdraw_cover: FromDishka[WithdrawCover], actor: FromDishka[Actor]
    ) -> CoverRequestBody:
        """Take an open request back."""
        return CoverRequestBody.of(await withdraw_cover(CoverRequestId(request_id), actor=actor))


def span(starts_at: datetime, ends_at: datetime) -> Interval:
    """Raises `InvalidValueError`, which names the member of the body."""
    starts, ends = in_utc(starts_at), in_utc(ends_at)
    if starts >= ends:
        raise InvalidValueError("ends_at", "must be after starts_at")
    return Interval(start=starts, end=ends)


def users(ids: Iterable[UUID]) -> tuple[UserId, ...]:
    return tuple(UserId(each) for each in ids)


def _offers(body: SpanBody | None) -> Interval | None:
    if body is None:
        return None
    with at("offers"):
        return span(body.starts_at, body.ends_at)

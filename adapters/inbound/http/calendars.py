"""Shifts in people's own calendars: feeds are made and revoked here, and read by whoever has their address."""

import hashlib
from asyncio import to_thread
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, HttpMethod, Request, Response, delete, get, post, route
from litestar.params import FromPath, JSONBody

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.etag import created, tagged
from application.oncall.create_calendar_feed import CreateCalendarFeed
from application.oncall.list_calendar_feeds import ListCalendarFeeds
from application.oncall.read_calendar import Calendar, ReadCalendar
from application.oncall.revoke_calendar_feed import RevokeCalendarFeed
from domain.identity.actor import Actor
from domain.oncall.feed import CalendarFeed
from domain.shared.ids import CalendarFeedId, ScheduleId, UserId

_FEEDS: Final = "/v1/calendar-feeds"
_SUFFIX: Final = ".ics"  # some calendars want to see it
_HEADERS: Final = {
    "Content-Disposition": 'inline; filename="on-call.ics"',
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Robots-Tag": "noindex",
}


class CalendarFeedBody(msgspec.Struct):
    """Shows the shifts of a user or of a schedule. Its address is never shown again."""

    id: UUID
    user_id: UUID | None
    schedule_id: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, feed: CalendarFeed) -> Self:
        return cls(id=feed.id, user_id=feed.user_id, schedule_id=feed.schedule_id, created_at=feed.created_at)


class CalendarFeedsBody(msgspec.Struct):
    feeds: list[CalendarFeedBody]


class CreateCalendarFeedBody(msgspec.Struct, forbid_unknown_fields=True):
    """Of one of the two."""

    user_id: UUID | None = None
    schedule_id: UUID | None = None


class NewCalendarFeedBody(msgspec.Struct):
    """A feed, and the address to subscribe to, shown this once."""

    feed: CalendarFeedBody
    url: str


class CalendarFeedController(Controller):
    path = _FEEDS
    tags = ("on-call",)

    @get("/")
    async def list(
        self, list_calendar_feeds: FromDishka[ListCalendarFeeds], actor: FromDishka[Actor]
    ) -> CalendarFeedsBody:
        """Your own feeds, all of them: they are few."""
        return CalendarFeedsBody([CalendarFeedBody.of(feed) for feed in await list_calendar_feeds(actor=actor)])

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateCalendarFeedBody],
        create_calendar_feed: FromDishka[CreateCalendarFeed],
        actor: FromDishka[Actor],
    ) -> Response[NewCalendarFeedBody]:
        """Let a calendar subscribe to shifts. The answer has the address, this once."""
        new = await create_calendar_feed(
            user_id=None if data.user_id is None else UserId(data.user_id),
            schedule_id=None if data.schedule_id is None else ScheduleId(data.schedule_id),
            actor=actor,
        )
        # A feed has no address of its own in the API: it is shown in the list.
        return created(NewCalendarFeedBody(feed=CalendarFeedBody.of(new.feed), url=new.url), location=_FEEDS)

    @delete("/{feed_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
    async def revoke(
        self,
        feed_id: FromPath[UUID],
        revoke_calendar_feed: FromDishka[RevokeCalendarFeed],
        actor: FromDishka[Actor],
    ) -> None:
        """Take a feed back: its address shows nothing any more. Doing it twice is as good as once."""
        await revoke_calendar_feed(CalendarFeedId(feed_id), actor=actor)


class CalendarController(Controller):
    path = "/calendar"
    opt = PUBLIC  # the token in the address lets in
    include_in_schema = False

    @route("/{file_name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def read(
        self, request: Request[Any, Any, Any], file_name: FromPath[str], read_calendar: FromDishka[ReadCalendar]
    ) -> Response[bytes]:
        """The calendar of a feed. What nobody changed is not sent again."""
        calendar = await read_calendar(file_name.removesuffix(_SUFFIX))
        content = await to_thread(_text, calendar)  # a year of shifts takes longer than others should wait
        response = tagged(request, content, tag=f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        response.media_type = "text/calendar"  # litestar adds that it is UTF-8
        response.headers.update(_HEADERS)
        return response


def _text(calendar: Calendar) -> bytes:
    from adapters.inbound.http.icalendar_text import calendar_text  # 3 MB, where nobody may subscribe

    return calendar_text(calendar)

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get

from adapters.inbound.http.fields import InstantQuery, TeamFilter, query_instant
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
from application.oncall.on_call import OnCall
from application.oncall.who_is_on_call import WhoIsOnCall
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor
from domain.shared.ids import TeamId, UserId


class OnCallBody(msgspec.Struct):
    """Whom one schedule has on call."""

    schedule: NamedBody
    users: list[NamedBody]  # empty: a gap
    until: datetime | None  # the next handoff
    shadows: list[NamedBody]  # who learns beside them; never counted as on call

    @classmethod
    def of(cls, on_call: OnCall, names: Mapping[UserId, str]) -> Self:
        users = [NamedBody(user_id, names.get(user_id, "")) for user_id in on_call.user_ids]
        shadows = [NamedBody(each.user_id, names.get(each.user_id, "")) for each in on_call.shadows]
        return cls(NamedBody(on_call.schedule_id, on_call.name), users, on_call.until, shadows)


class OnCallController(Controller):
    path = "/v1/on-call"
    tags = ("on-call",)

    @get()
    async def who_is_on_call(
        self,
        request: Request[Any, Any, Any],
        use_case: FromDishka[WhoIsOnCall],
        reader: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
        cursors: FromDishka[Cursors],
        at: InstantQuery = None,
        team_id: TeamFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[OnCallBody]]:
        """Who is on call now, or at another time, by the schedules' names."""
        page = await use_case(
            page_request(request, cursors, limit=limit, cursor=cursor),
            at=query_instant("at", at),
            team_id=None if team_id is None else TeamId(team_id),
            actor=actor,
        )
        names = await reader.user_names({user_id for each in page.items for user_id in each.people})
        return page_response(
            request,
            cursors,
            page,
            body=lambda each: OnCallBody.of(each, names),
            key=lambda each: (each.name, each.schedule_id),
        )

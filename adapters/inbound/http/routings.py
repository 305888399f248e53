"""Rules that say what becomes of events: of the organisation, of a team, of an integration."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from adapters.inbound.http.body import at
from adapters.inbound.http.etag import require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import Name, Url, Version
from adapters.inbound.http.group_windows import RuledGroupWindow, ruled_window_body, ruled_window_of
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.policies import HoursBody, hours_body, hours_of
from adapters.inbound.http.rehearsals import RehearsedBody, RehearsedDays
from application.ports.routings import Drops, RoutingVersion
from application.ports.schedule_history import NewestVersionsFirst
from application.routing.get_routing import GetRouting, ShownRouting
from application.routing.list_routing_versions import ListRoutingVersions
from application.routing.owner import RoutingOwner
from application.routing.rehearse import TryRouting
from application.routing.set_routing import SetRouting
from domain.identity.actor import Actor
from domain.routing.matcher import matchers_text, parse_matchers
from domain.routing.route import Effect, Rule
from domain.routing.template import Template
from domain.shared.flapping import Flapping
from domain.shared.ids import IntegrationId, ServiceId, TeamId
from domain.shared.limits import (
    FLAPPING_SECONDS_MAX,
    FLAPPING_TURNS_MAX,
    GROUP_LABELS,
    LABEL_CHARACTERS,
    MATCHERS_TEXT_CHARACTERS,
    ROUTE_DELAY_SECONDS_MAX,
    ROUTE_REOPEN_SECONDS_MAX,
    ROUTE_RESOLVE_SECONDS_MAX,
    ROUTE_RULES,
    TEMPLATE_CHARACTERS,
)
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

MatchersText = Annotated[
    str,
    Meta(
        max_length=MATCHERS_TEXT_CHARACTERS,
        description='As Alertmanager writes them: app="shop", env=~"prod|stage". All must hold; none hold for all.',
    ),
]
ORGANISATIONS: Final = RoutingOwner()
VERSION_MAX: Final = 2**31 - 1  # that storage can count
VersionQuery = Annotated[
    int | None, QueryParameter(ge=1, le=VERSION_MAX, description="As it was then. Without, as it is now.")
]


class FlappingBody(msgspec.Struct, forbid_unknown_fields=True):
    """An alert that begins more than so many times within so long is flapping, until it was quiet for as long."""

    turns: Annotated[int, Meta(ge=1, le=FLAPPING_TURNS_MAX)]
    within_seconds: Annotated[int, Meta(ge=1, le=FLAPPING_SECONDS_MAX)]

    @classmethod
    def of(cls, flapping: Flapping) -> Self:
        return cls(turns=flapping.turns, within_seconds=round(flapping.within.total_seconds()))

    def flapping(self) -> Flapping:
        return Flapping(turns=self.turns, within=timedelta(seconds=self.within_seconds))


class RouteRuleBody(msgspec.Struct, forbid_unknown_fields=True):
    """Applies where all matchers hold, within its hours. The first that applies ends it, unless it goes on."""

    name: Name
    matchers: MatchersText = ""
    hours: HoursBody | None = None
    goes_on: bool = msgspec.field(default=False, name="continue")
    service_id: UUID | None = None
    severity: Severity | None = None
    urgency: Urgency | None = None
    group_by: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]], Meta(max_length=GROUP_LABELS)
    ] = []
    group_window: RuledGroupWindow = None
    title: Annotated[str, Meta(min_length=1, max_length=TEMPLATE_CHARACTERS)] | None = None
    runbook_url: Url | None = None
    delay_seconds: (
        Annotated[int, Meta(ge=1, le=ROUTE_DELAY_SECONDS_MAX, description="Pages only if it lasts for so long.")] | None
    ) = None
    reopen_within_seconds: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=ROUTE_REOPEN_SECONDS_MAX,
                description="So long after the last incident of its group was resolved, that one is reopened.",
            ),
        ]
        | None
    ) = None
    page_again_by: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]],
        Meta(
            max_length=GROUP_LABELS,
            description="An alert that has other values of these labels than those before pages the incident again.",
        ),
    ] = []
    resolve_after_seconds: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=ROUTE_RESOLVE_SECONDS_MAX,
                description="An alert that is not repeated for so long is over, and with the last one its incident.",
            ),
        ]
        | None
    ) = None
    flapping: Annotated[
        FlappingBody | None, Meta(description="An alert that turns more often is one until it has been quiet.")
    ] = None
    suppress: bool = False
    drop: bool = False

    @classmethod
    def of(cls, rule: Rule) -> Self:
        effect = rule.effect
        return cls(
            name=rule.name,
            matchers=matchers_text(rule.matchers),
            hours=None if rule.hours is None else hours_body(rule.hours),
            goes_on=rule.goes_on,
            service_id=effect.service_id,
            severity=effect.severity,
            urgency=effect.urgency,
            group_by=list(effect.group_by),
            group_window=ruled_window_body(effect.group_window),
            title=None if effect.title is None else effect.title.text,
            runbook_url=effect.runbook_url,
            delay_seconds=_seconds(effect.delay),
            reopen_within_seconds=_seconds(effect.reopen_within),
            resolve_after_seconds=_seconds(effect.resolve_after),
            flapping=None if effect.flapping is None else FlappingBody.of(effect.flapping),
            page_again_by=list(effect.page_again_by),
            suppress=effect.is_suppressed,
            drop=effect.is_dropped,
        )


class DropsBody(msgspec.Struct):
    dropped: int
    last_at: datetime
    last_event_id: UUID | None  # see /v1/events/{event_id}/explanation

    @classmethod
    def of(cls, drops: Drops) -> Self:
        return cls(*drops)


class RoutingBody(msgspec.Struct):
    """Ordered rules. Who never had any has none, in version 0."""

    team_id: UUID | None  # null: the organisation's
    integration_id: UUID | None
    rules: list[RouteRuleBody]
    saved_at: datetime | None
    saved_by: UUID | None
    drops: dict[str, DropsBody]  # by the name of the rule, whatever its version
    version: Version

    @classmethod
    def of(cls, shown: ShownRouting) -> Self:
        routing = shown.routing
        return cls(
            team_id=routing.team_id,
            integration_id=routing.integration_id,
            rules=[RouteRuleBody.of(rule) for rule in routing.rules],
            saved_at=shown.saved_at,
            saved_by=shown.saved_by,
            drops={name: DropsBody.of(drops) for name, drops in shown.drops.items()},
            version=routing.version,
        )


class RoutingVersionBody(msgspec.Struct):
    version: Version
    saved_at: datetime
    saved_by: UUID | None
    rules: list[RouteRuleBody]

    @classmethod
    def of(cls, version: RoutingVersion) -> Self:
        routing = version.routing
        rules = [RouteRuleBody.of(rule) for rule in routing.rules]
        return cls(version=routing.version, saved_at=version.saved_at, saved_by=version.saved_by, rules=rules)


class SetRoutingBody(msgspec.Struct, forbid_unknown_fields=True):
    rules: Annotated[
        list[RouteRuleBody], Meta(max_length=ROUTE_RULES, description="In the order that they are asked in.")
    ]


class RoutingController(Controller):
    path = "/v1"
    tags = ("routing",)

    @get("/routing")
    async def read(
        self,
        request: Request[Any, Any, Any],
        get_routing: FromDishka[GetRouting],
        actor: FromDishka[Actor],
        version: VersionQuery = None,
    ) -> Response[RoutingBody]:
        """The organisation's rules: asked when no rule of the integration or its team ended it."""
        return _shown(request, await get_routing(ORGANISATIONS, version=version, actor=actor))

    @put("/routing")
    async def replace(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[SetRoutingBody],
        get_routing: FromDishka[GetRouting],
        set_routing: FromDishka[SetRouting],
        actor: FromDishka[Actor],
    ) -> Response[RoutingBody]:
        """Set the organisation's rules, all of them: their next version."""
        return await _replaced(request, ORGANISATIONS, data, get_routing, set_routing, actor)

    @get("/routing/versions")
    async def versions(
        self,
        request: Request[Any, Any, Any],
        list_versions: FromDishka[ListRoutingVersions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[RoutingVersionBody]]:
        """How the organisation's rules have been, newest first."""
        return await _listed(request, ORGANISATIONS, list_versions, cursors, actor, limit, cursor)

    @get("/teams/{team_id:uuid}/routing")
    async def read_of_team(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        get_routing: FromDishka[GetRouting],
        actor: FromDishka[Actor],
        version: VersionQuery = None,
    ) -> Response[RoutingBody]:
        """A team's rules, for the events of all its integrations."""
        return _shown(request, await get_routing(RoutingOwner(TeamId(team_id)), version=version, actor=actor))

    @put("/teams/{team_id:uuid}/routing")
    async def replace_of_team(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        data: JSONBody[SetRoutingBody],
        get_routing: FromDishka[GetRouting],
        set_routing: FromDishka[SetRouting],
        actor: FromDishka[Actor],
    ) -> Response[RoutingBody]:
        """Set a team's rules, all of them: their next version."""
        return await _replaced(request, RoutingOwner(TeamId(team_id)), data, get_routing, set_routing, actor)

    @get("/teams/{team_id:uuid}/routing/versions")
    async def versions_of_team(
        self,
        request: Request[Any, Any, Any],
        team_id: FromPath[UUID],
        list_versions: FromDishka[ListRoutingVersions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[RoutingVersionBody]]:
        """How a team's rules have been, newest first."""
        return await _listed(request, RoutingOwner(TeamId(team_id)), list_versions, cursors, actor, limit, cursor)

    @get("/integrations/{integration_id:uuid}/routing")
    async def read_of_integration(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        get_routing: FromDishka[GetRouting],
        actor: FromDishka[Actor],
        version: VersionQuery = None,
    ) -> Response[RoutingBody]:
        """An integration's own rules, which come before its team's."""
        return _shown(request, await get_routing(_of_integration(integration_id), version=version, actor=actor))

    @put("/integrations/{integration_id:uuid}/routing")
    async def replace_of_integration(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        data: JSONBody[SetRoutingBody],
        get_routing: FromDishka[GetRouting],
        set_routing: FromDishka[SetRouting],
        actor: FromDishka[Actor],
    ) -> Response[RoutingBody]:
        """Set an integration's own rules, all of them: their next version."""
        return await _replaced(request, _of_integration(integration_id), data, get_routing, set_routing, actor)

    @get("/integrations/{integration_id:uuid}/routing/versions")
    async def versions_of_integration(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        list_versions: FromDishka[ListRoutingVersions],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[RoutingVersionBody]]:
        """How an integration's own rules have been, newest first."""
        owner = _of_integration(integration_id)
        return await _listed(request, owner, list_versions, cursors, actor, limit, cursor)


def _of_integration(integration_id: UUID) -> RoutingOwner:
    return RoutingOwner(integration_id=IntegrationId(integration_id))


def _shown(request: Request[Any, Any, Any], shown: ShownRouting) -> Response[RoutingBody]:
    body = RoutingBody.of(shown)
    # What was dropped is beside the version, and counts on without it.
    return tagged(request, body, tag=warned_tag(body.version, sorted(shown.drops.items())))


async def _replaced(
    request: Request[Any, Any, Any],
    owner: RoutingOwner,
    data: SetRoutingBody,
    get_routing: GetRouting,
    set_routing: SetRouting,
    actor: Actor,
) -> Response[RoutingBody]:
    present = (await get_routing(owner, actor=actor)).routing
    require_match(request, tag=version_tag(present.version))
    await set_routing(owner, rules_of(data.rules), version=present.version, actor=actor)
    return _shown(request, await get_routing(owner, actor=actor))


async def _listed(
    request: Request[Any, Any, Any],
    owner: RoutingOwner,
    list_versions: ListRoutingVersions,
    cursors: Cursors,
    actor: Actor,
    limit: int,
    cursor: str | None,
) -> Response[PageBody[RoutingVersionBody]]:
    asked = page_request(request, cursors, limit=limit, cursor=cursor)
    before = None if asked.after is None else int(asked.after[0])
    page = await list_versions(owner, NewestVersionsFirst(limit=limit, before=before), actor=actor)
    return page_response(
        request,
        cursors,
        page,
        body=RoutingVersionBody.of,
        key=lambda version: (str(version.routing.version), version.routing.owner_id),
    )


def rules_of(bodies: list[RouteRuleBody]) -> tuple[Rule, ...]:
    """Raises `InvalidValueError` with the place of what is wrong."""
    return tuple(_rules(bodies))


def _rules(bodies: list[RouteRuleBody]) -> Iterator[Rule]:
    for number, body in enumerate(bodies):
        with at(f"rules[{number}]"):
            yield Rule(
                name=body.name,
                matchers=parse_matchers(body.matchers),
                hours=None if body.hours is None else hours_of(body.hours),
                goes_on=body.goes_on,
                effect=_effect(body),
            )


def _effect(body: RouteRuleBody) -> Effect:
    return Effect(
        service_id=None if body.service_id is None else ServiceId(body.service_id),
        severity=body.severity,
        urgency=body.urgency,
        group_by=tuple(body.group_by),
        group_window=ruled_window_of(body.group_window),
        title=None if body.title is None else Template(body.title),
        runbook_url=body.runbook_url,
        delay=_span(body.delay_seconds),
        reopen_within=_span(body.reopen_within_seconds),
        resolve_after=_span(body.resolve_after_seconds),
        flapping=None if body.flapping is None else body.flapping.flapping(),
        page_again_by=tuple(body.page_again_by),
        is_suppressed=body.suppress,
        is_dropped=body.drop,
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


class TryRoutingBody(msgspec.Struct, forbid_unknown_fields=True):
    rules: Annotated[list[RouteRuleBody], Meta(max_length=ROUTE_RULES)]
    days: RehearsedDays = 7


class TryRoutingController(Controller):
    path = "/v1"
    tags = ("routing",)

    @post("/routing/try", status_code=200)
    async def rehearse(
        self, data: JSONBody[TryRoutingBody], try_routing: FromDishka[TryRouting], actor: FromDishka[Actor]
    ) -> RehearsedBody:
        """What other rules of the organisation would have done to the last days' events. Nothing is stored."""
        return await _tried(ORGANISATIONS, data, try_routing, actor)

    @post("/teams/{team_id:uuid}/routing/try", status_code=200)
    async def rehearse_of_team(
        self,
        team_id: FromPath[UUID],
        data: JSONBody[TryRoutingBody],
        try_routing: FromDishka[TryRouting],
        actor: FromDishka[Actor],
    ) -> RehearsedBody:
        """What other rules of a team would have done to the last days' events. Nothing is stored."""
        return await _tried(RoutingOwner(TeamId(team_id)), data, try_routing, actor)

    @post("/integrations/{integration_id:uuid}/routing/try", status_code=200)
    async def rehearse_of_integration(
        self,
        integration_id: FromPath[UUID],
        data: JSONBody[TryRoutingBody],
        try_routing: FromDishka[TryRouting],
        actor: FromDishka[Actor],
    ) -> RehearsedBody:
        """What other rules of an integration would have done to the last days' events. Nothing is stored."""
        return await _tried(_of_integration(integration_id), data, try_routing, actor)


async def _tried(owner: RoutingOwner, data: TryRoutingBody, try_routing: TryRouting, actor: Actor) -> RehearsedBody:
    return RehearsedBody.of(await try_routing(owner, rules_of(data.rules), days=data.days, actor=actor))

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at, value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Name, ServiceFilter, TeamFilter, Version
from adapters.inbound.http.group_windows import GroupWindowBody, OptionalGroupWindow, window_body, window_of
from adapters.inbound.http.mappings import MappingBody
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    IdsFilter,
    Limit,
    NameFilter,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.snippets import Instructions, PublicUrl, instructions_for
from application.service.create_integration import CreateIntegration
from application.service.get_integration import GetIntegration
from application.service.integration_key import IssuedIntegration
from application.service.list_integrations import ListIntegrations
from application.service.rotate_integration_key import RotateIntegrationKey
from application.service.set_signing_secret import (
    SIGNING_SECRET_CHARACTERS_MAX,
    SIGNING_SECRET_CHARACTERS_MIN,
    SetSigningSecret,
)
from application.service.update_integration import UpdateIntegration
from domain.identity.actor import Actor
from domain.service.integration import TOPIC_ARNS, GroupingMode, Integration, IntegrationKind, WhenSilent
from domain.service.mapping import EventMapping
from domain.shared.ids import IntegrationId, ServiceId, TeamId

_DAY_SECONDS: Final = 24 * 3600
_OVERLAP_SECONDS_MAX: Final = 30 * _DAY_SECONDS

Overlap = Annotated[
    int, Meta(ge=0, le=_OVERLAP_SECONDS_MAX, description="How long the old one stays good beside the new one.")
]
SigningSecret = Annotated[
    str,
    Meta(
        min_length=SIGNING_SECRET_CHARACTERS_MIN,
        max_length=SIGNING_SECRET_CHARACTERS_MAX,
        description="What the sender signs with, as it has it.",
    ),
]


TopicArns = Annotated[
    list[str],
    Meta(max_length=TOPIC_ARNS, description="Topics of SNS whose signed messages are taken; of CloudWatch alone."),
]

EventsPerMinute = Annotated[
    int | None,
    Meta(description="Events it may send in a minute in the long run; null: as many as the installation allows."),
]
EventBurst = Annotated[int | None, Meta(description="Events it may send at once; null: as the installation says.")]
OpenAlerts = Annotated[
    int | None,
    Meta(description="Alerts it may have open; further ones are counted in one. Null: as the installation says."),
]


class IntegrationBody(msgspec.Struct):
    """One sender's door to one service. Neither its key nor what its sender signs with is ever shown again."""

    id: UUID
    service_id: UUID
    team_id: UUID
    kind: IntegrationKind
    name: str
    grouping: GroupingMode
    group_window: GroupWindowBody | None
    is_strict: bool
    mapping: MappingBody | None
    events_per_minute: int | None
    event_burst: int | None
    open_alerts: int | None
    previous_key_expires_at: datetime | None
    is_signed: bool
    previous_signing_secret_expires_at: datetime | None
    when_silent: WhenSilent
    topic_arns: list[str]
    version: Version

    @classmethod
    def of(cls, integration: Integration) -> Self:
        return cls(
            id=integration.id,
            service_id=integration.service_id,
            team_id=integration.team_id,
            kind=integration.kind,
            name=integration.name,
            grouping=integration.grouping,
            group_window=window_body(integration.group_window),
            is_strict=integration.is_strict,
            mapping=None if integration.mapping is None else MappingBody.of(integration.mapping),
            events_per_minute=integration.events_per_minute,
            event_burst=integration.event_burst,
            open_alerts=integration.open_alerts,
            previous_key_expires_at=integration.previous_key_expires_at,
            is_signed=integration.is_signed,
            previous_signing_secret_expires_at=integration.previous_signing_secret_expires_at,
            when_silent=integration.when_silent,
            topic_arns=list(integration.topic_arns),
            version=integration.version,
        )


class SnippetBody(msgspec.Struct):
    """What to paste at the sender."""

    title: str  # where it goes
    text: str

    @classmethod
    def all_of(cls, instructions: Instructions) -> list[Self]:
        return [cls(snippet.title, snippet.text) for snippet in instructions.snippets]


class IntegrationDetailBody(IntegrationBody):
    """One integration, with where its sender sends to. `<key>` stands for the key, which only its hash is kept of."""

    url: str
    snippets: list[SnippetBody]

    @classmethod
    def with_address(cls, integration: Integration, base: PublicUrl) -> Self:
        instructions = instructions_for(integration.kind, base)
        body = msgspec.structs.asdict(IntegrationBody.of(integration))
        return cls(**body, url=instructions.url, snippets=SnippetBody.all_of(instructions))


class IssuedIntegrationBody(msgspec.Struct):
    """An integration and its new key, shown this once, with the key where its sender wants it."""

    integration: IntegrationBody
    key: str
    url: str
    snippets: list[SnippetBody]

    @classmethod
    def of(cls, issued: IssuedIntegration, base: PublicUrl) -> Self:
        instructions = instructions_for(issued.integration.kind, base, issued.key)
        return cls(
            integration=IntegrationBody.of(issued.integration),
            key=issued.key,
            url=instructions.url,
            snippets=SnippetBody.all_of(instructions),
        )


class CreateIntegrationBody(msgspec.Struct, forbid_unknown_fields=True):
    service_id: UUID
    kind: IntegrationKind
    name: Name
    grouping: GroupingMode = GroupingMode.PER_ALERT
    group_window: OptionalGroupWindow = None
    is_strict: bool = False
    when_silent: WhenSilent = WhenSilent.KEEP
    topic_arns: TopicArns = []
    mapping: MappingBody | None = None
    events_per_minute: EventsPerMinute = None
    event_burst: EventBurst = None
    open_alerts: OpenAlerts = None


class PatchIntegrationBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is. Kind and service are fixed."""

    name: Name | UnsetType = UNSET
    grouping: GroupingMode | UnsetType = UNSET
    group_window: OptionalGroupWindow | UnsetType = UNSET
    is_strict: bool | UnsetType = UNSET
    when_silent: WhenSilent | UnsetType = UNSET
    topic_arns: TopicArns | UnsetType = UNSET
    mapping: MappingBody | UnsetType | None = UNSET
    events_per_minute: EventsPerMinute | UnsetType = UNSET
    event_burst: EventBurst | UnsetType = UNSET
    open_alerts: OpenAlerts | UnsetType = UNSET


class RotateKeyBody(msgspec.Struct, forbid_unknown_fields=True):
    overlap_seconds: Overlap = _DAY_SECONDS


class SigningSecretBody(msgspec.Struct, forbid_unknown_fields=True):
    secret: SigningSecret
    overlap_seconds: Overlap = _DAY_SECONDS


class IntegrationController(Controller):
    path = "/v1/integrations"
    tags = ("integrations",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_integrations: FromDishka[ListIntegrations],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        service_id: ServiceFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[IntegrationBody]]:
        """Integrations by name."""
        found = await list_integrations(
            page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids),
            service_id=None if service_id is None else ServiceId(service_id),
            team_id=None if team_id is None else TeamId(team_id),
            actor=actor,
        )
        return page_response(request, cursors, found, body=IntegrationBody.of, key=lambda each: (each.name, each.id))

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateIntegrationBody],
        create_integration: FromDishka[CreateIntegration],
        public_url: FromDishka[PublicUrl],
        actor: FromDishka[Actor],
    ) -> Response[IssuedIntegrationBody]:
        """Open a door for a sender. The answer has its key, this once."""
        issued = await create_integration(
            ServiceId(data.service_id),
            kind=data.kind,
            name=data.name,
            grouping=data.grouping,
            group_window=window_of(data.group_window),
            is_strict=data.is_strict,
            when_silent=data.when_silent,
            topic_arns=tuple(data.topic_arns),
            mapping=_mapping(data.mapping),
            events_per_minute=data.events_per_minute,
            event_burst=data.event_burst,
            open_alerts=data.open_alerts,
            actor=actor,
        )
        location = f"/v1/integrations/{issued.integration.id}"
        return created(
            IssuedIntegrationBody.of(issued, public_url), location=location, tag=version_tag(issued.integration.version)
        )

    @get("/{integration_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        get_integration: FromDishka[GetIntegration],
        public_url: FromDishka[PublicUrl],
        actor: FromDishka[Actor],
    ) -> Response[IntegrationDetailBody]:
        """One integration, with what to paste at its sender."""
        integration = await get_integration(IntegrationId(integration_id), actor=actor)
        body = IntegrationDetailBody.with_address(integration, public_url)
        return tagged(request, body, tag=version_tag(integration.version))

    @patch("/{integration_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        data: JSONBody[PatchIntegrationBody],
        get_integration: FromDishka[GetIntegration],
        update_integration: FromDishka[UpdateIntegration],
        actor: FromDishka[Actor],
    ) -> Response[IntegrationBody]:
        """Change some of an integration."""
        old = await get_integration(IntegrationId(integration_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        integration = await update_integration(
            old.id,
            name=value(data.name, old.name),
            grouping=value(data.grouping, old.grouping),
            group_window=old.group_window if isinstance(data.group_window, UnsetType) else window_of(data.group_window),
            is_strict=value(data.is_strict, old.is_strict),
            when_silent=value(data.when_silent, old.when_silent),
            topic_arns=tuple(value(data.topic_arns, list(old.topic_arns))),
            mapping=old.mapping if isinstance(data.mapping, UnsetType) else _mapping(data.mapping),
            events_per_minute=value(data.events_per_minute, old.events_per_minute),
            event_burst=value(data.event_burst, old.event_burst),
            open_alerts=value(data.open_alerts, old.open_alerts),
            version=old.version,
            actor=actor,
        )
        return tagged(request, IntegrationBody.of(integration), tag=version_tag(integration.version))

    @post("/{integration_id:uuid}/rotate-key", status_code=200)
    async def rotate_key(
        self,
        integration_id: FromPath[UUID],
        rotate_integration_key: FromDishka[RotateIntegrationKey],
        public_url: FromDishka[PublicUrl],
        actor: FromDishka[Actor],
        data: JSONBody[RotateKeyBody | None] = None,
    ) -> Response[IssuedIntegrationBody]:
        """Give it a new key; the old one stays good for the overlap, so that senders can be changed one by one."""
        issued = await rotate_integration_key(
            IntegrationId(integration_id),
            overlap=timedelta(seconds=(data or RotateKeyBody()).overlap_seconds),
            actor=actor,
        )
        body = IssuedIntegrationBody.of(issued, public_url)
        return Response(body, headers={"ETag": version_tag(issued.integration.version)})

    @put("/{integration_id:uuid}/signing-secret")
    async def set_signing_secret(
        self,
        request: Request[Any, Any, Any],
        integration_id: FromPath[UUID],
        data: JSONBody[SigningSecretBody],
        set_signing_secret: FromDishka[SetSigningSecret],
        actor: FromDishka[Actor],
    ) -> Response[IntegrationBody]:
        """Take only what its sender signed with this secret; what it signs with the one before, for the overlap."""
        integration = await set_signing_secret(
            IntegrationId(integration_id),
            data.secret,
            overlap=timedelta(seconds=data.overlap_seconds),
            actor=actor,
        )
        return tagged(request, IntegrationBody.of(integration), tag=version_tag(integration.version))

    @delete("/{integration_id:uuid}/signing-secret", status_code=204)
    async def remove_signing_secret(
        self, integration_id: FromPath[UUID], set_signing_secret: FromDishka[SetSigningSecret], actor: FromDishka[Actor]
    ) -> None:
        """Take what is unsigned again: the key alone lets in."""
        await set_signing_secret(IntegrationId(integration_id), None, actor=actor)


def _mapping(body: MappingBody | None) -> EventMapping | None:
    """Raises `InvalidValueError`."""
    if body is None:
        return None
    with at("mapping"):
        return body.mapping()

"""Mappings of JSON, and what they make of a body before they are saved."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import at
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.expressions import ExpressionError, check
from adapters.inbound.intake.mapped import NO_MAPPING, understood
from adapters.inbound.intake.sent import Understood
from application.ports.received import Received
from application.service.read_received import ReadReceived
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.identity.actor import Actor
from domain.service.mapping import EXPRESSIONS, EventMapping, Table
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId
from domain.shared.limits import (
    MAPPING_EXPRESSION_CHARACTERS,
    MAPPING_TRIED,
    MAPPING_VALUE_CHARACTERS,
    MAPPING_VALUES,
)

Expression = Annotated[str, Meta(max_length=MAPPING_EXPRESSION_CHARACTERS, description="JMESPath; empty: not set.")]
Word = Annotated[str, Meta(min_length=1, max_length=MAPPING_VALUE_CHARACTERS)]
Meaning = Literal["trigger", "acknowledge", "resolve", "ignore"]
Tried = Annotated[int, Meta(ge=1, le=MAPPING_TRIED, description="How many of the last bodies, without a sample.")]


class MappingBody(msgspec.Struct, forbid_unknown_fields=True):
    """How JSON of any shape becomes events: an expression for each member of an event."""

    summary: Annotated[str, Meta(min_length=1, max_length=MAPPING_EXPRESSION_CHARACTERS)]
    items: Annotated[
        Expression, Meta(description="Yields a list, each of which is an event; empty: the body is one.")
    ] = ""
    action: Annotated[Expression, Meta(description="Empty, or without a value: trigger.")] = ""
    actions: Annotated[
        dict[Word, Meaning], Meta(max_length=MAPPING_VALUES, description="What the sender's words come to.")
    ] = {}
    dedup_key: Annotated[
        Expression, Meta(description="Without a value, summary, source and labels name the alert.")
    ] = ""
    severity: Expression = ""
    severities: Annotated[
        dict[Word, AlertSeverity],
        Meta(max_length=MAPPING_VALUES, description="Words in common use are known without it."),
    ] = {}
    source: Expression = ""
    group_key: Expression = ""
    occurred_at: Annotated[Expression, Meta(description="Yields RFC 3339, or seconds of the epoch.")] = ""
    labels: Annotated[Expression, Meta(description="Yields an object.")] = ""
    details: Annotated[Expression, Meta(description="Empty: all there is.")] = ""
    links: Annotated[
        Expression, Meta(description="Yields an address, an object with `href` and `text`, or a list of these.")
    ] = ""

    @classmethod
    def of(cls, mapping: EventMapping) -> Self:
        values = {name: getattr(mapping, name) for name in EXPRESSIONS}
        return msgspec.convert(
            {**values, "actions": dict(mapping.actions), "severities": dict(mapping.severities)}, cls
        )

    def mapping(self) -> EventMapping:
        """Raises `InvalidValueError` that names the expression."""
        mapping = EventMapping(
            **{name: getattr(self, name) for name in EXPRESSIONS},
            actions=_table(self.actions),
            severities=_table(self.severities),
        )
        for name, expression in mapping.expressions():
            try:
                check(expression)
            except ExpressionError as error:
                raise InvalidValueError(name, str(error)) from None
        return mapping


class TryMappingBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to try on what. Nothing is stored, and nobody is paged."""

    mapping: Annotated[MappingBody | UnsetType, Meta(description="Without one, the integration's own.")] = UNSET
    sample: Annotated[Any, Meta(description="A body; without one, the last that the integration was sent.")] = UNSET
    limit: Tried = 10


class MappedLinkBody(msgspec.Struct):
    href: str
    text: str


class MappedEventBody(msgspec.Struct):
    """What an item became."""

    action: AlertAction
    dedup_key: str
    summary: str
    severity: AlertSeverity | None
    source: str
    group_key: str | None
    occurred_at: datetime | None
    labels: dict[str, str]
    details: dict[str, Any]
    links: list[MappedLinkBody]

    @classmethod
    def of(cls, event: AlertEvent) -> Self:
        return cls(
            action=event.action,
            dedup_key=event.dedup_key,
            summary=event.summary,
            severity=event.severity,
            source=event.source,
            group_key=event.group_key,
            occurred_at=event.occurred_at,
            labels=dict(event.labels),
            details=dict(event.details),
            links=[MappedLinkBody(link.href, link.text) for link in event.links],
        )


class RefusedItemBody(msgspec.Struct):
    pointer: str  # the item, and the member of the mapping
    detail: str

    @classmethod
    def of(cls, error: FieldError) -> Self:
        return cls(f"#{error.pointer}", error.reason)


class TriedBody(msgspec.Struct):
    """What one body became. Neither events nor refusals: the mapping ignores all of it."""

    received_id: UUID | None  # None: it is the sample
    received_at: datetime | None
    events: list[MappedEventBody]
    refused: list[RefusedItemBody]


class TriedMappingBody(msgspec.Struct):
    """The sample, or the last bodies with the newest first."""

    tried: list[TriedBody]


class MappingController(Controller):
    path = "/v1/integrations"
    tags = ("integrations",)

    @post("/{integration_id:uuid}/mapping/try", status_code=200)
    async def try_mapping(
        self,
        integration_id: FromPath[UUID],
        data: JSONBody[TryMappingBody],
        read_received: FromDishka[ReadReceived],
        actor: FromDishka[Actor],
    ) -> TriedMappingBody:
        """Show what a mapping makes of a sample, or of the bodies that were sent last."""
        integration, bodies = await read_received(IntegrationId(integration_id), limit=data.limit, actor=actor)
        with at("mapping"):
            mapping = integration.mapping if isinstance(data.mapping, UnsetType) else data.mapping.mapping()
        if mapping is None:
            raise InvalidValueError("mapping", NO_MAPPING)
        if data.sample is not UNSET:
            bodies = ()
        tried = await asyncio.to_thread(_tried, mapping, bodies, data.sample)
        return TriedMappingBody(tried)


def _tried(mapping: EventMapping, bodies: tuple[Received, ...], sample: object) -> list[TriedBody]:
    if sample is not UNSET:
        return [_result(mapping, msgspec.json.encode(sample), received_id=None, received_at=None)]
    return [_result(mapping, each.body, received_id=each.id, received_at=each.received_at) for each in bodies]


def _result(mapping: EventMapping, body: bytes, *, received_id: UUID | None, received_at: datetime | None) -> TriedBody:
    try:
        found = understood(body, mapping)
    except MalformedEventError as error:
        found = Understood((), error.errors)
    return TriedBody(
        received_id=received_id,
        received_at=received_at,
        events=[MappedEventBody.of(event) for event in found.events],
        refused=[RefusedItemBody.of(error) for error in found.refused],
    )


def _table(words: dict[str, Any]) -> Table:
    return tuple((word, str(meaning)) for word, meaning in sorted(words.items()))

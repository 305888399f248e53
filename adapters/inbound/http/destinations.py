"""What policies tell beside people: channels, topics and servers of a team."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.body import value
from adapters.inbound.http.etag import created, require_match, tagged, version_tag, warned_tag
from adapters.inbound.http.fields import Name, TeamFilter, Version
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
from adapters.inbound.http.subscriptions import RotateSecretBody
from adapters.inbound.http.warnings import WarningBody, refusal_warnings
from application.authorize import may
from application.destination.create_destination import CreateDestination, IssuedDestination
from application.destination.delete_destination import DeleteDestination
from application.destination.find_refusing import FindRefusingDestinations
from application.destination.get_destination import GetDestination
from application.destination.list_destinations import ListDestinations
from application.destination.rotate_destination_secret import RotateDestinationSecret
from application.destination.update_destination import UpdateDestination
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.destination import Destination, DestinationKind
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId, TeamId
from domain.shared.limits import DESTINATION_ADDRESS_CHARACTERS

_PATH: Final = "/v1/destinations"

Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=DESTINATION_ADDRESS_CHARACTERS,
        description="The id of a Slack channel, an ntfy topic or its URL, or the URL of a webhook.",
    ),
]


class DestinationBody(msgspec.Struct):
    """What policies tell beside people. Whoever may not change it sees of a webhook's address the server alone.

    A warning says that it takes no messages.
    """

    id: UUID
    team_id: UUID
    name: str
    kind: DestinationKind
    address: str
    version: Version
    warnings: list[WarningBody]

    @classmethod
    def of(cls, destination: Destination, actor: Actor, proof: DestinationProof | None = None) -> Self:
        is_its_own = may(actor, Permission.CONFIGURE, team_id=destination.team_id)
        return cls(
            id=destination.id,
            team_id=destination.team_id,
            name=destination.name,
            kind=destination.kind,
            address=destination.address if is_its_own else destination.shown_address,
            version=destination.version,
            warnings=refusal_warnings(proof),
        )


class IssuedDestinationBody(msgspec.Struct):
    """A destination and the secret that messages to it are signed with, shown this once; null: nothing is signed."""

    destination: DestinationBody
    secret: str | None

    @classmethod
    def of(cls, issued: IssuedDestination, actor: Actor) -> Self:
        return cls(destination=DestinationBody.of(issued.destination, actor), secret=issued.secret)


class CreateDestinationBody(msgspec.Struct, forbid_unknown_fields=True):
    team_id: UUID
    name: Name
    kind: DestinationKind
    address: Address


class PatchDestinationBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is. Team and kind are fixed."""

    name: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET


class DestinationController(Controller):
    path = _PATH
    tags = ("destinations",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_destinations: FromDishka[ListDestinations],
        find_refusing: FromDishka[FindRefusingDestinations],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
        team_id: TeamFilter = None,
    ) -> Response[PageBody[DestinationBody]]:
        """Destinations by name, with a warning for each that takes no messages."""
        page = page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids)
        found = await list_destinations(page, team_id=None if team_id is None else TeamId(team_id), actor=actor)
        refusing = await find_refusing.among([each.id for each in found.items], actor=actor)
        return page_response(
            request,
            cursors,
            found,
            body=lambda each: DestinationBody.of(each, actor, refusing.get(each.id)),
            key=lambda each: (each.name, each.id),
        )

    @post("/")
    async def create(
        self,
        data: JSONBody[CreateDestinationBody],
        create_destination: FromDishka[CreateDestination],
        actor: FromDishka[Actor],
    ) -> Response[IssuedDestinationBody]:
        """Name a channel, a topic or a server, for policies to tell. A webhook's secret is in the answer, this once."""
        issued = await create_destination(
            team_id=TeamId(data.team_id), name=data.name, kind=data.kind, address=data.address, actor=actor
        )
        location, tag = f"{_PATH}/{issued.destination.id}", version_tag(issued.destination.version)
        return created(IssuedDestinationBody.of(issued, actor), location=location, tag=tag)

    @get("/{destination_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        destination_id: FromPath[UUID],
        get_destination: FromDishka[GetDestination],
        find_refusing: FromDishka[FindRefusingDestinations],
        actor: FromDishka[Actor],
    ) -> Response[DestinationBody]:
        """One destination, with a warning if it takes no messages."""
        found = await get_destination(DestinationId(destination_id), actor=actor)
        refusing = await find_refusing.among([found.id], actor=actor)
        body = DestinationBody.of(found, actor, refusing.get(found.id))
        return tagged(request, body, tag=warned_tag(found.version, body.warnings))

    @patch("/{destination_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        destination_id: FromPath[UUID],
        data: JSONBody[PatchDestinationBody],
        get_destination: FromDishka[GetDestination],
        update_destination: FromDishka[UpdateDestination],
        find_refusing: FromDishka[FindRefusingDestinations],
        actor: FromDishka[Actor],
    ) -> Response[DestinationBody]:
        """Give a destination another name or address."""
        old = await get_destination(DestinationId(destination_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        changed = await update_destination(
            old.id,
            name=value(data.name, old.name),
            address=value(data.address, old.address),
            version=old.version,
            actor=actor,
        )
        refusing = await find_refusing.among([changed.id], actor=actor)
        body = DestinationBody.of(changed, actor, refusing.get(changed.id))
        return tagged(request, body, tag=warned_tag(changed.version, body.warnings))

    @delete("/{destination_id:uuid}", status_code=204)
    async def remove(
        self,
        destination_id: FromPath[UUID],
        delete_destination: FromDishka[DeleteDestination],
        actor: FromDishka[Actor],
    ) -> None:
        """Do without a destination that no policy and no last resort names."""
        await delete_destination(DestinationId(destination_id), actor=actor)

    @post("/{destination_id:uuid}/rotate-secret", status_code=HTTPStatus.OK)
    async def rotate_secret(
        self,
        destination_id: FromPath[UUID],
        data: JSONBody[RotateSecretBody],
        rotate: FromDishka[RotateDestinationSecret],
        actor: FromDishka[Actor],
    ) -> IssuedDestinationBody:
        """A new secret, shown this once. The old one signs as well until the overlap ends."""
        overlap = timedelta(seconds=data.overlap_seconds)
        return IssuedDestinationBody.of(
            await rotate(DestinationId(destination_id), overlap=overlap, actor=actor), actor
        )

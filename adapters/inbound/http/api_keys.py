from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.etag import created
from adapters.inbound.http.fields import Name
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from application.identity.create_api_key import CreateApiKey
from application.identity.list_api_keys import ListApiKeys
from application.identity.revoke_api_key import RevokeApiKey
from domain.identity.actor import Actor
from domain.identity.credential import API_KEY_DAYS_DEFAULT, API_KEY_DAYS_MAX, ApiKey
from domain.identity.role import Permission
from domain.shared.ids import ApiKeyId, UserId


class ApiKeyBody(msgspec.Struct):
    """Acts as its user, within its scopes, until it expires or is revoked. Its secret is never shown again."""

    id: UUID
    user_id: UUID
    name: str
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls(
            id=key.id,
            user_id=key.user_id,
            name=key.name,
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )


class CreateApiKeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """For `user_id`, or for whoever asks."""

    name: Name
    scopes: Annotated[list[Permission], Meta(min_length=1, max_length=len(Permission))]
    expires_in_days: Annotated[int, Meta(ge=1, le=API_KEY_DAYS_MAX)] = API_KEY_DAYS_DEFAULT
    user_id: UUID | None = None


class NewApiKeyBody(msgspec.Struct):
    """A key, and its secret, shown this once."""

    key: ApiKeyBody
    secret: str


class ApiKeyController(Controller):
    path = "/v1/api-keys"
    tags = ("api keys",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_api_keys: FromDishka[ListApiKeys],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[ApiKeyBody]]:
        """API keys by name, with those that no longer work."""
        found = await list_api_keys(page_request(request, cursors, limit=limit, cursor=cursor), actor=actor)
        return page_response(request, cursors, found, body=ApiKeyBody.of, key=lambda key: (key.name, key.id))

    @post("/")
    async def create(
        self, data: JSONBody[CreateApiKeyBody], create_api_key: FromDishka[CreateApiKey], actor: FromDishka[Actor]
    ) -> Response[NewApiKeyBody]:
        """Let a machine act as a user. The answer has the secret, this once."""
        new = await create_api_key(
            name=data.name,
            scopes=frozenset(data.scopes),
            expires_in_days=data.expires_in_days,
            user_id=None if data.user_id is None else UserId(data.user_id),
            actor=actor,
        )
        # A key has no address of its own: it is shown in the list.
        return created(NewApiKeyBody(key=ApiKeyBody.of(new.key), secret=new.secret), location="/v1/api-keys")

    @post("/{key_id:uuid}/revoke", status_code=200)
    async def revoke(
        self, key_id: FromPath[UUID], revoke_api_key: FromDishka[RevokeApiKey], actor: FromDishka[Actor]
    ) -> ApiKeyBody:
        """Take a key back. Doing it twice is as good as once."""
        return ApiKeyBody.of(await revoke_api_key(ApiKeyId(key_id), actor=actor))

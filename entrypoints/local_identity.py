"""The operator, at the database, lets the first people and machines in. Answers are the API's JSON."""

from typing import Any

import msgspec

from adapters.inbound.http.api_keys import ApiKeyBody, NewApiKeyBody
from adapters.inbound.http.users import NewUserBody, UserBody
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from domain.identity.role import Permission
from entrypoints.container import production_container
from entrypoints.local import local_admin
from entrypoints.settings import Settings


async def create_first_admin(settings: Settings, *, email: str, name: str) -> dict[str, Any]:
    """Raises `ConflictError` when there is an active admin."""
    container = production_container(settings)
    try:
        async with container() as request:
            made = await (await request.get(CreateFirstAdmin))(email=email, name=name)
    finally:
        await container.close()
    answer = _builtins(NewUserBody(user=UserBody.of(made.user), setup_secret=made.setup_secret))
    return {**answer, "password": made.password}


async def create_key(settings: Settings, *, name: str, scopes: frozenset[str], days: int) -> dict[str, Any]:
    """Raises `InvalidValueError`, and `StartError` when there is no active admin."""
    container = production_container(settings)
    try:
        async with container() as request:
            actor = await local_admin(request)
            create = await request.get(CreateApiKey)
            made = await create(name=name, scopes=frozenset(map(Permission, scopes)), expires_in_days=days, actor=actor)
    finally:
        await container.close()
    return _builtins(NewApiKeyBody(key=ApiKeyBody.of(made.key), secret=made.secret))


def _builtins(body: msgspec.Struct) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.to_builtins(body)
    return answer

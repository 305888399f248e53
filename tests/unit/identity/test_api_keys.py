from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from application.ports.page import PageRequest
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission, Role
from domain.identity.user import User
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ApiKeyId, UserId
from tests.support.identity import START, MemoryWorld, a_user, actor_of

READ = frozenset({Permission.READ})


async def test_a_key_acts_as_its_user_within_its_scopes(world: MemoryWorld, admin: User) -> None:
    made = await world.create_api_key(name=" deploy ", scopes=READ, actor=actor_of(admin))
    assert made.key.name == "deploy"
    assert made.key.expires_at == START + timedelta(days=90)
    actor = await world.authenticate(made.secret)
    assert (actor.user_id, actor.role, actor.credential) == (admin.id, Role.ADMIN, CredentialKind.API_KEY)
    assert [permission for permission in Permission if actor.permits(permission)] == [Permission.READ]


async def test_the_secret_is_told_once(world: MemoryWorld, admin: User) -> None:
    made = await world.create_api_key(name="deploy", scopes=READ, actor=actor_of(admin))
    assert made.secret.startswith("tsk_")
    assert made.secret not in repr(made) + repr(world.database)


async def test_a_key_follows_the_role_of_its_user(world: MemoryWorld, admin: User, ada: User) -> None:
    scopes = frozenset({Permission.READ, Permission.RESPOND})
    made = await world.create_api_key(name="bot", scopes=scopes, user_id=ada.id, actor=actor_of(admin))
    assert (await world.authenticate(made.secret)).permits(Permission.RESPOND)
    await world.update_user(ada.id, role=Role.VIEWER, actor=actor_of(admin))
    world.wait(timedelta(seconds=1))
    assert not (await world.authenticate(made.secret)).permits(Permission.RESPOND)
    await world.update_user(ada.id, is_active=False, actor=actor_of(admin))
    world.wait(timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(made.secret)


async def test_a_key_ends_when_it_expires(world: MemoryWorld, admin: User) -> None:
    made = await world.create_api_key(name="deploy", scopes=READ, expires_in_days=1, actor=actor_of(admin))
    world.wait(timedelta(days=1) - timedelta(milliseconds=1))
    await world.authenticate(made.secret)
    world.wait(timedelta(milliseconds=1))
    with pytest.raises(UnauthenticatedError):  # although it is still remembered
        await world.authenticate(made.secret)


async def test_a_revoked_key_ends_within_a_second(world: MemoryWorld, admin: User) -> None:
    made = await world.create_api_key(name="deploy", scopes=READ, actor=actor_of(admin))
    await world.authenticate(made.secret)
    revoked = await world.revoke_api_key(made.key.id, actor=actor_of(admin))
    assert revoked.revoked_at == START
    world.wait(timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(made.secret)
    assert await world.revoke_api_key(made.key.id, actor=actor_of(admin)) == revoked
    assert world.actions == ["api_key.create", "api_key.revoke"]
    assert (await world.list_api_keys(PageRequest(), actor=actor_of(admin))).items == (revoked,)
    with pytest.raises(NotFoundError):
        await world.revoke_api_key(ApiKeyId(UUID(int=9)), actor=actor_of(admin))


async def test_a_key_never_widens_what_its_maker_or_its_user_may(world: MemoryWorld, admin: User, ada: User) -> None:
    everything = frozenset(Permission)
    with pytest.raises(InvalidValueError):
        await world.create_api_key(name="bot", scopes=everything, user_id=ada.id, actor=actor_of(admin))
    narrow: Actor = replace(
        actor_of(admin), credential=CredentialKind.API_KEY, scopes=frozenset({Permission.ADMINISTER})
    )
    with pytest.raises(ForbiddenError):
        await world.create_api_key(name="bot", scopes=READ, actor=narrow)


@pytest.mark.parametrize("days", [0, 366])
async def test_a_key_lives_a_year_at_most(world: MemoryWorld, admin: User, days: int) -> None:
    with pytest.raises(InvalidValueError):
        await world.create_api_key(name="bot", scopes=READ, expires_in_days=days, actor=actor_of(admin))


async def test_a_key_needs_scopes_and_an_active_user(world: MemoryWorld, admin: User, ada: User) -> None:
    with pytest.raises(InvalidValueError):
        await world.create_api_key(name="bot", scopes=frozenset(), actor=actor_of(admin))
    with pytest.raises(NotFoundError):
        await world.create_api_key(name="bot", scopes=READ, user_id=UserId(UUID(int=9)), actor=actor_of(admin))
    await world.update_user(ada.id, is_active=False, actor=actor_of(admin))
    with pytest.raises(ConflictError):
        await world.create_api_key(name="bot", scopes=READ, user_id=ada.id, actor=actor_of(admin))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.MANAGER])
async def test_only_admins_see_or_change_keys(world: MemoryWorld, admin: User, role: Role) -> None:
    made = await world.create_api_key(name="deploy", scopes=READ, actor=actor_of(admin))
    actor = actor_of(await world.add(a_user(2, role=role)))
    with pytest.raises(ForbiddenError):
        await world.create_api_key(name="bot", scopes=READ, actor=actor)
    with pytest.raises(ForbiddenError):
        await world.list_api_keys(PageRequest(), actor=actor)
    with pytest.raises(ForbiddenError):
        await world.revoke_api_key(made.key.id, actor=actor)

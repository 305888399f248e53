from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.identity.credential import ApiKey, Session, SetupLink, secret_hash
from domain.identity.role import Permission, Role
from domain.identity.team import Team
from domain.shared.ids import ApiKeyId, SessionId, TeamId, UserId
from tests.support.identity import START, Store, a_user

USER, OTHER, NOBODY = (UserId(UUID(int=number)) for number in (1, 2, 99))
LATER = START + timedelta(minutes=5)


@pytest.fixture
async def peopled(store: Store) -> Store:
    async with store.transaction:
        await store.users.save(a_user(1, role=Role.MANAGER))
        await store.users.save(replace(a_user(2), is_active=False))
        await store.teams.save(Team(id=TeamId(UUID(int=10)), name="Core", member_ids=(USER,)))
    return store


def a_session(number: int, *, user_id: UserId = USER) -> Session:
    session_id = SessionId(UUID(int=number))
    return Session.begin(session_id, user_id=user_id, token_hash=secret_hash(f"token {number}"), at=START)


def a_key(number: int, name: str = "deploy", *, user_id: UserId = USER) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(UUID(int=number)),
        user_id=user_id,
        name=name,
        secret_hash=secret_hash(f"key {number}"),
        scopes=frozenset({Permission.READ, Permission.CONFIGURE}),
        created_at=START,
        expires_at=START + timedelta(days=90),
    )


def a_link(secret: str, *, user_id: UserId = USER) -> SetupLink:
    return SetupLink(secret_hash=secret_hash(secret), user_id=user_id, expires_at=START + timedelta(hours=1))


async def test_a_session_tells_whom_it_speaks_for(peopled: Store) -> None:
    session = a_session(20)
    async with peopled.transaction:
        await peopled.credentials.add_session(session)
        await peopled.credentials.add_session(a_session(21, user_id=OTHER))
        assert await peopled.credentials.get_session(session.id) == session
    principal = await peopled.credentials.principal_of_session(session.id)
    assert principal is not None
    assert (principal.user_id, principal.role, principal.is_active) == (USER, Role.MANAGER, True)
    assert principal.team_ids == {TeamId(UUID(int=10))}
    assert principal.credential == session
    other = await peopled.credentials.principal_of_session(SessionId(UUID(int=21)))
    assert other is not None
    assert (other.is_active, other.team_ids) == (False, frozenset())
    assert await peopled.credentials.principal_of_session(SessionId(UUID(int=22))) is None
    with pytest.raises(NotFoundError):
        async with peopled.transaction:
            await peopled.credentials.get_session(SessionId(UUID(int=22)))


async def test_a_session_needs_its_user(peopled: Store) -> None:
    with pytest.raises(ConflictError):
        async with peopled.transaction:
            await peopled.credentials.add_session(a_session(20, user_id=NOBODY))


async def test_only_the_successor_of_the_newest_token_is_stored(peopled: Store) -> None:
    session = a_session(20)
    rotated = session.rotate(secret_hash("successor"), at=LATER)
    async with peopled.transaction:
        await peopled.credentials.add_session(session)
        await peopled.credentials.rotate_session(rotated)
        assert await peopled.credentials.get_session(session.id) == rotated
    with pytest.raises(ConflictError):
        async with peopled.transaction:
            await peopled.credentials.rotate_session(session.rotate(secret_hash("another"), at=LATER))
    async with peopled.transaction:
        assert await peopled.credentials.get_session(session.id) == rotated


async def test_a_revoked_session_is_not_rotated_and_keeps_when_it_ended(peopled: Store) -> None:
    session = a_session(20)
    async with peopled.transaction:
        await peopled.credentials.add_session(session)
        assert await peopled.credentials.revoke_session(session.id, at=START)
        assert not await peopled.credentials.revoke_session(session.id, at=LATER)
        assert not await peopled.credentials.revoke_session(SessionId(UUID(int=22)), at=LATER)
    with pytest.raises(ConflictError):
        async with peopled.transaction:
            await peopled.credentials.rotate_session(session.rotate(secret_hash("successor"), at=LATER))
    async with peopled.transaction:
        assert (await peopled.credentials.get_session(session.id)).revoked_at == START


async def test_every_session_of_one_user_and_of_nobody_else_ends(peopled: Store) -> None:
    async with peopled.transaction:
        for session in (a_session(20), a_session(21), a_session(22), a_session(23, user_id=OTHER)):
            await peopled.credentials.add_session(session)
        await peopled.credentials.revoke_session(SessionId(UUID(int=20)), at=START)
        assert await peopled.credentials.revoke_sessions_of(USER, at=LATER) == 2
        ends = [(await peopled.credentials.get_session(SessionId(UUID(int=n)))).revoked_at for n in range(20, 24)]
    assert ends == [START, LATER, LATER, None]


async def test_a_key_is_found_by_its_secret_and_tells_whom_it_speaks_for(peopled: Store) -> None:
    key = a_key(30)
    async with peopled.transaction:
        await peopled.credentials.add_key(key)
        assert await peopled.credentials.get_key(key.id) == key
    principal = await peopled.credentials.principal_of_key(secret_hash("key 30"))
    assert principal is not None
    assert principal.credential == key
    assert (principal.user_id, principal.role, principal.team_ids) == (
        USER,
        Role.MANAGER,
        frozenset({TeamId(UUID(int=10))}),
    )
    assert await peopled.credentials.principal_of_key(secret_hash("key 31")) is None
    with pytest.raises(NotFoundError):
        async with peopled.transaction:
            await peopled.credentials.get_key(ApiKeyId(UUID(int=31)))


async def test_a_key_needs_its_user_and_ends_once(peopled: Store) -> None:
    with pytest.raises(ConflictError):
        async with peopled.transaction:
            await peopled.credentials.add_key(a_key(30, user_id=NOBODY))
    async with peopled.transaction:
        await peopled.credentials.add_key(a_key(31))
        assert await peopled.credentials.revoke_key(ApiKeyId(UUID(int=31)), at=START)
        assert not await peopled.credentials.revoke_key(ApiKeyId(UUID(int=31)), at=LATER)
        assert not await peopled.credentials.revoke_key(ApiKeyId(UUID(int=32)), at=LATER)
        assert (await peopled.credentials.get_key(ApiKeyId(UUID(int=31)))).revoked_at == START


async def test_keys_are_listed_by_name_and_then_by_id(peopled: Store) -> None:
    keys = a_key(32, "b"), a_key(30, "b"), a_key(31, "a")
    async with peopled.transaction:
        for key in keys:
            await peopled.credentials.add_key(key)
    first = await peopled.credentials.list_keys(PageRequest(limit=2))
    assert first == ((keys[2], keys[1]), True)
    rest = await peopled.credentials.list_keys(PageRequest(limit=2, after=(keys[1].name, keys[1].id)))
    assert rest == ((keys[0],), False)


async def test_a_setup_link_is_used_once_and_in_time(peopled: Store) -> None:
    link = a_link("one")
    async with peopled.transaction:
        await peopled.credentials.add_setup_link(link)
    assert await peopled.credentials.setup_link(link.secret_hash) == link
    async with peopled.transaction:
        assert not await peopled.credentials.use_setup_link(link.secret_hash, at=link.expires_at)
        assert not await peopled.credentials.use_setup_link(secret_hash("two"), at=START)
        assert await peopled.credentials.use_setup_link(link.secret_hash, at=LATER)
        assert not await peopled.credentials.use_setup_link(link.secret_hash, at=LATER)
    assert await peopled.credentials.setup_link(link.secret_hash) == link.use(at=LATER)


async def test_a_new_setup_link_replaces_the_unused_ones_of_its_user(peopled: Store) -> None:
    async with peopled.transaction:
        await peopled.credentials.add_setup_link(a_link("other", user_id=OTHER))
        await peopled.credentials.add_setup_link(a_link("one"))
        await peopled.credentials.add_setup_link(a_link("two"))
    assert await peopled.credentials.setup_link(secret_hash("one")) is None
    assert await peopled.credentials.setup_link(secret_hash("two")) == a_link("two")
    assert await peopled.credentials.setup_link(secret_hash("other")) == a_link("other", user_id=OTHER)


async def test_what_was_undone_leaves_no_link(peopled: Store) -> None:
    async def undone() -> None:
        async with peopled.transaction:
            await peopled.credentials.add_setup_link(a_link("one"))
            await peopled.credentials.add_setup_link(a_link("two", user_id=NOBODY))

    with pytest.raises(ConflictError):
        await undone()
    assert await peopled.credentials.setup_link(secret_hash("one")) is None

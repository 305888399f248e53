from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.outbound.security.passwords import ArgonPasswordHasher
from adapters.outbound.security.secrets import HmacRefreshTokens
from adapters.outbound.system.randomness import SeededRandomness
from application.errors import ConflictError, UnauthenticatedError
from application.identity.log_in import NOBODY
from application.ports.passwords import PasswordCheck, PasswordHasher
from domain.identity.actor import CredentialKind
from domain.identity.credential import secret_hash
from domain.identity.role import Permission, Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.shared.ids import IncidentId, SessionId, TeamId
from domain.shared.via import Via
from tests.support.identity import CHEAP, NEXT_SECRET, PASSWORD, SECRET, MemoryWorld, a_user, actor_of


@dataclass
class CountingHasher(PasswordHasher):
    """Passes on to a real one, and keeps what it was asked."""

    asked: list[str] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        return await CHEAP.hash(password)

    async def check(self, password: str, password_hash: str) -> PasswordCheck:
        self.asked.append("somebody")
        return await CHEAP.check(password, password_hash)

    async def check_nobody(self) -> None:
        self.asked.append("nobody")
        await CHEAP.check_nobody()


async def test_name_and_password_begin_a_session_that_authenticates(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(" User-1@example.TEST ", PASSWORD, address="192.0.2.1", request_id="r1")
    assert tokens.expires_in == timedelta(minutes=10)
    actor = await world.authenticate(tokens.access_token, via=Via.CLI, address="192.0.2.2", request_id="r2")
    assert (actor.user_id, actor.role, actor.credential) == (ada.id, Role.RESPONDER, CredentialKind.SESSION)
    assert (actor.via, actor.address, actor.request_id) == (Via.CLI, "192.0.2.2", "r2")
    assert actor.scopes == frozenset(Permission)
    (entry,) = world.database.audit
    assert (entry.action, entry.noun, entry.noun_id) == ("user.log_in", "user", ada.id)
    assert (entry.actor_id, entry.address, entry.request_id) == (ada.id, "192.0.2.1", "r1")


async def test_only_hashes_of_tokens_are_stored(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    (session,) = world.database.sessions.values()
    assert session.token_hash == secret_hash(tokens.refresh_token)
    assert tokens.refresh_token not in repr(world.database)
    assert tokens.refresh_token not in repr(tokens)


async def test_unknown_wrong_and_inactive_are_refused_alike_after_like_work(world: MemoryWorld, ada: User) -> None:
    gone = await world.add(a_user(2), password=PASSWORD)
    world.database.users[gone.id] = replace(gone, is_active=False)
    await world.add(a_user(3))  # has no password yet
    hasher = CountingHasher()
    world.passwords = hasher
    answers = set()
    for email, password in [
        ("nobody@example.test", PASSWORD),
        (ada.email, "wrong"),
        (gone.email, PASSWORD),
        ("user-3@example.test", PASSWORD),
        (ada.email, PASSWORD + "x" * 300),
        ("a\0da@example.test", PASSWORD),
        ("\ud800", PASSWORD),
    ]:
        with pytest.raises(UnauthenticatedError) as refused:
            await world.log_in(email, password)
        answers.add(str(refused.value))
    assert len(answers) == 1
    assert hasher.asked == ["nobody", "somebody", "somebody", "nobody", "nobody", "nobody", "nobody"]
    assert world.database.sessions == {}
    assert world.actions == ["user.refuse_log_in"] * 7
    assert [entry.noun_id for entry in world.database.audit][:3] == [NOBODY, ada.id, gone.id]
    assert {entry.actor_id for entry in world.database.audit} == {None}


async def test_a_password_that_is_changed_while_it_is_checked_does_not_let_in(world: MemoryWorld, ada: User) -> None:
    @dataclass
    class ChangedMeanwhile(CountingHasher):
        async def check(self, password: str, password_hash: str) -> PasswordCheck:
            world.database.users[ada.id] = replace(ada, password_hash="$another")
            return await super().check(password, password_hash)

    world.passwords = ChangedMeanwhile()
    with pytest.raises(ConflictError):
        await world.log_in(ada.email, PASSWORD)
    assert world.database.sessions == {}


async def test_a_login_renews_a_hash_of_another_cost(world: MemoryWorld, ada: User) -> None:
    world.passwords = ArgonPasswordHasher(memory_kib=128, rounds=2)
    await world.log_in(ada.email, PASSWORD)
    renewed = world.database.users[ada.id].password_hash
    assert renewed is not None
    assert "m=128,t=2" in renewed
    await world.log_in(ada.email, PASSWORD)
    assert world.database.users[ada.id].password_hash == renewed


async def test_a_refresh_gives_new_tokens_and_the_newest_goes_on(world: MemoryWorld, ada: User) -> None:
    first = await world.log_in(ada.email, PASSWORD)
    world.wait(timedelta(minutes=9))
    second = await world.refresh_session(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    world.wait(timedelta(minutes=9))
    assert (await world.authenticate(second.access_token)).user_id == ada.id
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(first.access_token)


async def test_an_old_refresh_token_ends_the_session_for_everybody(world: MemoryWorld, ada: User) -> None:
    stolen = await world.log_in(ada.email, PASSWORD)
    newest = await world.refresh_session(stolen.refresh_token)
    world.wait(timedelta(seconds=20))
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(stolen.refresh_token, address="198.51.100.7")
    assert world.database.audit[-1].action == "user.end_stolen_session"
    assert world.database.audit[-1].address == "198.51.100.7"
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(newest.refresh_token)
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(newest.access_token)


async def test_a_session_outlives_the_servers_secret(world: MemoryWorld, ada: User) -> None:
    old_first = HmacRefreshTokens(SECRET, SeededRandomness(1), previous=NEXT_SECRET)
    new_first = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1), previous=SECRET)
    first = await world.log_in(ada.email, PASSWORD)

    world.refresh_tokens = new_first
    second = await world.refresh_session(first.refresh_token)
    world.refresh_tokens = old_first  # another process, which has not been restarted yet
    assert (await world.refresh_session(first.refresh_token)).refresh_token == second.refresh_token

    world.refresh_tokens = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1))
    third = await world.refresh_session(second.refresh_token)
    world.wait(timedelta(seconds=20))
    assert (await world.refresh_session(third.refresh_token)).refresh_token


async def test_a_token_exchanged_under_a_secret_that_is_gone_gives_nothing_and_ends_nothing(
    world: MemoryWorld, ada: User
) -> None:
    world.refresh_tokens = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1))
    first = await world.log_in(ada.email, PASSWORD)
    world.refresh_tokens = HmacRefreshTokens(SECRET, SeededRandomness(1), previous=NEXT_SECRET)
    second = await world.refresh_session(first.refresh_token)

    world.refresh_tokens = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1))
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(first.refresh_token)

    world.refresh_tokens = HmacRefreshTokens(SECRET, SeededRandomness(1))
    assert (await world.refresh_session(second.refresh_token)).refresh_token


async def test_a_made_up_refresh_token_ends_nothing(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    for made_up in ("", "tsr_x", tokens.access_token, world.refresh_tokens.first(SessionId(UUID(int=5)))):
        with pytest.raises(UnauthenticatedError):
            await world.refresh_session(made_up)
    assert (await world.refresh_session(tokens.refresh_token)).refresh_token


async def test_an_inactive_user_does_not_refresh(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    world.database.users[ada.id] = replace(ada, is_active=False)
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(tokens.refresh_token)


async def test_logging_out_ends_the_session_within_a_second(world: MemoryWorld, ada: User) -> None:
    tokens, other = await world.log_in(ada.email, PASSWORD), await world.log_in(ada.email, PASSWORD)
    await world.authenticate(tokens.access_token)
    await world.log_out(tokens.refresh_token)
    world.wait(timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(tokens.access_token)
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(tokens.refresh_token)
    assert (await world.authenticate(other.access_token)).user_id == ada.id


async def test_logging_out_twice_or_with_nonsense_has_no_effect(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    await world.log_out("nonsense")
    await world.log_out(world.refresh_tokens.first(SessionId(UUID(int=5))))
    await world.log_out(tokens.refresh_token)
    await world.log_out(tokens.refresh_token)
    assert world.actions == ["user.log_in", "user.log_out"]


async def test_a_change_of_role_or_team_holds_within_a_second(world: MemoryWorld, ada: User, admin: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    assert (await world.authenticate(tokens.access_token)).permits(Permission.RESPOND)
    team_id = TeamId(UUID(int=10))
    world.database.teams[team_id] = Team(id=team_id, name="Core", member_ids=(ada.id,))
    await world.update_user(ada.id, role=Role.VIEWER, actor=actor_of(admin))
    world.wait(timedelta(seconds=1))
    actor = await world.authenticate(tokens.access_token)
    assert not actor.permits(Permission.RESPOND)
    assert actor.team_ids == {team_id}


async def test_within_a_second_the_storage_is_asked_once(world: MemoryWorld, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    await world.authenticate(tokens.access_token)
    world.database.sessions.clear()
    world.wait(timedelta(milliseconds=999))
    assert (await world.authenticate(tokens.access_token)).user_id == ada.id
    world.wait(timedelta(milliseconds=1))
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(tokens.access_token)


async def test_a_token_for_another_users_session_is_refused(world: MemoryWorld, ada: User, admin: User) -> None:
    await world.log_in(admin.email, PASSWORD)
    (session,) = world.database.sessions.values()
    mixed = world.tokens.issue_access(ada.id, session.id, at=world.clock.now())
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(mixed.token)


@pytest.mark.parametrize("bearer", ["", "x", "tsk_", "tsk_" + "0" * 33, "é", "\ud800", "x" * 5000, "tsr_" + "0" * 86])
async def test_a_bearer_that_is_nothing_of_ours_is_refused(world: MemoryWorld, bearer: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await world.authenticate(bearer)


async def test_a_linked_slack_member_may_respond_and_nothing_else(world: MemoryWorld) -> None:
    admin = await world.add(a_user(1, role=Role.ADMIN, slack_user_id="U0001"))
    actor = await world.recognize_slack_member("U0001", request_id="r1")
    assert (actor.user_id, actor.via, actor.credential) == (admin.id, Via.SLACK, CredentialKind.SLACK)
    assert [permission for permission in Permission if actor.permits(permission)] == ["read", "respond"]
    with pytest.raises(UnauthenticatedError):
        await world.recognize_slack_member("U0002")
    world.database.users[admin.id] = replace(admin, is_active=False)
    with pytest.raises(UnauthenticatedError):
        await world.recognize_slack_member("U0001")


async def test_a_link_opens_one_incident_for_its_user_who_may_respond(world: MemoryWorld, ada: User) -> None:
    at, incident_id = world.clock.now(), IncidentId(UUID(int=5))
    token = world.link_tokens.issue_link(incident_id, ada.id, expires_at=at + timedelta(days=1))
    opened, actor = await world.recognize_link(token)
    assert opened == incident_id
    assert (actor.user_id, actor.via, actor.credential) == (ada.id, Via.EMAIL, CredentialKind.LINK)
    assert actor.scopes == {Permission.READ, Permission.RESPOND}
    world.database.users[ada.id] = replace(ada, is_active=False)
    with pytest.raises(UnauthenticatedError):
        await world.recognize_link(token)
    del world.database.users[ada.id]
    with pytest.raises(UnauthenticatedError):
        await world.recognize_link(token)

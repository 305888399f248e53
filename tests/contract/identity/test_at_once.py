"""What must hold when two ask at the same moment, over either storage."""

import asyncio
from datetime import timedelta

from application.errors import ConflictError
from application.identity.set_reachability import ContactDraft, RuleDraft
from application.identity.tokens import Tokens
from domain.identity.role import Role
from domain.notification.contact import Channel
from domain.shared.urgency import Urgency
from tests.support.identity import PASSWORD, IdentityWorld, a_user, actor_of


async def test_two_tabs_that_refresh_at_once_end_up_with_the_same_token(world: IdentityWorld) -> None:
    user = await world.add(a_user(), password=PASSWORD)
    tokens = await world.log_in(user.email, PASSWORD)
    answers = await asyncio.gather(*(world.refresh_session(tokens.refresh_token) for _ in range(6)))
    (successor,) = {answer.refresh_token for answer in answers}
    assert successor != tokens.refresh_token
    assert isinstance(await world.refresh_session(successor), Tokens)


async def test_of_two_who_say_at_once_where_somebody_is_reached_the_later_wins_whole(world: IdentityWorld) -> None:
    user = await world.add(a_user())
    said = [ContactDraft(channel=Channel.EMAIL, address=f"{name}@example.test") for name in "ab"]
    rules = (RuleDraft(urgency=Urgency.HIGH, contact=0, delay=timedelta(0)),)
    await asyncio.gather(
        *(world.set_reachability(user.id, contacts=(one,), rules=rules, actor=actor_of(user)) for one in said)
    )
    stored = await world.new_store().users.reachability(user.id)
    assert len(stored.contacts) == len(stored.rules) == 1
    assert stored.rules[0].contact_id == stored.contacts[0].id


async def test_two_admins_who_demote_each_other_at_once_leave_one(world: IdentityWorld) -> None:
    admins = [await world.add(a_user(number, role=Role.ADMIN)) for number in (1, 2)]
    results = await asyncio.gather(
        world.update_user(admins[1].id, role=Role.VIEWER, actor=actor_of(admins[0])),
        world.update_user(admins[0].id, is_active=False, actor=actor_of(admins[1])),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(ConflictError) == 1
    store = world.new_store()
    async with store.transaction:
        assert len(await store.users.active_admins()) == 1


async def test_a_setup_link_opened_twice_at_once_sets_one_password(world: IdentityWorld) -> None:
    admin = await world.create_first_admin(email="a@example.test", name="A")
    passwords = ["first password!", "second password!"]
    results = await asyncio.gather(
        *(world.finish_setup(admin.setup_secret, password) for password in passwords), return_exceptions=True
    )
    assert sum(isinstance(result, Tokens) for result in results) == 1
    works = []
    for password, result in zip(passwords, results, strict=True):
        try:
            await world.log_in("a@example.test", password)
        except Exception:  # noqa: BLE001  # whichever: it did not let in
            works.append((False, isinstance(result, Tokens)))
        else:
            works.append((True, isinstance(result, Tokens)))
    assert sorted(works) == [(False, False), (True, True)]

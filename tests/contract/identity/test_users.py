from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.identity.role import Role
from domain.identity.user import User
from domain.notification.contact import Channel, Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.shared.ids import ContactId, UserId
from domain.shared.urgency import Urgency
from tests.support.identity import START, Store, a_user

NOBODY = UserId(UUID(int=99))


async def saved(store: Store, *users: User) -> tuple[User, ...]:
    async with store.transaction:
        return tuple([await store.users.save(user) for user in users])


async def test_a_saved_user_is_read_back_the_same_with_its_first_version(store: Store) -> None:
    (user,) = await saved(store, replace(a_user(slack_user_id="U0001"), password_hash="x", time_zone="Europe/Berlin"))
    assert user.version == 1
    assert await store.users.look_up(user.id) == user
    assert await store.users.by_email(user.email) == user
    assert await store.users.by_slack_user_id("U0001") == user
    async with store.transaction:
        assert await store.users.get(user.id) == user


async def test_who_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.users.look_up(NOBODY)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.users.get(NOBODY)
    assert await store.users.by_email("nobody@example.test") is None
    assert await store.users.by_slack_user_id("U9999") is None


async def test_every_field_but_the_id_can_be_changed(store: Store) -> None:
    (user,) = await saved(store, a_user())
    changed = User(
        id=user.id,
        email="other@example.test",
        name="Other",
        role=Role.ADMIN,
        time_zone="Asia/Tokyo",
        password_hash="y",
        slack_user_id="U0002",
        is_active=False,
        version=1,
    )
    (stored,) = await saved(store, changed)
    assert stored == replace(changed, version=2)
    assert await store.users.look_up(user.id) == stored


async def test_of_two_who_read_the_same_version_the_second_to_save_conflicts(store: Store) -> None:
    (user,) = await saved(store, a_user())
    await saved(store, replace(user, name="First"))
    with pytest.raises(ConflictError):
        await saved(store, replace(user, name="Second"))
    assert (await store.users.look_up(user.id)).name == "First"


async def test_an_address_and_a_slack_member_belong_to_one_user(store: Store) -> None:
    await saved(store, a_user(1, slack_user_id="U0001"))
    with pytest.raises(ConflictError, match=r"user user-1@example\.test is there already"):
        await saved(store, replace(a_user(2), email="user-1@example.test"))
    with pytest.raises(ConflictError, match="Slack member U0001 is linked to another user"):
        await saved(store, a_user(3, slack_user_id="U0001"))
    (fourth,) = await saved(store, a_user(4))
    with pytest.raises(ConflictError):
        await saved(store, replace(fourth, slack_user_id="U0001"))


async def test_what_is_undone_was_never_saved(store: Store) -> None:
    with pytest.raises(ConflictError):
        await saved(store, a_user(), a_user())
    assert await store.users.by_email(a_user().email) is None


async def test_pages_by_name_and_then_by_id_hold_everybody_once(store: Store) -> None:
    names = {1: "b", 2: "a", 3: "b", 4: "c", 5: "a"}
    await saved(store, *(replace(a_user(number), name=name) for number, name in names.items()))
    seen, page = [], PageRequest(limit=2)
    while True:
        part = await store.users.list(page)
        seen += [user.id.int for user in part.items]
        if not part.has_more:
            break
        page = PageRequest(limit=2, after=(part.items[-1].name, part.items[-1].id))
    assert seen == [2, 5, 1, 3, 4]


async def test_a_page_holds_those_alone_that_are_asked_for_by_whole_name_address_or_id(
    store: Store,
) -> None:
    ada, other, third = await saved(
        store, replace(a_user(1), name="Ada"), replace(a_user(2), name="ada L."), replace(a_user(3), name="ADA")
    )

    async def ids(**asked: Any) -> list[UserId]:
        return [user.id for user in (await store.users.list(PageRequest(**asked))).items]

    assert set(await ids(named="ada")) == {ada.id, third.id}
    assert await ids(named=other.email.upper()) == [other.id]
    assert await ids(named="ad") == []
    assert set(await ids(ids=frozenset({other.id, third.id, UUID(int=999)}))) == {other.id, third.id}
    assert await ids(named="ada", ids=frozenset({third.id})) == [third.id]
    first = await store.users.list(PageRequest(limit=1, named="ada"))
    assert first.has_more
    after = (first.items[-1].name, first.items[-1].id)
    assert len(await ids(named="ada", after=after)) == 1


async def test_active_admins_are_those_and_nobody_else(store: Store) -> None:
    await saved(store, a_user(1, role=Role.ADMIN), replace(a_user(2, role=Role.ADMIN), is_active=False), a_user(3))
    async with store.transaction:
        assert await store.users.active_admins() == {UserId(UUID(int=1))}


def contact(number: int, address: str, *, user: int = 1, channel: Channel = Channel.EMAIL) -> Contact:
    return Contact(
        id=ContactId(UUID(int=number)),
        user_id=UserId(UUID(int=user)),
        channel=channel,
        address=address,
        label=f"label {number}",
        verified_at=START if number % 2 else None,
    )


def rule(position: int, contact_number: int, *, urgency: Urgency = Urgency.HIGH, minutes: int = 0) -> NotificationRule:
    return NotificationRule(
        urgency=urgency,
        position=position,
        contact_id=ContactId(UUID(int=contact_number)),
        delay=timedelta(minutes=minutes),
    )


async def test_a_contact_that_nobody_could_give_any_more_is_read_as_it_is(store: Store) -> None:
    (user,) = await saved(store, a_user(1))
    broken = contact(1, "#ops", channel=Channel.SLACK)
    async with store.transaction:
        await store.users.save_reachability(user.id, (broken, contact(2, "a@b.test")), ())
    assert (await store.users.reachability(user.id)).contacts == (contact(2, "a@b.test"), broken)


async def test_quiet_hours_are_kept_in_the_zone_that_the_user_is_in(store: Store) -> None:
    (user,) = await saved(store, replace(a_user(1), time_zone="Europe/Berlin"))
    night = QuietHours(starts=time(22), ends=time(7), time_zone="Europe/Berlin")
    async with store.transaction:
        await store.users.save_reachability(user.id, (), (), quiet_hours=night)
    assert (await store.users.reachability(user.id)).quiet_hours == night

    async with store.transaction:
        await store.users.save(replace(user, time_zone="Asia/Tokyo"))
    assert (await store.users.reachability(user.id)).quiet_hours == replace(night, time_zone="Asia/Tokyo")

    async with store.transaction:
        await store.users.save_reachability(user.id, (), ())
    assert (await store.users.reachability(user.id)).quiet_hours is None


async def test_reachability_is_replaced_as_a_whole_and_ordered(store: Store) -> None:
    await saved(store, a_user(1), a_user(2))
    slack, mail, later = contact(11, "U01", channel=Channel.SLACK), contact(12, "b@x.test"), contact(13, "a@x.test")
    other = contact(20, "z@x.test", user=2)
    async with store.transaction:
        await store.users.save_reachability(
            UserId(UUID(int=1)), (slack, mail), (rule(1, 12, minutes=5), rule(0, 11), rule(0, 12, urgency=Urgency.LOW))
        )
        await store.users.save_reachability(UserId(UUID(int=2)), (other,), ())
    first = await store.users.reachability(UserId(UUID(int=1)))
    assert first.contacts == (mail, slack)
    assert first.rules == (rule(0, 11), rule(1, 12, minutes=5), rule(0, 12, urgency=Urgency.LOW))

    renamed = replace(mail, label="new", address="c@x.test")
    async with store.transaction:
        await store.users.save_reachability(UserId(UUID(int=1)), (renamed, later), (rule(0, 13),))
    second = await store.users.reachability(UserId(UUID(int=1)))
    assert second.contacts == (later, renamed)
    assert second.rules == (rule(0, 13),)
    assert (await store.users.reachability(UserId(UUID(int=2)))).contacts == (other,)


async def test_a_rule_without_its_contact_conflicts(store: Store) -> None:
    await saved(store, a_user(1))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.users.save_reachability(UserId(UUID(int=1)), (contact(11, "a@x.test"),), (rule(0, 12),))
    assert (await store.users.reachability(UserId(UUID(int=1)))).contacts == ()

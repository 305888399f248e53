from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain.notification.contact import Channel
from domain.shared.ids import UserId
from tests.contract.identity.test_users import contact
from tests.support.identity import START, Store, a_user

USER, OTHER = UserId(UUID(int=1)), UserId(UUID(int=2))
HOOK = contact(11, "https://hooks.example.test/a", channel=Channel.WEBHOOK)


async def stored(store: Store) -> None:
    async with store.transaction:
        await store.users.save(a_user(1))
        await store.users.save(a_user(2))
        await store.users.save_reachability(USER, [HOOK], [])
        await store.contact_secrets.put(HOOK.id, "whsec_1")


async def test_a_secret_is_found_by_whose_address_it_is_and_by_nothing_else(store: Store) -> None:
    await stored(store)
    assert await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address, at=START) == ("whsec_1",)
    assert await store.contact_secrets.of_address(OTHER, Channel.WEBHOOK, HOOK.address, at=START) == ()
    assert await store.contact_secrets.of_address(USER, Channel.NTFY, HOOK.address, at=START) == ()
    assert await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address + "/", at=START) == ()


async def test_a_new_secret_takes_the_place_of_the_old_one(store: Store) -> None:
    await stored(store)
    async with store.transaction:
        await store.contact_secrets.put(HOOK.id, "whsec_2")
    assert await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address, at=START) == ("whsec_2",)


async def test_the_old_one_signs_beside_the_new_one_until_its_time_is_over_and_one_before_it_not_at_all(
    store: Store,
) -> None:
    await stored(store)
    hour = timedelta(hours=1)
    for secret, until in (("whsec_2", START + 2 * hour), ("whsec_3", START + hour)):
        async with store.transaction:
            await store.contact_secrets.put(HOOK.id, secret, old_until=until)
    signing = [
        await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address, at=at)
        for at in (START, START + hour)
    ]
    assert signing == [("whsec_3", "whsec_2"), ("whsec_3",)]


async def test_a_secret_stays_with_a_contact_that_stays_and_goes_with_one_that_goes(store: Store) -> None:
    await stored(store)
    async with store.transaction:
        await store.users.save_reachability(USER, [replace(HOOK, label="again")], [])
    assert await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address, at=START) == ("whsec_1",)
    async with store.transaction:
        await store.users.save_reachability(USER, [], [])
    assert await store.contact_secrets.of_address(USER, Channel.WEBHOOK, HOOK.address, at=START) == ()

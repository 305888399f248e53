from domain.notification.verification import first_code_sent
from tests.contract.identity.test_contact_secrets import HOOK, USER, stored
from tests.support.builders import MINUTE, NOON
from tests.support.identity import Store

SENT = first_code_sent(HOOK.id, "012345", at=NOON)


async def test_the_newest_code_is_read_as_it_was_stored(store: Store) -> None:
    await stored(store)
    async with store.transaction:
        assert await store.verifications.of(HOOK.id) is None
        await store.verifications.save(SENT)
        assert await store.verifications.of(HOOK.id) == SENT
    tried, _ = SENT.attempt("000000", at=NOON)
    renewed = tried.renewed("999999", at=NOON + MINUTE)
    async with store.transaction:
        await store.verifications.save(tried)
        assert await store.verifications.of(HOOK.id) == tried
        await store.verifications.save(renewed)
    async with store.transaction:
        assert await store.verifications.of(HOOK.id) == renewed


async def test_a_code_goes_with_its_contact(store: Store) -> None:
    await stored(store)
    async with store.transaction:
        await store.verifications.save(SENT)
        await store.users.save_reachability(USER, [], [])
    async with store.transaction:
        assert await store.verifications.of(HOOK.id) is None

"""What `PolicyRepository` promises, and that no version is ever lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from application.ports.policies import USES_NAMED
from domain.shared.ids import PolicyId
from tests.contract.config.building import a_policy, a_service, a_stored_service, new_id
from tests.contract.config.conftest import EDGE, NewStore, Store


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    store = new_store()
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    assert stored.version == 1
    reader = new_store()
    assert await reader.policies.look_up(stored.id) == stored
    async with reader.transaction:
        assert await reader.policies.get(stored.id) == stored


async def test_each_save_keeps_the_versions_before(store: Store) -> None:
    async with store.transaction:
        first = await store.policies.save(a_policy("Core"))
    step = replace(first.steps[0], delay=timedelta(seconds=90))
    async with store.transaction:
        second = await store.policies.save(replace(first, name="Kernel", team_id=EDGE, steps=(step,), repeats=0))
    assert second.version == 2
    assert await store.policies.look_up(first.id) == second
    async with store.transaction:
        kept = await store.versions.get_many({(first.id, 1), (first.id, 2)})
    assert dict(kept) == {(first.id, 1): first, (first.id, 2): second}


async def test_a_policy_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.policies.look_up(PolicyId(new_id()))
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.policies.get(PolicyId(new_id()))


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    async with store.transaction:
        read = await store.policies.save(a_policy("Core"))
    async with store.transaction:
        first = await store.policies.save(replace(read, repeats=1))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.policies.save(replace(read, repeats=9))
    async with store.transaction:
        kept = await store.versions.get_many({(read.id, 1), (read.id, 2), (read.id, 3)})
    assert dict(kept) == {(read.id, 1): read, (read.id, 2): first}


async def test_a_name_is_given_once(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    with pytest.raises(ConflictError, match="Core"):
        async with store.transaction:
            await store.policies.save(a_policy("Core"))
    assert (await store.policies.list(PageRequest())).items == (stored,)


async def test_an_undone_save_leaves_no_version(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    with pytest.raises(RuntimeError):  # noqa: PT012  # the error comes after the save
        async with store.transaction:
            await store.policies.save(replace(stored, repeats=9))
            raise RuntimeError
    assert await store.policies.look_up(stored.id) == stored
    async with store.transaction:
        assert not await store.versions.get_many({(stored.id, 2)})


async def test_pages_are_by_name_in_the_newest_version(store: Store) -> None:
    async with store.transaction:
        bravo = await store.policies.save(a_policy("bravo"))
        alpha = await store.policies.save(a_policy("delta", team_id=EDGE))
        charlie = await store.policies.save(a_policy("charlie", team_id=EDGE))
        alpha = await store.policies.save(replace(alpha, name="alpha"))
    first = await store.policies.list(PageRequest(limit=2))
    assert (first.items, first.has_more) == ((alpha, bravo), True)
    rest = await store.policies.list(PageRequest(limit=2, after=("bravo", bravo.id)))
    assert (rest.items, rest.has_more) == ((charlie,), False)
    assert (await store.policies.list(PageRequest(), team_id=EDGE)).items == (alpha, charlie)


async def test_a_deleted_policy_is_no_more_its_name_is_free_and_its_versions_stay(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    async with store.transaction:
        await store.policies.delete(stored.id)
        await store.policies.save(a_policy("Core"))

    with pytest.raises(NotFoundError):
        await store.policies.look_up(stored.id)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.policies.delete(stored.id)
    async with store.transaction:
        assert await store.versions.get_many({(stored.id, 1)}) == {(stored.id, 1): stored}


async def test_what_a_service_is_paged_by_is_in_use_and_cannot_be_deleted(store: Store) -> None:
    service = await a_stored_service(store, "Payments")
    async with store.transaction:
        for number in range(USES_NAMED):
            await store.services.save(a_service(f"Service {number}", service.policy_id))
        uses = await store.policies.uses_of(service.policy_id)
    assert (uses.is_used, uses.more_services, uses.open_incidents) == (True, 1, 0)
    assert uses.services[0] == "Payments"

    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.policies.delete(service.policy_id)
    assert (await store.policies.look_up(service.policy_id)).id == service.policy_id


async def test_what_nothing_is_paged_by_is_not_in_use(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
        assert not (await store.policies.uses_of(stored.id)).is_used
